"""The inbox: every update is stored and committed before the platform is told that it arrived."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert as postgres_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.delivery.model import InboxRow, Received
from bot.tables import inbox
from core.clock import now
from core.crypto import DataKey

MAX_ATTEMPTS = 3
SEEN_IDS_KEPT = timedelta(days=7)


class Inbox:
    """Stores and hands out updates; the caller owns the transaction."""

    def __init__(self, key: DataKey) -> None:
        self._key = key

    async def store(self, connection: AsyncConnection, updates: Sequence[Received]) -> int:
        """Keep new updates; one that is known (same bot and id) is left alone. Returns how many were new."""
        if not updates:
            return 0
        at = now()
        rows = [{"bot": update.bot, "update_id": update.update_id, "lane": update.lane, "state": "open",
                 "payload": self._key.seal(update.payload), "received_at": at} for update in updates]
        insert = sqlite_insert if connection.dialect.name == "sqlite" else postgres_insert
        before = await connection.scalar(sa.select(sa.func.coalesce(sa.func.max(inbox.c.id), 0)))
        await connection.execute(insert(inbox).on_conflict_do_nothing(index_elements=["bot", "update_id"]), rows)
        return await connection.scalar(
            sa.select(sa.func.count()).where(inbox.c.id > before)) or 0

    async def ready_lanes(self, connection: AsyncConnection, busy: Collection[str], limit: int) -> list[str]:
        """Lanes whose oldest open update may be worked on now, the longest waiting first."""
        heads = (sa.select(inbox.c.lane, sa.func.min(inbox.c.id).label("head"))
                 .where(inbox.c.state == "open").group_by(inbox.c.lane).subquery())
        query = (sa.select(inbox.c.lane).join(heads, inbox.c.id == heads.c.head)
                 .where(sa.or_(inbox.c.not_before.is_(None), inbox.c.not_before <= now()))
                 .order_by(inbox.c.id).limit(limit + len(busy)))
        lanes = (await connection.scalars(query)).all()
        return [lane for lane in lanes if lane not in busy][:limit]

    async def head(self, connection: AsyncConnection, lane: str) -> InboxRow | None:
        """The oldest open update of a lane, also when its time has not come."""
        row = (await connection.execute(
            sa.select(inbox.c.id, inbox.c.bot, inbox.c.lane, inbox.c.payload, inbox.c.attempts, inbox.c.not_before)
            .where(inbox.c.lane == lane, inbox.c.state == "open").order_by(inbox.c.id).limit(1))).first()
        return InboxRow(*row) if row else None

    async def done(self, connection: AsyncConnection, row_id: int) -> bool:
        """Forget the payload and keep the id. False if somebody else was faster: then the caller must roll back."""
        result = await connection.execute(
            sa.update(inbox).where(inbox.c.id == row_id, inbox.c.state == "open")
            .values(state="done", payload=None, processed_at=now()))
        return result.rowcount == 1

    async def failed(self, connection: AsyncConnection, row: InboxRow, problem: str) -> bool:
        """Note a failure. True when it was the last attempt and the update is parked as a dead letter."""
        attempts = row.attempts + 1
        dead = attempts >= MAX_ATTEMPTS
        await connection.execute(
            sa.update(inbox).where(inbox.c.id == row.id).values(
                attempts=attempts, problem=problem[:80], state="dead" if dead else "open",
                processed_at=now() if dead else None, not_before=now() + timedelta(seconds=0.2 * 2**attempts)))
        return dead

    async def forget_old(self, connection: AsyncConnection, days: int) -> int:
        """Drop dead letters' words after `days`, and the ids of what was processed after a week.

        Telegram keeps updates for a day and may number anew after a quiet week: an id kept longer could hide a message.
        """
        at = now()
        await connection.execute(
            sa.update(inbox).where(inbox.c.state == "dead", inbox.c.received_at < at - timedelta(days=days))
            .values(payload=None, state="done"))
        result = await connection.execute(
            sa.delete(inbox).where(inbox.c.state == "done", inbox.c.received_at < at - SEEN_IDS_KEPT))
        return result.rowcount

    async def waiting(self, connection: AsyncConnection) -> tuple[int, datetime | None]:
        """How many updates wait, and since when the oldest does."""
        row = (await connection.execute(sa.select(sa.func.count(), sa.func.min(inbox.c.received_at))
                                        .where(inbox.c.state == "open"))).one()
        return row[0], row[1]

    async def dead_letters(self, connection: AsyncConnection) -> int:
        """How many updates could not be processed."""
        return await connection.scalar(sa.select(sa.func.count()).where(inbox.c.state == "dead")) or 0

    def open(self, row: InboxRow) -> dict[str, object]:
        """The stored update in the clear."""
        return self._key.unseal(row.payload)  # type: ignore[no-any-return]
