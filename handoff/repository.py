"""Reading cases. Who may see which is written once, in `TicketRepository.readable_by`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from core.clock import now
from core.crypto import Vault
from core.staff import StaffMember, staff_names
from handoff.card import Card
from handoff.errors import NotPermitted, TicketUnknown
from handoff.relay import DeliveryStates, reference
from handoff.tables import access_log, consent, office, ticket, ticket_event, ticket_message
from handoff.tickets import OPEN_STATES

PER_PAGE = 50


@dataclass(frozen=True)
class CaseLine:
    """A case in a list: nothing that the person wrote. `language` is a code, `topic` a topic id or empty."""

    id: str
    number: str
    office_id: str
    office: str
    town: str
    language: str
    topic: str
    is_urgent: bool
    reasons: tuple[str, ...]
    state: str
    is_undeliverable: bool
    outcome: str
    opened_at: datetime
    changed_at: datetime
    closed_at: datetime | None
    hold_reason: str
    hold_until: date | None

    @property
    def is_open(self) -> bool:
        """Whether something can be written in it."""
        return self.state in OPEN_STATES


@dataclass(frozen=True)
class Message:
    """A message of a case. `delivery` is known only for what goes to the person."""

    id: int
    author: str  # person, staff, bot
    is_note: bool
    text: str
    at: datetime
    staff_name: str
    delivery: str


@dataclass(frozen=True)
class Happening:
    """A line of the history."""

    what: str
    detail: str
    at: datetime
    staff_name: str


@dataclass(frozen=True)
class Case:
    """A case as its page shows it. `card` is None where the consent was withdrawn: then no content is shown."""

    line: CaseLine
    consent_at: datetime
    card: Card | None
    messages: tuple[Message, ...]
    history: tuple[Happening, ...]

    @property
    def last_message(self) -> int:
        """The newest message; a form that was opened before it is stale."""
        return self.messages[-1].id if self.messages else 0


@dataclass(frozen=True)
class CasePage:
    """One page of a list of cases."""

    lines: tuple[CaseLine, ...]
    total: int
    page: int

    @property
    def pages(self) -> int:
        """How many there are, at least one."""
        return max(1, -(-self.total // PER_PAGE))


class TicketRepository:
    """All reading of cases by staff goes through here."""

    def __init__(self, vault: Vault, deliveries: DeliveryStates) -> None:
        self._vault, self._deliveries = vault, deliveries

    @staticmethod
    def readable_by(viewer: StaffMember) -> sa.Select[Any]:
        """Cases of the viewer's offices with the office's name; NotPermitted for roles that see no cases."""
        if not viewer.sees_cases:
            raise NotPermitted
        return (sa.select(ticket, office.c.name.label("office_name"))
                .join(office, office.c.id == ticket.c.office_id)
                .where(ticket.c.office_id.in_(sorted(viewer.offices))))

    async def open_cases(self, connection: AsyncConnection, viewer: StaffMember, page: int = 1) -> CasePage:
        """Urgent ones first, then those that wait for us, the longest wait on top."""
        waits_for_us = sa.case((ticket.c.state == "waiting_person", 1), else_=0)
        urgent_first = sa.case((ticket.c.urgency == "urgent", 0), else_=1)
        query = self.readable_by(viewer).where(ticket.c.state.in_(OPEN_STATES))
        return await self._page(connection, query, [urgent_first, waits_for_us, ticket.c.changed_at], page)

    async def closed_cases(self, connection: AsyncConnection, viewer: StaffMember, page: int = 1) -> CasePage:
        """The last closed on top; cases locked by a legal hold are among them."""
        query = self.readable_by(viewer).where(ticket.c.state.not_in(OPEN_STATES))
        return await self._page(connection, query, [ticket.c.closed_at.desc()], page)

    @staticmethod
    async def _page(connection: AsyncConnection, query: sa.Select[Any], order: Sequence[sa.ColumnElement[Any]],
                    page: int) -> CasePage:
        total = await connection.scalar(sa.select(sa.func.count()).select_from(query.subquery())) or 0
        page = max(1, min(page, -(-total // PER_PAGE)))
        query = query.order_by(*order, ticket.c.id).limit(PER_PAGE).offset((page - 1) * PER_PAGE)
        rows = await connection.execute(query)
        return CasePage(tuple(_line(row) for row in rows), total, page)

    async def news(self, connection: AsyncConnection, viewer: StaffMember) -> str:
        """A mark that changes when the list of open cases does."""
        mine = self.readable_by(viewer).where(ticket.c.state.in_(OPEN_STATES)).subquery()
        count, latest = (await connection.execute(
            sa.select(sa.func.count(), sa.func.max(mine.c.changed_at)).select_from(mine))).one()
        return f"{count}.{latest.timestamp() if latest else 0:.3f}"

    async def case_news(self, connection: AsyncConnection, viewer: StaffMember, ticket_id: str) -> str:
        """A mark that changes when a case does, or the delivery of its messages; nothing of its content is read."""
        row = await self._row(connection, viewer, ticket_id)
        sent = await connection.scalars(sa.select(ticket_message.c.id).where(
            ticket_message.c.ticket_id == ticket_id, ticket_message.c.audience == "person"))
        states = await self._deliveries.of(connection, [reference(message_id) for message_id in sent])
        return mark(row.changed_at, states)

    async def line(self, connection: AsyncConnection, viewer: StaffMember, ticket_id: str) -> CaseLine:
        """A case without its content; TicketUnknown for a foreign one."""
        return _line(await self._row(connection, viewer, ticket_id))

    async def _row(self, connection: AsyncConnection, viewer: StaffMember, ticket_id: str) -> sa.Row[Any]:
        query = self.readable_by(viewer).where(ticket.c.id == ticket_id)
        row: sa.Row[Any] | None = (await connection.execute(query)).one_or_none()
        if row is None:
            raise TicketUnknown
        return row

    async def read(self, connection: AsyncConnection, viewer: StaffMember, ticket_id: str) -> tuple[Case, str]:
        """The whole case and its mark (see `case_news`). That it was read stands in the access log."""
        row = await self._row(connection, viewer, ticket_id)
        await connection.execute(sa.insert(access_log).values(
            staff_id=viewer.id, office_id=row.office_id, ticket_id=row.id, newcomer_id=row.newcomer_id, what="case",
            at=now()))
        given = (await connection.execute(sa.select(consent.c.given_at, consent.c.withdrawn_at)
                                          .where(consent.c.id == row.consent_id))).one()
        messages = await self._messages(connection, row.id)
        history = await self._history(connection, row.id)
        names = await staff_names(connection, {item.staff_id for item in (*messages, *history) if item.staff_id})
        to_person = [reference(m.id) for m in messages if m.audience == "person"]
        states = await self._deliveries.of(connection, to_person)
        withdrawn = given.withdrawn_at is not None
        key = self._vault.open_data_key(row.data_key)
        case = Case(
            line=_line(row), consent_at=given.given_at,
            card=None if withdrawn else Card.from_json(key.unseal(row.card)),
            messages=() if withdrawn else tuple(_message(m, key.unseal(m.text), names, states) for m in messages),
            history=tuple(Happening(e.what, e.detail or "", e.at, names.get(e.staff_id, "")) for e in history))
        return case, mark(row.changed_at, states)

    @staticmethod
    async def _messages(connection: AsyncConnection, ticket_id: str) -> Sequence[sa.Row[Any]]:
        rows = await connection.execute(sa.select(ticket_message).where(ticket_message.c.ticket_id == ticket_id)
                                        .order_by(ticket_message.c.id))
        return rows.all()

    @staticmethod
    async def _history(connection: AsyncConnection, ticket_id: str) -> Sequence[sa.Row[Any]]:
        rows = await connection.execute(sa.select(ticket_event).where(ticket_event.c.ticket_id == ticket_id)
                                        .order_by(ticket_event.c.id))
        return rows.all()


def mark(changed_at: datetime, states: Mapping[str, str]) -> str:
    """Differs when a case or the delivery of its messages has changed."""
    counts = [sum(state == kind for state in states.values()) for kind in ("waiting", "sent", "failed", "unreachable")]
    return f"{changed_at.timestamp():.3f}." + "-".join(map(str, counts))


def _message(row: sa.Row[Any], text: str, names: Mapping[str, str], states: Mapping[str, str]) -> Message:
    delivery = states.get(reference(row.id), "") if row.audience == "person" else ""
    return Message(row.id, row.author, row.audience == "none", text, row.at, names.get(row.staff_id, ""), delivery)


def _line(row: sa.Row[Any]) -> CaseLine:
    return CaseLine(
        id=row.id, number=row.number, office_id=row.office_id, office=row.office_name, town=row.town,
        language=row.language, topic=row.topic or "", is_urgent=row.urgency == "urgent", reasons=tuple(row.reasons),
        state=row.state, is_undeliverable=row.undeliverable, outcome=row.outcome or "", opened_at=row.opened_at,
        changed_at=row.changed_at, closed_at=row.closed_at, hold_reason=row.hold_reason or "",
        hold_until=row.hold_until)


@dataclass(frozen=True)
class Overview:
    """A case as an operator sees it: nothing about the person."""

    number: str
    office_id: str
    state: str
    is_urgent: bool
    is_undeliverable: bool
    opened_at: datetime
    changed_at: datetime


async def overview(connection: AsyncConnection, *, with_closed: bool = False, limit: int = 200) -> list[Overview]:
    """Cases of all offices for `lotse tickets`, newest first."""
    query = sa.select(ticket.c.number, ticket.c.office_id, ticket.c.state, ticket.c.urgency, ticket.c.undeliverable,
                      ticket.c.opened_at, ticket.c.changed_at).order_by(ticket.c.opened_at.desc()).limit(limit)
    if not with_closed:
        query = query.where(ticket.c.state.in_(OPEN_STATES))
    return [Overview(row.number, row.office_id, row.state, row.urgency == "urgent", row.undeliverable, row.opened_at,
                     row.changed_at) for row in await connection.execute(query)]
