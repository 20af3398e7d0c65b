"""The outbox: what is to be said is committed together with the decision to say it, then sent in order."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert as postgres_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.conversation.model import Reply
from bot.delivery.model import OutboxRow
from bot.tables import outbox, pause
from core.clock import now
from core.crypto import DataKey


@dataclass(frozen=True)
class Note:
    """What became of one row: sent, failed, unreachable, or waiting again until `not_before`."""

    row: OutboxRow
    state: str
    platform_id: str | None = None
    problem: str | None = None
    not_before: datetime | None = None
    pause_bot_until: datetime | None = None


class Outbox:
    """Stores and hands out messages; the caller owns the transaction."""

    def __init__(self, key: DataKey) -> None:
        self._key = key

    async def add(self, connection: AsyncConnection, bot: str, lane: str, address: str, replies: Sequence[Reply],
                  reference: str | None = None) -> None:
        """Queue messages behind everything that waits for this lane."""
        if not replies:
            return
        at = now()
        await connection.execute(sa.insert(outbox), [
            {"bot": bot, "lane": lane, "state": "waiting", "reference": reference, "created_at": at,
             "payload": self._key.seal({"address": address, "reply": reply.as_json()})} for reply in replies])

    async def ready_lanes(self, connection: AsyncConnection, bots: Collection[str], busy: Collection[str],
                          limit: int) -> list[str]:
        """Lanes whose oldest waiting message may be sent now; lanes of a paused bot are left out."""
        at = now()
        paused = sa.select(pause.c.bot).where(pause.c.until > at)
        heads = (sa.select(outbox.c.lane, sa.func.min(outbox.c.id).label("head"))
                 .where(outbox.c.state == "waiting", outbox.c.bot.in_(bots), outbox.c.bot.not_in(paused))
                 .group_by(outbox.c.lane).subquery())
        query = (sa.select(outbox.c.lane).join(heads, outbox.c.id == heads.c.head)
                 .where(sa.or_(outbox.c.not_before.is_(None), outbox.c.not_before <= at))
                 .order_by(outbox.c.id).limit(limit + len(busy)))
        lanes = (await connection.scalars(query)).all()
        return [lane for lane in lanes if lane not in busy][:limit]

    async def heads(self, connection: AsyncConnection, lane: str, limit: int = 5) -> list[OutboxRow]:
        """The oldest waiting messages of a lane, in order."""
        rows = await connection.execute(
            sa.select(outbox.c.id, outbox.c.bot, outbox.c.lane, outbox.c.payload, outbox.c.attempts,
                      outbox.c.not_before, outbox.c.reference)
            .where(outbox.c.lane == lane, outbox.c.state == "waiting").order_by(outbox.c.id).limit(limit))
        return [OutboxRow(*row) for row in rows]

    async def note(self, connection: AsyncConnection, notes: Sequence[Note]) -> None:
        """Write down what became of rows; a finished row loses its payload."""
        at = now()
        insert = sqlite_insert if connection.dialect.name == "sqlite" else postgres_insert
        finished = [note for note in notes if note.state != "waiting"]
        if finished:
            await connection.execute(
                sa.update(outbox).where(outbox.c.id == sa.bindparam("row_id")).values(
                    state=sa.bindparam("new_state"), platform_id=sa.bindparam("new_platform_id"), payload=None,
                    problem=sa.bindparam("new_problem"), done_at=at, attempts=outbox.c.attempts + 1),
                [{"row_id": note.row.id, "new_state": note.state, "new_platform_id": note.platform_id,
                  "new_problem": (note.problem or "")[:200] or None} for note in finished])
        for note in notes:
            if note.state == "waiting":
                await connection.execute(
                    sa.update(outbox).where(outbox.c.id == note.row.id).values(
                        attempts=outbox.c.attempts + 1, problem=(note.problem or "")[:200],
                        not_before=note.not_before))
            if note.pause_bot_until is not None:
                statement = insert(pause).values(bot=note.row.bot, until=note.pause_bot_until)
                await connection.execute(statement.on_conflict_do_update(
                    index_elements=["bot"], set_={"until": note.pause_bot_until}))

    async def give_up_lane(self, connection: AsyncConnection, bot: str, lane: str) -> None:
        """Nothing more can reach this person: mark all that waits as unreachable."""
        await connection.execute(
            sa.update(outbox).where(outbox.c.bot == bot, outbox.c.lane == lane, outbox.c.state == "waiting")
            .values(state="unreachable", payload=None, done_at=now()))

    async def forget_old(self, connection: AsyncConnection, days: int) -> int:
        """Drop what was sent or given up more than `days` ago; the states of a case's messages go with the case."""
        result = await connection.execute(sa.delete(outbox).where(
            outbox.c.state != "waiting", outbox.c.reference.is_(None), outbox.c.done_at < now() - timedelta(days=days)))
        return result.rowcount

    async def waiting(self, connection: AsyncConnection) -> tuple[int, datetime | None]:
        """How many messages wait, and since when the oldest does."""
        row = (await connection.execute(sa.select(sa.func.count(), sa.func.min(outbox.c.created_at))
                                        .where(outbox.c.state == "waiting"))).one()
        return row[0], row[1]

    async def failures(self, connection: AsyncConnection, within: timedelta) -> int:
        """Messages the platform refused for good, lately."""
        return await connection.scalar(sa.select(sa.func.count()).where(
            outbox.c.state == "failed", outbox.c.done_at > now() - within)) or 0

    def open(self, row: OutboxRow) -> tuple[str, Reply]:
        """Address and message in the clear."""
        data = self._key.unseal(row.payload)
        return data["address"], Reply.from_json(data["reply"])
