"""Puts the sections together into one Starlette application."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from core.database import Database
from core.errors import LotseError
from core.sessions import touch_session
from core.web.desk import STATIC, Desk
from core.web.guard import Guard
from core.web.parts import Endpoint, Page, Section, desk_of, maybe_session_of, session_of
from core.web.signin import SignIn


def build_web(database: Database, sections: Sequence[Section], *, routes: Sequence[BaseRoute] = (),
              public_url: str | None = None, operator: str = "", csrf_exempt: Sequence[str] = (),
              body_limits: Mapping[str, int] | None = None,
              lifespan: Callable[[Starlette], AbstractAsyncContextManager[Any]] | None = None) -> Starlette:
    """The application: sign-in, the sections' pages, static files, and `routes` as they are.

    `csrf_exempt` names paths (with all below) whose callers prove otherwise who they are; `body_limits` gives paths
    another limit than 256 KiB. `app.state.pages` lists every page of the desk with who may open it.
    """
    secure = bool(public_url and public_url.startswith("https://"))
    desk = Desk(sections, operator=operator, secure=secure)
    signin = SignIn(database, desk)
    pages = (Page("/desk", _home), *signin.pages(), *(page for section in sections for page in section.pages))
    app = Starlette(
        routes=[*(_route(page, database) for page in pages), Mount("/static", _Static(directory=STATIC)), *routes],
        exception_handlers={HTTPException: _http_problem, LotseError: _known_problem}, lifespan=lifespan)
    app.state.desk, app.state.pages, app.state.database = desk, pages, database
    app.add_middleware(Guard, database=database, desk=desk, public_url=public_url, exempt=csrf_exempt,
                       limits=body_limits or {})
    return app


class _Static(StaticFiles):
    """Files whose address holds their version may be kept for good."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        versioned = scope["query_string"].startswith(b"v=")
        response.headers["cache-control"] = "public, max-age=31536000, immutable" if versioned else "no-cache"
        return response


def _route(page: Page, database: Database) -> Route:
    return Route(page.path, _guarded(page, database), methods=list(page.methods))


def _guarded(page: Page, database: Database) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        session = maybe_session_of(request)
        if session is not None and session.is_stale and not page.in_background:
            async with database.transaction() as connection:
                await touch_session(connection, session)
        if page.public:
            return await page.endpoint(request)
        if session is None:
            kept = str((await request.form()).get("text", "")) if request.method == "POST" else ""
            return desk_of(request).signed_out(request, kept)
        if page.roles is not None and session.staff.role not in page.roles:
            raise HTTPException(403)
        return await page.endpoint(request)

    return endpoint


async def _home(request: Request) -> Response:
    return RedirectResponse(desk_of(request).home(session_of(request).staff.role), 303)


async def _http_problem(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    response = desk_of(request).problem(request, status)
    if isinstance(error, HTTPException) and error.headers:
        response.headers.update(error.headers)
    return response


async def _known_problem(request: Request, error: Exception) -> Response:
    """An expected situation that a page did not handle itself; the error's class may name a `status`."""
    status = getattr(error, "status", 400)
    if status in {403, 404}:
        return desk_of(request).problem(request, status)
    sentence = error.sentence if isinstance(error, LotseError) else ""
    return desk_of(request).problem(request, status, words=("This does not work", sentence))
