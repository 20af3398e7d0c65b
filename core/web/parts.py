"""What a package gives the desk: pages with who may open them, menu entries, templates and translations."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import Response

from core.sessions import Session

if TYPE_CHECKING:
    from core.web.desk import Desk

Endpoint = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True)
class Page:
    """A route of the desk.

    `roles`: None lets every account in. `public`: also without an account. `in_background`: a look for news that keeps
    no session awake.
    """

    path: str
    endpoint: Endpoint
    methods: tuple[str, ...] = ("GET",)
    roles: frozenset[str] | None = None
    public: bool = False
    in_background: bool = False


@dataclass(frozen=True)
class NavItem:
    """An entry of the menu; `label` is the English text that the catalogues translate."""

    label: str
    path: str
    roles: frozenset[str]


@dataclass(frozen=True)
class Section:
    """The pages of one package. `texts` is a folder with one `<language>.po` each; English needs none."""

    pages: tuple[Page, ...]
    nav: tuple[NavItem, ...] = ()
    templates: Path | None = None
    texts: Path | None = None


def session_of(request: Request) -> Session:
    """Who asks; only on pages that are not public."""
    session: Session | None = request.scope["lotse.session"]
    assert session is not None, "a page that needs a session was called without one"  # noqa: S101
    return session


def maybe_session_of(request: Request) -> Session | None:
    """Who asks, or None."""
    session: Session | None = request.scope.get("lotse.session")
    return session


def desk_of(request: Request) -> Desk:
    """Renders pages."""
    desk: Desk = request.app.state.desk
    return desk
