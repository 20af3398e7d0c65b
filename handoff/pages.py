"""The case managers' pages: the list of cases, and one case with everything that can be done in it."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import date
from pathlib import Path

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from core.crypto import Vault
from core.database import Database
from core.errors import LotseError
from core.staff import CASE_ROLES
from core.web import NavItem, Page, Section, desk_of, session_of
from handoff.card import direction
from handoff.casework import LONGEST_MESSAGE, OUTCOMES, Casework
from handoff.errors import NotPermitted, SomethingNew, TicketAlreadyClosed, TicketUnknown, Unusable
from handoff.office_pages import OfficePages
from handoff.relay import DeliveryStates, NewcomerMessenger
from handoff.repository import TicketRepository
from handoff.triage import wording

HERE = Path(__file__).parent
LEAD = frozenset({"lead"})

TopicTitles = Callable[[str, str], str]


def _no_titles(topic: str, _language: str) -> str:
    return topic


def case_section(database: Database, vault: Vault, messenger: NewcomerMessenger, deliveries: DeliveryStates, *,
                 topic_title: TopicTitles = _no_titles, retention_days: int = 180) -> Section:
    """Everything this package puts on the desk. `topic_title(topic, language)` names topics for people."""
    cases = CasePages(database, TicketRepository(vault, deliveries), Casework(vault, messenger), topic_title,
                      retention_days)
    offices = OfficePages(database)
    return Section(
        pages=(*cases.pages(), *offices.pages()),
        nav=(NavItem("Cases", "/desk/cases", CASE_ROLES), NavItem("Offices", "/desk/offices", LEAD)),
        templates=HERE / "templates", texts=HERE / "desk_texts")


class CasePages:
    """Thin: each page calls one function and shows what comes back."""

    def __init__(self, database: Database, tickets: TicketRepository, work: Casework, topic_title: TopicTitles,
                 retention_days: int) -> None:
        self._database, self._tickets, self._work = database, tickets, work
        self._topic_title, self._retention_days = topic_title, retention_days

    def pages(self) -> tuple[Page, ...]:
        """The routes; leads alone may hold a case."""
        case = "/desk/cases/{ticket_id}"
        return (
            Page("/desk/cases", self._open_cases, roles=CASE_ROLES),
            Page("/desk/cases/closed", self._closed_cases, roles=CASE_ROLES),
            Page("/desk/cases/news", self._news, roles=CASE_ROLES, in_background=True),
            Page(case, self._show, roles=CASE_ROLES),
            Page(f"{case}/news", self._case_news, roles=CASE_ROLES, in_background=True),
            Page(f"{case}/reply", self._reply, ("POST",), roles=CASE_ROLES),
            Page(f"{case}/note", self._note, ("POST",), roles=CASE_ROLES),
            Page(f"{case}/close", self._close, ("POST",), roles=CASE_ROLES),
            Page(f"{case}/hold", self._hold, ("POST",), roles=LEAD),
            Page(f"{case}/end-hold", self._end_hold, ("POST",), roles=LEAD),
        )

    async def _open_cases(self, request: Request) -> Response:
        viewer = session_of(request).staff
        async with self._database.reading() as connection:
            found = await self._tickets.open_cases(connection, viewer, _page(request))
            mark = await self._tickets.news(connection, viewer)
        return desk_of(request).render(request, "cases.html", found=found, closed=False, mark=mark,
                                       reason=wording, topic_title=self._topic_title)

    async def _closed_cases(self, request: Request) -> Response:
        async with self._database.reading() as connection:
            found = await self._tickets.closed_cases(connection, session_of(request).staff, _page(request))
        return desk_of(request).render(request, "cases.html", found=found, closed=True, mark="",
                                       reason=wording, topic_title=self._topic_title)

    async def _news(self, request: Request) -> Response:
        async with self._database.reading() as connection:
            return JSONResponse({"mark": await self._tickets.news(connection, session_of(request).staff)})

    async def _case_news(self, request: Request) -> Response:
        async with self._database.reading() as connection:
            mark = await self._tickets.case_news(connection, session_of(request).staff,
                                                 request.path_params["ticket_id"])
        return JSONResponse({"mark": mark})

    async def _show(self, request: Request) -> Response:
        return await self._case(request)

    async def _case(self, request: Request, *, problem: LotseError | None = None, typed: FormData | None = None,
                    form: str = "") -> Response:
        """The page of a case; after a refused form with the sentence, what was typed, and what is new marked."""
        typed = typed or FormData()
        async with self._database.transaction() as connection:  # reading a case writes the access log
            case, mark = await self._tickets.read(connection, session_of(request).staff,
                                                  request.path_params["ticket_id"])
        seen = _number(typed.get("seen")) if isinstance(problem, SomethingNew) else case.last_message
        return desk_of(request).render(
            request, "case.html", _status(problem), case=case, line=case.line, card=case.card, mark=mark,
            problem=problem.sentence if problem else "", where=form, typed=typed, seen=seen,
            form_id=secrets.token_hex(16), outcomes=OUTCOMES, longest=LONGEST_MESSAGE, reason=wording,
            topic_title=self._topic_title, direction=direction, retention_days=self._retention_days)

    async def _reply(self, request: Request) -> Response:
        form = await request.form()
        try:
            async with self._database.transaction() as connection:
                message = await self._work.reply(
                    connection, session_of(request).staff, request.path_params["ticket_id"], _text(form, "text"),
                    seen=_number(form.get("seen")), form=_form_id(form))
        except LotseError as problem:
            return await self._refused(request, problem, form, "reply")
        return _back(request, f"#message-{message}")

    async def _note(self, request: Request) -> Response:
        form = await request.form()
        try:
            async with self._database.transaction() as connection:
                message = await self._work.note(connection, session_of(request).staff, request.path_params["ticket_id"],
                                                _text(form, "text"), form=_form_id(form))
        except LotseError as problem:
            return await self._refused(request, problem, form, "note")
        return _back(request, f"#message-{message}")

    async def _close(self, request: Request) -> Response:
        form = await request.form()
        try:
            async with self._database.transaction() as connection:
                await self._work.close(connection, session_of(request).staff, request.path_params["ticket_id"],
                                       _text(form, "outcome"), seen=_number(form.get("seen")))
        except LotseError as problem:
            return await self._refused(request, problem, form, "close")
        return _back(request)

    async def _hold(self, request: Request) -> Response:
        form = await request.form()
        try:
            async with self._database.transaction() as connection:
                await self._work.hold(connection, session_of(request).staff, request.path_params["ticket_id"],
                                      _text(form, "text"), _date(form))
        except LotseError as problem:
            return await self._refused(request, problem, form, "hold")
        return _back(request)

    async def _end_hold(self, request: Request) -> Response:
        async with self._database.transaction() as connection:
            await self._work.end_hold(connection, session_of(request).staff, request.path_params["ticket_id"])
        return _back(request)

    async def _refused(self, request: Request, problem: LotseError, typed: FormData, form: str) -> Response:
        if isinstance(problem, (TicketUnknown, NotPermitted)):
            raise problem
        return await self._case(request, problem=problem, typed=typed, form=form)


def _status(problem: LotseError | None) -> int:
    if problem is None:
        return 200
    return 409 if isinstance(problem, (SomethingNew, TicketAlreadyClosed)) else 422


def _back(request: Request, place: str = "") -> Response:
    return RedirectResponse(f"/desk/cases/{request.path_params['ticket_id']}{place}", 303)


def _page(request: Request) -> int:
    return _number(request.query_params.get("page")) or 1


def _number(value: object) -> int:
    """0 for anything that is no small number."""
    text = str(value or "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else 0


def _text(form: FormData, name: str) -> str:
    value = form.get(name)
    return value if isinstance(value, str) else ""


def _form_id(form: FormData) -> str:
    """The form's own id; a form without one stands for itself."""
    value = _text(form, "form")
    return value if len(value) == 32 and value.isalnum() else secrets.token_hex(16)


def _date(form: FormData) -> date:
    try:
        return date.fromisoformat(_text(form, "until"))
    except ValueError:
        raise Unusable("Please choose the day on which the legal hold ends.") from None
