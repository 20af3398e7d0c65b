"""The life of a case as the newcomer's side causes it: opened with a consent, written to, withdrawn.

The caller owns the transaction. The person's words are sealed with the ticket's own data key.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert as postgres_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.ext.asyncio import AsyncConnection

from core.clock import BERLIN, now
from core.crypto import Vault
from handoff.errors import ConsentDoesNotFit, OfficeCannotTakeCases, TicketAlreadyClosed, TicketUnknown
from handoff.offices import staffed_offices
from handoff.tables import (
    consent,
    consent_wording,
    notification,
    office,
    ticket,
    ticket_event,
    ticket_message,
    ticket_number,
)

OPEN_STATES = ("new", "waiting_staff", "waiting_person")


@dataclass(frozen=True)
class NewTicket:
    """A case to open, with the consent that allows it.

    `carrier` is the one the consent named; `consent_wording` the words agreed to, in `consent_language`. `card` is
    JSON: topic, language, interpreter, contact, phone, name, words, recent, bot_language ...
    """

    newcomer_id: str
    office: str
    carrier: str
    region: str
    prefix: str
    town: str
    language: str
    topic: str
    urgent: bool
    reasons: tuple[str, ...]
    consent_wording: str
    consent_language: str
    card: Mapping[str, Any]


@dataclass(frozen=True)
class Opened:
    """A case that now exists."""

    id: str
    number: str


@dataclass(frozen=True)
class OpenTicket:
    """A case of a newcomer that is not closed; `office` is its name."""

    id: str
    number: str
    office: str
    office_id: str
    state: str
    opened_at: datetime
    held_until: date | None


async def open_ticket(connection: AsyncConnection, vault: Vault, new: NewTicket) -> Opened:
    """Consent first, then number, ticket, first event and the notification of the office.

    Raises OfficeCannotTakeCases where nobody would read it, ConsentDoesNotFit where the carrier changed meanwhile.
    """
    at = now()
    if new.office not in await staffed_offices(connection):
        raise OfficeCannotTakeCases
    if await connection.scalar(sa.select(office.c.carrier).where(office.c.id == new.office)) != new.carrier:
        raise ConsentDoesNotFit
    consent_id = await _record_consent(connection, new, at)
    number = await _next_number(connection, new.prefix, at.astimezone(BERLIN).year)
    wrapped, key = vault.new_data_key()
    ticket_id = uuid.uuid4().hex
    await connection.execute(sa.insert(ticket).values(
        id=ticket_id, number=number, newcomer_id=new.newcomer_id, consent_id=consent_id, office_id=new.office,
        region=new.region, town=new.town, language=new.language, topic=new.topic or None,
        urgency="urgent" if new.urgent else "normal", reasons=list(new.reasons), data_key=wrapped,
        card=key.seal(dict(new.card)), state="new", opened_at=at, changed_at=at))
    await record(connection, ticket_id, "opened", detail=",".join(new.reasons))
    await notify(connection, new.office, ticket_id, "case")
    return Opened(ticket_id, number)


async def _record_consent(connection: AsyncConnection, new: NewTicket, at: datetime) -> str:
    digest = hashlib.sha256(new.consent_wording.encode()).hexdigest()
    insert = sqlite_insert if connection.dialect.name == "sqlite" else postgres_insert
    await connection.execute(insert(consent_wording).values(hash=digest, text=new.consent_wording, first_used_at=at)
                             .on_conflict_do_nothing(index_elements=["hash"]))
    consent_id = uuid.uuid4().hex
    await connection.execute(sa.insert(consent).values(
        id=consent_id, newcomer_id=new.newcomer_id, office_id=new.office, carrier=new.carrier,
        language=new.consent_language, wording_hash=digest, given_at=at))
    return consent_id


async def _next_number(connection: AsyncConnection, prefix: str, year: int) -> str:
    """`HS-2026-0042`. The counter's row is held until the commit and goes back with a rollback: no gap, no double."""
    insert = sqlite_insert if connection.dialect.name == "sqlite" else postgres_insert
    statement = insert(ticket_number).values(prefix=prefix, year=year, last=1)
    last = await connection.scalar(statement.on_conflict_do_update(
        index_elements=["prefix", "year"], set_={"last": ticket_number.c.last + 1}).returning(ticket_number.c.last))
    return f"{prefix}-{year}-{last:04d}"


async def record(connection: AsyncConnection, ticket_id: str, what: str, *, staff_id: str | None = None,
                 detail: str | None = None) -> None:
    """A line in the history of a case."""
    await connection.execute(sa.insert(ticket_event).values(
        ticket_id=ticket_id, what=what, staff_id=staff_id, detail=(detail or "")[:200] or None, at=now()))


async def notify(connection: AsyncConnection, office_id: str, ticket_id: str, what: str) -> None:
    """The office is to hear that something waits: `case` or `message`."""
    await connection.execute(sa.insert(notification).values(
        office_id=office_id, ticket_id=ticket_id, what=what, state="waiting", created_at=now()))


async def lock_ticket(connection: AsyncConnection, ticket_id: str) -> sa.Row[Any]:
    """The ticket's row, held until the commit, so that two changes take turns; TicketUnknown if there is none."""
    row = (await connection.execute(sa.select(ticket).where(ticket.c.id == ticket_id).with_for_update())).one_or_none()
    if row is None:
        raise TicketUnknown
    return row


async def lock_open_ticket(connection: AsyncConnection, ticket_id: str) -> sa.Row[Any]:
    """Like `lock_ticket`; TicketAlreadyClosed if nothing may be written in it any more."""
    row = await lock_ticket(connection, ticket_id)
    if row.state not in OPEN_STATES:
        raise TicketAlreadyClosed
    return row


async def add_person_message(connection: AsyncConnection, vault: Vault, ticket_id: str, text: str) -> int:
    """Words of the newcomer for the case manager; returns the message's id.

    The office hears of it by e-mail only if it had answered before: a person who writes ten lines is one piece of news.
    """
    row = await lock_open_ticket(connection, ticket_id)
    message_id = await insert_message(connection, vault, row, author="person", audience="staff", text=text)
    await record(connection, ticket_id, "wrote")
    state = "new" if row.state == "new" else "waiting_staff"
    await connection.execute(sa.update(ticket).where(ticket.c.id == ticket_id).values(state=state, changed_at=now()))
    if row.state == "waiting_person":
        await notify(connection, row.office_id, ticket_id, "message")
    return message_id


async def insert_message(connection: AsyncConnection, vault: Vault, row: sa.Row[Any], *, author: str, audience: str,
                         text: str, staff_id: str | None = None, form: str | None = None) -> int:
    """A message sealed with the ticket's key."""
    sealed = vault.open_data_key(row.data_key).seal(text)
    message_id: int | None = await connection.scalar(sa.insert(ticket_message).values(
        ticket_id=row.id, author=author, audience=audience, staff_id=staff_id, text=sealed, form=form, at=now(),
    ).returning(ticket_message.c.id))
    assert message_id is not None  # noqa: S101 - RETURNING of one inserted row
    return message_id


async def open_tickets_of(connection: AsyncConnection, newcomer_id: str) -> list[OpenTicket]:
    """The newcomer's open cases, newest first."""
    rows = await connection.execute(
        sa.select(ticket.c.id, ticket.c.number, office.c.name, ticket.c.office_id, ticket.c.state, ticket.c.opened_at,
                  ticket.c.hold_until)
        .join(office, office.c.id == ticket.c.office_id)
        .where(ticket.c.newcomer_id == newcomer_id, ticket.c.state.in_(OPEN_STATES))
        .order_by(ticket.c.opened_at.desc(), ticket.c.number.desc()))
    return [OpenTicket(*row) for row in rows]


async def withdraw(connection: AsyncConnection, ticket_id: str) -> None:
    """The newcomer takes the consent back: the case closes, and the desk shows its content no more."""
    row = await lock_open_ticket(connection, ticket_id)
    at = now()
    await connection.execute(sa.update(consent).where(consent.c.id == row.consent_id).values(withdrawn_at=at))
    await connection.execute(sa.update(ticket).where(ticket.c.id == ticket_id).values(
        state="closed", outcome="withdrawn", closed_at=at, changed_at=at))
    await record(connection, ticket_id, "withdrawn")


async def mark_unreachable(connection: AsyncConnection, newcomer_id: str) -> None:
    """Messages do not reach this person any more; the case managers of the open cases see it."""
    await _set_undeliverable(connection, newcomer_id, undeliverable=True, event="unreachable")


async def mark_reachable(connection: AsyncConnection, newcomer_id: str) -> None:
    """The person is back."""
    await _set_undeliverable(connection, newcomer_id, undeliverable=False, event="reachable")


async def _set_undeliverable(connection: AsyncConnection, newcomer_id: str, *, undeliverable: bool, event: str) -> None:
    changed = await connection.scalars(
        sa.update(ticket).where(ticket.c.newcomer_id == newcomer_id, ticket.c.state.in_(OPEN_STATES),
                                ticket.c.undeliverable.is_(not undeliverable))
        .values(undeliverable=undeliverable, changed_at=now()).returning(ticket.c.id))
    for ticket_id in changed.all():
        await record(connection, ticket_id, event)
