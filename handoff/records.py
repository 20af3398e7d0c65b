"""What is stored about a newcomer in cases: given out on request, deleted on request and when its time is over."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from core.clock import now, today
from core.crypto import Vault
from handoff.tables import (
    access_log,
    consent,
    consent_wording,
    notification,
    office,
    ticket,
    ticket_event,
    ticket_message,
)
from handoff.tickets import OPEN_STATES, record

_SPEAKERS = {"person": "you", "staff": "office", "bot": "bot"}


@dataclass(frozen=True)
class HeldTicket:
    """A case that a legal hold keeps: why, in one sentence, and until when."""

    number: str
    reason: str
    until: date


async def export_newcomer(connection: AsyncConnection, vault: Vault, newcomer_id: str) -> dict[str, Any]:
    """`{"cases": [...], "consents": [...]}`, JSON-ready and in the clear.

    Says which office looked when, never who; counts internal notes, never shows them.
    """
    names = {row.id: row.name for row in await connection.execute(sa.select(office.c.id, office.c.name))}
    rows = await connection.execute(sa.select(ticket).where(ticket.c.newcomer_id == newcomer_id)
                                    .order_by(ticket.c.opened_at, ticket.c.number))
    return {"cases": [await _export_case(connection, vault, row, names) for row in rows.all()],
            "consents": await _export_consents(connection, newcomer_id, names)}


async def _export_case(connection: AsyncConnection, vault: Vault, row: sa.Row[Any],
                       names: dict[str, str]) -> dict[str, Any]:
    key = vault.open_data_key(row.data_key)
    messages = (await connection.execute(
        sa.select(ticket_message.c.author, ticket_message.c.audience, ticket_message.c.text, ticket_message.c.at)
        .where(ticket_message.c.ticket_id == row.id).order_by(ticket_message.c.id))).all()
    events = await connection.execute(
        sa.select(ticket_event.c.what, ticket_event.c.at)
        .where(ticket_event.c.ticket_id == row.id, ticket_event.c.what != "noted").order_by(ticket_event.c.id))
    looks = await connection.execute(
        sa.select(access_log.c.office_id, access_log.c.at).where(access_log.c.ticket_id == row.id)
        .order_by(access_log.c.id))
    return {
        "number": row.number, "office": names.get(row.office_id, row.office_id), "town": row.town,
        "topic": row.topic, "language": row.language, "urgency": row.urgency, "reasons": list(row.reasons),
        "state": row.state, "outcome": row.outcome, "opened_at": row.opened_at.isoformat(),
        "closed_at": _iso(row.closed_at), "kept_until": row.hold_until.isoformat() if row.hold_until else None,
        "kept_because": row.hold_reason, "card": key.unseal(row.card),
        "messages": [{"from": _SPEAKERS[m.author], "text": key.unseal(m.text), "at": m.at.isoformat()}
                     for m in messages if m.audience != "none"],
        "internal_notes": sum(m.audience == "none" for m in messages),
        "events": [{"what": event.what, "at": event.at.isoformat()} for event in events],
        "looked": [{"office": names.get(look.office_id, look.office_id), "at": look.at.isoformat()} for look in looks],
    }


async def _export_consents(connection: AsyncConnection, newcomer_id: str,
                           names: dict[str, str]) -> list[dict[str, Any]]:
    rows = await connection.execute(
        sa.select(consent, consent_wording.c.text)
        .outerjoin(consent_wording, consent_wording.c.hash == consent.c.wording_hash)
        .where(consent.c.newcomer_id == newcomer_id).order_by(consent.c.given_at))
    return [{"office": names.get(row.office_id, row.office_id), "carrier": row.carrier, "language": row.language,
             "wording": row.text, "given_at": row.given_at.isoformat(), "withdrawn_at": _iso(row.withdrawn_at)}
            for row in rows]


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


async def erase_newcomer(connection: AsyncConnection, newcomer_id: str) -> list[HeldTicket]:
    """Delete everything about the person, keys included; what a legal hold keeps is locked instead and returned.

    The access log keeps that an office looked at something, without the person and the deleted case.
    """
    mine = sa.select(ticket).where(ticket.c.newcomer_id == newcomer_id).with_for_update()
    rows = (await connection.execute(mine)).all()
    held = [row for row in rows if _is_held(row)]
    await _delete_tickets(connection, [row.id for row in rows if not _is_held(row)])
    await _lock_tickets(connection, held)
    still_needed = [row.consent_id for row in held]
    await connection.execute(sa.delete(consent).where(consent.c.newcomer_id == newcomer_id,
                                                      consent.c.id.not_in(still_needed)))
    await connection.execute(sa.update(access_log).where(access_log.c.newcomer_id == newcomer_id)
                             .values(newcomer_id=None))
    return [HeldTicket(row.number, row.hold_reason or "", row.hold_until) for row in held]


def _is_held(row: sa.Row[Any]) -> bool:
    return row.hold_until is not None and row.hold_until >= today()


async def _lock_tickets(connection: AsyncConnection, rows: Sequence[sa.Row[Any]]) -> None:
    at = now()
    for row in rows:
        await connection.execute(
            sa.update(consent).where(consent.c.id == row.consent_id, consent.c.withdrawn_at.is_(None))
            .values(withdrawn_at=at))
        await connection.execute(sa.update(ticket).where(ticket.c.id == row.id).values(
            state="locked", outcome=row.outcome or "withdrawn", closed_at=row.closed_at or at, changed_at=at))
        await connection.execute(sa.delete(notification).where(notification.c.ticket_id == row.id))
        await record(connection, row.id, "locked")


async def _delete_tickets(connection: AsyncConnection, ids: Collection[str]) -> None:
    """Tickets with messages, history, notifications and consents; what the access log knows of them is cut off."""
    if not ids:
        return
    consents = (await connection.scalars(sa.select(ticket.c.consent_id).where(ticket.c.id.in_(ids)))).all()
    await connection.execute(sa.delete(ticket_message).where(ticket_message.c.ticket_id.in_(ids)))
    await connection.execute(sa.delete(ticket_event).where(ticket_event.c.ticket_id.in_(ids)))
    await connection.execute(sa.delete(notification).where(notification.c.ticket_id.in_(ids)))
    await connection.execute(sa.update(access_log).where(access_log.c.ticket_id.in_(ids))
                             .values(ticket_id=None, newcomer_id=None))
    await connection.execute(sa.delete(ticket).where(ticket.c.id.in_(ids)))
    used = sa.select(ticket.c.consent_id)
    await connection.execute(sa.delete(consent).where(consent.c.id.in_(consents), consent.c.id.not_in(used)))


async def erase_expired(connection: AsyncConnection, days: int, limit: int = 500) -> int:
    """Delete cases closed over `days` ago and locked ones whose hold is over, at most `limit`; returns how many."""
    at_end = sa.or_(
        sa.and_(ticket.c.state == "closed", ticket.c.closed_at < now() - timedelta(days=days)),
        ticket.c.state == "locked")
    ids = (await connection.scalars(
        sa.select(ticket.c.id).where(at_end, sa.or_(ticket.c.hold_until.is_(None), ticket.c.hold_until < today()))
        .limit(limit))).all()
    await _delete_tickets(connection, ids)
    return len(ids)


async def erase_old_access(connection: AsyncConnection, days: int) -> int:
    """Delete lines of the access log older than `days`; returns how many."""
    result = await connection.execute(sa.delete(access_log).where(access_log.c.at < now() - timedelta(days=days)))
    return result.rowcount


async def count_open(connection: AsyncConnection) -> int:
    """Open cases in the whole installation."""
    return await connection.scalar(sa.select(sa.func.count()).where(ticket.c.state.in_(OPEN_STATES))) or 0
