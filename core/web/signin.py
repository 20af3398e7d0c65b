"""Signing in and out, one-time links, the language of the desk, one's own account."""

from __future__ import annotations

import structlog
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from core.database import Database
from core.login_limits import Attempt, LoginLimits
from core.sessions import (
    ABSOLUTE,
    DEVICE_DAYS,
    end_session,
    find_session,
    hashed,
    knows_device,
    remember_device,
    start_session,
    use_signin_link,
)
from core.staff import find_by_login, password_fits, set_language
from core.web.desk import Desk
from core.web.parts import Page, maybe_session_of, session_of
from core.web.texts import LANGUAGES

_log = structlog.get_logger(__name__)

WRONG = "The login or the password is not right."
BUSY = "Too many tries. Please wait {minutes} minutes, or use a one-time link from your lead."
DEAD_LINK = "This link was used already, or its time is over. Please ask for a new one."


def _field(form: FormData, name: str) -> str:
    """At most 1,000 characters; argon2 would take more time for more."""
    value = form.get(name)
    return value[:1000] if isinstance(value, str) else ""


class SignIn:
    """The pages around the session."""

    def __init__(self, database: Database, desk: Desk) -> None:
        self._database, self._desk, self._limits = database, desk, LoginLimits()

    def pages(self) -> tuple[Page, ...]:
        """Its routes."""
        return (
            Page("/desk/signin", self._show, public=True),
            Page("/desk/signin", self._sign_in, ("POST",), public=True),
            Page("/desk/signout", self._sign_out, ("POST",), public=True),
            Page("/desk/link/{token}", self._show_link, public=True),
            Page("/desk/link/{token}", self._use_link, ("POST",), public=True),
            Page("/desk/language", self._choose_language, ("POST",), public=True),
            Page("/desk/account", self._account),
        )

    async def _show(self, request: Request) -> Response:
        session, target = maybe_session_of(request), request.query_params.get("next", "")
        if session is not None:
            return RedirectResponse(self._target(target, session.staff.role), 303)
        return self._desk.render(request, "signin.html", next=target, login="", problem="")

    async def _sign_in(self, request: Request) -> Response:
        form = await request.form()
        login, password, target = (_field(form, name) for name in ("login", "password", "next"))
        login = "".join(filter(str.isprintable, login))
        async with self._database.reading() as connection:
            account = await find_by_login(connection, login)
            device = request.cookies.get(self._desk.cookie("lotse-browser"), "")
            known = bool(account and device and await knows_device(connection, account[0], device))
        address = request.client.host if request.client else ""
        attempt = Attempt(login, address, hashed(device) if known else None)
        minutes = await self._limits.minutes_to_wait(attempt)
        if minutes:
            response = self._again(request, 429, self._desk.text(request, BUSY, minutes=minutes), login, target)
            response.headers["retry-after"] = str(minutes * 60)
            return response
        fits = await password_fits(account[1] if account else None, password)
        if account is None or not fits:
            await self._limits.failed(attempt)
            return self._again(request, 401, self._desk.text(request, WRONG), login, target)
        await self._limits.succeeded(attempt)
        return await self._welcome(request, account[0], target, known=known)

    def _again(self, request: Request, status: int, problem: str, login: str, target: str) -> Response:
        return self._desk.render(request, "signin.html", status, next=target, login=login, problem=problem)

    async def _welcome(self, request: Request, staff_id: str, target: str, *, known: bool) -> Response:
        """A fresh session; one that this browser had before ends."""
        old = maybe_session_of(request)
        language = request.cookies.get(self._desk.cookie("lotse-language"), "")
        async with self._database.transaction() as connection:
            if language in LANGUAGES:  # chosen on the sign-in page: from now on the account's own
                await set_language(connection, staff_id, language)
            if old is not None:
                await end_session(connection, old)
            token = await start_session(connection, staff_id)
            browser = None if known else await remember_device(connection, staff_id)
            session = await find_session(connection, token)
        _log.info("signed_in", staff=staff_id)
        response = RedirectResponse(self._target(target, session.staff.role if session else ""), 303)
        self._set_cookie(response, "lotse", token, int(ABSOLUTE.total_seconds()))
        if language:
            self._drop_cookie(response, "lotse-language")
        if browser is not None:
            self._set_cookie(response, "lotse-browser", browser, DEVICE_DAYS * 86400)
        return response

    def _set_cookie(self, response: Response, name: str, value: str, seconds: int) -> None:
        response.set_cookie(self._desk.cookie(name), value, max_age=seconds, path="/", secure=self._desk.secure,
                            httponly=True, samesite="lax")

    def _drop_cookie(self, response: Response, name: str) -> None:
        response.delete_cookie(self._desk.cookie(name), path="/", secure=self._desk.secure, httponly=True,
                               samesite="lax")

    def _target(self, wanted: str, role: str) -> str:
        """Only ways inside the desk are followed."""
        inside = wanted == "/desk" or (wanted.startswith("/desk/") and "\\" not in wanted and wanted.isprintable())
        return wanted if inside and not wanted.startswith("/desk/signin") else self._desk.home(role)

    async def _sign_out(self, request: Request) -> Response:
        session = maybe_session_of(request)
        if session is not None:
            async with self._database.transaction() as connection:
                await end_session(connection, session)
        response = RedirectResponse("/desk/signin", 303)
        self._drop_cookie(response, "lotse")
        return response

    async def _show_link(self, request: Request) -> Response:
        """Only a button: programs that open links in mails ahead of people must not use it up."""
        return self._desk.render(request, "link.html", problem="")

    async def _use_link(self, request: Request) -> Response:
        async with self._database.transaction() as connection:
            staff_id = await use_signin_link(connection, request.path_params["token"])
        if staff_id is None:
            return self._desk.render(request, "link.html", 410, problem=self._desk.text(request, DEAD_LINK))
        return await self._welcome(request, staff_id, "", known=False)

    async def _choose_language(self, request: Request) -> Response:
        form = await request.form()
        language, session = str(form.get("language", "")), maybe_session_of(request)
        wanted = str(form.get("next", ""))
        back = wanted if wanted.startswith("/desk") and wanted.isprintable() and "\\" not in wanted else "/desk"
        response = RedirectResponse(back, 303)
        if language in LANGUAGES and session is None:
            self._set_cookie(response, "lotse-language", language, 3600)
        elif language in LANGUAGES and session is not None:
            async with self._database.transaction() as connection:
                await set_language(connection, session.staff.id, language)
        return response

    async def _account(self, request: Request) -> Response:
        return self._desk.render(request, "account.html", staff=session_of(request).staff)
