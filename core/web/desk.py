"""Renders the pages of the desk: templates, language, menu, errors."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from urllib.parse import quote

import jinja2
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from core.languages import german_name
from core.web.parts import NavItem, Section, maybe_session_of
from core.web.texts import LANGUAGES, DeskTexts, show_ago, show_day, show_moment, show_time

HERE = Path(__file__).parent.parent
STATIC = HERE / "static"

_WORDS = {
    400: ("This cannot be read", "The browser sent something that this page does not understand."),
    403: ("Not for this account", "Your account may not see this page. If you need it, ask your lead."),
    404: ("Nothing here", "This page does not exist, or it is not for your office."),
    405: ("Nothing here", "This page does not exist, or it is not for your office."),
    413: ("Too large", "What was sent is too large. Go back, your text is still in the form, and shorten it."),
    429: ("Too many tries", "Please wait a little and try again."),
    500: ("Something went wrong", "That is our fault, and it has been noted. Nothing was changed. Please try again."),
    503: ("Just a moment", "The database cannot be reached at the moment. Please try again in a minute."),
}
OUTDATED = ("This form is out of date",
            "The page was opened before you signed in again. Open it anew; what you wrote stands below.")
SIGNED_OUT = ("Please sign in again", "Your session has ended. What you wrote was not sent; it stands below.")


class Desk:
    """One per application; templates of all sections in one place."""

    def __init__(self, sections: Sequence[Section], *, operator: str, secure: bool) -> None:
        folders = [HERE / "templates", *(section.templates for section in sections if section.templates)]
        self._environment = jinja2.Environment(
            loader=jinja2.FileSystemLoader(folders), autoescape=True, undefined=jinja2.StrictUndefined,
            trim_blocks=True, lstrip_blocks=True)
        self.texts = DeskTexts([HERE / "desk_texts", *(section.texts for section in sections if section.texts)])
        self.nav: tuple[NavItem, ...] = tuple(item for section in sections for item in section.nav)
        self.operator, self.secure = operator, secure
        self._static = {path.name: hashlib.sha256(path.read_bytes()).hexdigest()[:10]
                        for path in STATIC.iterdir() if path.is_file()}

    def cookie(self, name: str) -> str:
        """The name of a cookie: bound to this very host where TLS is on."""
        return f"__Host-{name}" if self.secure else name

    def language(self, request: Request) -> str:
        """The account's language; before sign-in the cookie's or the browser's; German otherwise."""
        session = maybe_session_of(request)
        if session is not None and session.staff.language in LANGUAGES:
            return session.staff.language
        chosen = request.cookies.get(self.cookie("lotse-language"), "")
        if chosen in LANGUAGES:
            return chosen
        header = request.headers.get("accept-language", "")
        wanted = (part.split(";")[0].strip()[:2].lower() for part in header.split(","))
        return next((code for code in wanted if code in LANGUAGES), "de")

    def text(self, request: Request, message: str, /, **values: object) -> str:
        """A message in the language of whoever asks."""
        return self.texts(self.language(request), message, **values)

    def home(self, role: str) -> str:
        """The first page of the menu for a role."""
        return next((item.path for item in self.nav if role in item.roles), "/desk/account")

    def render(self, request: Request, template: str, status: int = 200, **values: object) -> Response:
        """A page. Templates know `t`, the session, the menu and how to show moments."""
        language = self.language(request)
        session = maybe_session_of(request)
        role = session.staff.role if session else ""
        html = self._environment.get_template(template).render(
            t=partial(self.texts, language), language=language, languages=LANGUAGES, session=session,
            operator=self.operator, nav=[item for item in self.nav if role in item.roles], here=request.url.path,
            here_with_query=_here(request), static=self._static_url, moment=partial(_swap, show_moment, language),
            time_of=partial(_swap, show_time, language), ago=partial(_swap, show_ago, language),
            day=partial(_swap, show_day, language), german_name=german_name, **values)
        return HTMLResponse(html, status)

    def _static_url(self, name: str) -> str:
        return f"/static/{name}?v={self._static[name]}"

    def problem(self, request: Request, status: int, *, words: tuple[str, str] | None = None,
                kept: str = "") -> Response:
        """An error page in plain words; `kept` is text that somebody typed and must not lose."""
        title, sentence = words or _WORDS.get(status, _WORDS[500 if status >= 500 else 404])
        return self.render(request, "problem.html", status, title=title, sentence=sentence, kept=kept)

    def signed_out(self, request: Request, kept: str = "") -> Response:
        """Whoever is not signed in goes to the sign-in and comes back; typed text is shown again."""
        if request.method in {"GET", "HEAD"}:
            return RedirectResponse(f"/desk/signin?next={quote(_here(request), safe='')}", 303)
        return self.problem(request, 401, words=SIGNED_OUT, kept=kept)


def _swap(show: object, language: str, moment: object) -> object:
    return show(moment, language)  # type: ignore[operator]


def _here(request: Request) -> str:
    query = request.url.query
    return request.url.path + (f"?{query}" if query else "")
