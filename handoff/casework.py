"""What a case manager does in a case: reply, note, close, hold. Each locks the case, so that two people take turns.

The caller owns the transaction. A reply is stored and queued for the person in the same one; a note never meets the
messenger.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from core.clock import now, today
from core.crypto import Vault
from core.staff import StaffMember
from handoff.errors import (
    NothingWritten,
    NotPermitted,
    SomethingNew,
    TicketAlreadyClosed,
    TicketUnknown,
    TooLong,
    Unusable,
)
from handoff.relay import NewcomerMessenger, reference
from handoff.repository import TicketRepository
from handoff.tables import notification, ticket, ticket_message
from handoff.tickets import OPEN_STATES, insert_message, record

LONGEST_MESSAGE = 4096
OUTCOMES = ("solved", "referred", "taken_over", "no_answer", "not_ours", "other")
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f\u2028\u2029]")
_INVISIBLE = {"Cc", "Cf", "Zs", "Zl", "Zp"}  # categories of characters that show nothing
_FILLERS = set("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")  # count as letters and show nothing


def clean(text: str) -> str:
    """The words of a form as they are stored: line ends as one, no control characters, no space around.

    Raises NothingWritten if nothing visible is left, TooLong above 4,096 characters.
    """
    text = _CONTROLS.sub("", text.replace("\r\n", "\n").replace("\r", "\n")).strip()
    if not any(unicodedata.category(c) not in _INVISIBLE and c not in _FILLERS for c in text):
        raise NothingWritten
    if len(text) > LONGEST_MESSAGE:
        raise TooLong
    return text


class Casework:
    """The case managers' side of the cases."""

    def __init__(self, vault: Vault, messenger: NewcomerMessenger) -> None:
        self._vault, self._messenger = vault, messenger

    async def reply(self, connection: AsyncConnection, author: StaffMember, ticket_id: str, text: str, *, seen: int,
                    form: str) -> int:
        """Words for the person; returns the message's id. A form that arrives twice is one reply.

        `seen` is the newest message the author had before their eyes: SomethingNew if there is a newer one.
        """
        row = await _lock(connection, author, ticket_id)
        if (twin := await _from_form(connection, ticket_id, form)) is not None:
            return twin
        _check_open(row)
        text = clean(text)
        await _check_seen(connection, ticket_id, seen)
        message_id = await insert_message(connection, self._vault, row, author="staff", audience="person", text=text,
                                          staff_id=author.id, form=form)
        await self._messenger.send(connection, row.newcomer_id, text, office=row.office_name,
                                   reference=reference(message_id))
        await record(connection, ticket_id, "answered", staff_id=author.id)
        await _change(connection, ticket_id, state="waiting_person")
        await _drop_notifications(connection, ticket_id)
        return message_id

    async def note(self, connection: AsyncConnection, author: StaffMember, ticket_id: str, text: str, *,
                   form: str) -> int:
        """An internal note, for colleagues only; returns the message's id."""
        row = await _lock(connection, author, ticket_id)
        if (twin := await _from_form(connection, ticket_id, form)) is not None:
            return twin
        _check_open(row)
        message_id = await insert_message(connection, self._vault, row, author="staff", audience="none",
                                          text=clean(text), staff_id=author.id, form=form)
        await record(connection, ticket_id, "noted", staff_id=author.id)
        await _change(connection, ticket_id)
        return message_id

    async def close(self, connection: AsyncConnection, author: StaffMember, ticket_id: str, outcome: str, *,
                    seen: int) -> None:
        """The case is over; the bot speaks with the person again and says so."""
        row = await _lock(connection, author, ticket_id)
        _check_open(row)
        if outcome not in OUTCOMES:
            raise Unusable("Please choose how the case ended.")
        await _check_seen(connection, ticket_id, seen)
        await _change(connection, ticket_id, state="closed", outcome=outcome, closed_at=now())
        await record(connection, ticket_id, "closed", staff_id=author.id, detail=outcome)
        await _drop_notifications(connection, ticket_id)
        await self._messenger.hand_back(connection, row.newcomer_id, number=row.number, office=row.office_name)

    async def hold(self, connection: AsyncConnection, author: StaffMember, ticket_id: str, reason: str,
                   until: date) -> None:
        """A legal hold: the case is not deleted before that day. Only a lead sets it; the person reads the reason."""
        if author.role != "lead":
            raise NotPermitted
        await _lock(connection, author, ticket_id)
        reason = " ".join(_CONTROLS.sub(" ", reason).split())
        if not reason or len(reason) > 200:
            raise Unusable("A legal hold needs a reason of at most 200 characters; the person can read it.")
        if until <= today():
            raise Unusable("The end of a legal hold lies in the future.")
        await _change(connection, ticket_id, hold_reason=reason, hold_until=until)
        await record(connection, ticket_id, "held", staff_id=author.id, detail=until.isoformat())

    async def end_hold(self, connection: AsyncConnection, author: StaffMember, ticket_id: str) -> None:
        """The legal hold is over. A case that was only kept for it goes at the next clearing."""
        if author.role != "lead":
            raise NotPermitted
        await _lock(connection, author, ticket_id)
        await _change(connection, ticket_id, hold_reason=None, hold_until=None)
        await record(connection, ticket_id, "hold_ended", staff_id=author.id)


async def _lock(connection: AsyncConnection, author: StaffMember, ticket_id: str) -> sa.Row[Any]:
    query = TicketRepository.readable_by(author).where(ticket.c.id == ticket_id).with_for_update(of=ticket)
    row: sa.Row[Any] | None = (await connection.execute(query)).one_or_none()
    if row is None:
        raise TicketUnknown
    return row


def _check_open(row: sa.Row[Any]) -> None:
    if row.state not in OPEN_STATES:
        raise TicketAlreadyClosed


async def _from_form(connection: AsyncConnection, ticket_id: str, form: str) -> int | None:
    return await connection.scalar(sa.select(ticket_message.c.id).where(
        ticket_message.c.ticket_id == ticket_id, ticket_message.c.form == form))


async def _check_seen(connection: AsyncConnection, ticket_id: str, seen: int) -> None:
    newest = await connection.scalar(sa.select(sa.func.max(ticket_message.c.id))
                                     .where(ticket_message.c.ticket_id == ticket_id))
    if newest is not None and newest > seen:
        raise SomethingNew


async def _change(connection: AsyncConnection, ticket_id: str, **values: Any) -> None:
    await connection.execute(sa.update(ticket).where(ticket.c.id == ticket_id).values(changed_at=now(), **values))


async def _drop_notifications(connection: AsyncConnection, ticket_id: str) -> None:
    """Somebody has been here: an e-mail that still waits would only call them again."""
    await connection.execute(
        sa.update(notification).where(notification.c.ticket_id == ticket_id, notification.c.state == "waiting")
        .values(state="dropped"))
