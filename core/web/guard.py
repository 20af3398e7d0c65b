"""What every request passes: size limit, session, protection of forms, security headers, errors as pages."""

from __future__ import annotations

import hmac
import traceback
from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.database import Database, is_away
from core.sessions import Session, find_session
from core.web.desk import OUTDATED, Desk

_log = structlog.get_logger(__name__)

DESK = "/desk"
BODY_LIMIT = 256 * 1024  # far above one reply, so that one too long is refused with a sentence and not lost
_SAFE = {"GET", "HEAD", "OPTIONS"}
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")

CONTENT_SECURITY_POLICY = ("default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; "
                           "font-src 'self'; connect-src 'self'; manifest-src 'self'; form-action 'self'; "
                           "base-uri 'none'; frame-ancestors 'none'")
_HEADERS = {
    "content-security-policy": CONTENT_SECURITY_POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",  # not no-referrer: then browsers send `Origin: null` with our own forms
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=(), payment=()",
}


class _TooLarge(Exception):
    """More bytes arrived than this path takes."""


def _under(path: str, prefix: str) -> bool:
    return path == prefix or path.startswith(prefix.rstrip("/") + "/")


class Guard:
    """An ASGI middleware around the whole application.

    `exempt`: paths that prove in another way who calls (a webhook's secret). `limits`: body sizes by path prefix.
    """

    def __init__(self, app: ASGIApp, *, database: Database, desk: Desk, public_url: str | None,
                 exempt: Sequence[str], limits: Mapping[str, int]) -> None:
        self._app, self._database, self._desk = app, database, desk
        self._public_host = urlsplit(public_url).netloc.lower() if public_url else ""
        self._hsts = bool(public_url and public_url.startswith("https://"))
        self._exempt, self._limits = tuple(exempt), dict(limits)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or refuse with a page."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        answer = _Answer(send, self._headers_for(scope["path"]))
        receive = _limited(receive, self._limit_of(scope["path"]))
        try:
            await self._pass(scope, receive, answer)
        except ClientDisconnect:
            return
        except _TooLarge:
            await self._refuse(scope, receive, answer, 413)
        except Exception as error:
            _note(scope, error)
            await self._refuse(scope, receive, answer, 503 if is_away(error) else 500)

    async def _pass(self, scope: Scope, receive: Receive, answer: _Answer) -> None:
        path = scope["path"]
        if not path.isprintable():  # control characters are in no address of ours, and PostgreSQL refuses some
            await self._refuse(scope, receive, answer, 404)
            return
        declared = Headers(scope=scope).get("content-length", "")
        if declared.isdigit() and int(declared) > self._limit_of(path):
            raise _TooLarge
        scope["lotse.session"] = session = await self._session(scope) if _under(path, DESK) else None
        if scope["method"] not in _SAFE and not any(_under(path, prefix) for prefix in self._exempt):
            if not self._same_origin(Headers(scope=scope)):
                await self._refuse(scope, receive, answer, 403)
                return
            if session is not None and path != "/desk/signin":
                receive, token, typed = await _form_of(scope, receive)
                if not hmac.compare_digest(token.encode(), session.csrf.encode()):
                    page = self._desk.problem(Request(scope), 403, words=OUTDATED, kept=typed)
                    await page(scope, receive, answer)
                    return
        await self._app(scope, receive, answer)

    async def _session(self, scope: Scope) -> Session | None:
        token = Request(scope).cookies.get(self._desk.cookie("lotse"), "")
        if not token:
            return None
        async with self._database.reading() as connection:
            return await find_session(connection, token)

    def _same_origin(self, headers: Headers) -> bool:
        """Whether our own page sent the form. Browsers say so themselves; what says nothing is no browser."""
        site = headers.get("sec-fetch-site")
        if site is not None:
            return site in {"same-origin", "none"}
        origin = headers.get("origin")
        if origin is None:
            return True
        return urlsplit(origin).netloc.lower() in {headers.get("host", "").lower(), self._public_host} - {""}

    def _limit_of(self, path: str) -> int:
        fitting = [prefix for prefix in self._limits if _under(path, prefix)]
        return self._limits[max(fitting, key=len)] if fitting else BODY_LIMIT

    def _headers_for(self, path: str) -> dict[str, str]:
        headers = dict(_HEADERS)
        if self._hsts:
            headers["strict-transport-security"] = "max-age=31536000"
        if _under(path, DESK):
            headers["cache-control"] = "no-store"
        return headers

    async def _refuse(self, scope: Scope, receive: Receive, answer: _Answer, status: int) -> None:
        if answer.started:
            return
        scope.setdefault("lotse.session", None)
        await self._desk.problem(Request(scope), status)(scope, receive, answer)


class _Answer:
    """Sends on, with the security headers; remembers whether something has gone out."""

    def __init__(self, send: Send, headers: Mapping[str, str]) -> None:
        self._send, self._headers, self.started = send, headers, False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.started = True
            present = MutableHeaders(scope=message)
            for name, value in self._headers.items():
                present.setdefault(name, value)
        await self._send(message)


def _limited(receive: Receive, limit: int) -> Receive:
    arrived = 0

    async def counted() -> Message:
        nonlocal arrived
        message = await receive()
        if message["type"] == "http.request":
            arrived += len(message.get("body", b""))
            if arrived > limit:
                raise _TooLarge
        return message

    return counted


async def _form_of(scope: Scope, receive: Receive) -> tuple[Receive, str, str]:
    """The body again for whoever comes next, its CSRF token, and the text that was typed."""
    chunks, more = [], True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            break
        chunks.append(message.get("body", b""))
        more = message.get("more_body", False)
    body = b"".join(chunks)
    if not Headers(scope=scope).get("content-type", "").startswith(_FORMS):
        return _replayed(body, receive), Headers(scope=scope).get("x-csrf-token", ""), ""
    try:
        async with Request(scope, _replayed(body, receive)).form() as form:
            token, typed = str(form.get("csrf", "")), str(form.get("text", ""))
    except HTTPException:  # a form that cannot be parsed has no token either
        token = typed = ""
    return _replayed(body, receive), token, typed


def _replayed(body: bytes, receive: Receive) -> Receive:
    given = False

    async def again() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again


def _note(scope: Scope, error: Exception) -> None:
    """Type and place: messages of errors may hold people's words, addresses may hold tokens."""
    last = traceback.extract_tb(error.__traceback__)[-1:]
    place = f"{last[0].filename.rpartition('/')[2]}:{last[0].lineno}" if last else ""
    route = getattr(scope.get("route"), "path", "")
    _log.error("page_failed", route=route, error=type(error).__name__, place=place)
