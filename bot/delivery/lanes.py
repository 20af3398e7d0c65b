"""Who works on which lane. A lane is one chat: worked on by one task at a time, lanes side by side."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Protocol

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert as postgres_insert
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.tables import lane_lease
from core.clock import now
from core.database import Database

LEASE = timedelta(seconds=60)


class Lanes(Protocol):
    """Claims on lanes, of one kind of work (inbox or outbox)."""

    @property
    def busy(self) -> frozenset[str]:
        """Lanes this process works on."""
        ...

    async def claim(self, lanes: Sequence[str]) -> list[str]:
        """Those of the lanes that are now ours."""
        ...

    async def keep(self, lane: str) -> bool:
        """Make a claim last longer; False if it was lost, then stop working on the lane."""
        ...

    async def release(self, lane: str) -> None:
        """Let others have the lane."""
        ...


class LocalLanes:
    """Claims within one process: enough on SQLite, where only one process runs."""

    def __init__(self) -> None:
        self._busy: set[str] = set()

    @property
    def busy(self) -> frozenset[str]:
        """Lanes this process works on."""
        return frozenset(self._busy)

    async def claim(self, lanes: Sequence[str]) -> list[str]:
        """All lanes that no other task has."""
        free = [lane for lane in lanes if lane not in self._busy]
        self._busy.update(free)
        return free

    async def keep(self, lane: str) -> bool:
        """A local claim cannot be lost."""
        return lane in self._busy

    async def release(self, lane: str) -> None:
        """Let others have the lane."""
        self._busy.discard(lane)


class Instance:
    """This process among several on PostgreSQL: a number that the server frees the moment the process dies.

    The number is held by an advisory lock on a connection of its own. Whoever gets a number drops the leases that its
    dead predecessor left, so that a restart after a crash goes on at once instead of waiting for leases to run out.
    """

    CLASS = 748164
    MOST = 1000

    def __init__(self, database: Database) -> None:
        self._engine = database.engine
        self._connection: AsyncConnection | None = None
        self.number = 0
        self.holder = ""

    async def start(self) -> None:
        """Take the smallest free number."""
        connection = await self._engine.connect()
        await connection.execution_options(isolation_level="AUTOCOMMIT")
        for number in range(1, self.MOST):
            if await connection.scalar(sa.text("SELECT pg_try_advisory_lock(:c, :n)"), {"c": self.CLASS, "n": number}):
                self.number = number
                break
        self.holder = f"{self.number}-{secrets.token_hex(6)}"
        await connection.execute(sa.delete(lane_lease).where(lane_lease.c.holder.like(f"{self.number}-%")))
        self._connection = connection

    async def stop(self) -> None:
        """Give the number back."""
        if self._connection is not None:
            await self._connection.execute(sa.delete(lane_lease).where(lane_lease.c.holder == self.holder))
            await self._connection.execute(sa.text("SELECT pg_advisory_unlock_all()"))
            await self._connection.close()
            self._connection = None


class LeasedLanes:
    """Claims among several processes on PostgreSQL, as leases that run out if a process hangs."""

    def __init__(self, database: Database, instance: Instance, kind: str) -> None:
        self._database, self._instance, self._kind = database, instance, kind
        self._busy: set[str] = set()
        self._renewed: dict[str, datetime] = {}

    @property
    def busy(self) -> frozenset[str]:
        """Lanes this process works on."""
        return frozenset(self._busy)

    async def claim(self, lanes: Sequence[str]) -> list[str]:
        """Those lanes that nobody holds, or whose lease has run out; rows others lock right now are skipped."""
        free = [lane for lane in lanes if lane not in self._busy]
        if not free:
            return []
        at, holder = now(), self._instance.holder
        async with self._database.transaction() as connection:
            await connection.execute(
                postgres_insert(lane_lease).on_conflict_do_nothing(),
                [{"kind": self._kind, "lane": lane, "holder": "", "until": at} for lane in sorted(free)])
            takeable = (sa.select(lane_lease.c.lane)
                        .where(lane_lease.c.kind == self._kind, lane_lease.c.lane.in_(free), lane_lease.c.until <= at)
                        .order_by(lane_lease.c.lane).with_for_update(skip_locked=True))
            ours = list((await connection.scalars(takeable)).all())
            if ours:
                await connection.execute(
                    sa.update(lane_lease).where(lane_lease.c.kind == self._kind, lane_lease.c.lane.in_(ours))
                    .values(holder=holder, until=at + LEASE))
        self._busy.update(ours)
        self._renewed.update(dict.fromkeys(ours, at))
        return ours

    async def keep(self, lane: str) -> bool:
        """Renew the lease when a quarter of it is over; False if another process holds it by now."""
        if now() - self._renewed.get(lane, datetime.min.replace(tzinfo=UTC)) < LEASE / 4:
            return True
        async with self._database.transaction() as connection:
            result = await connection.execute(
                sa.update(lane_lease).where(lane_lease.c.kind == self._kind, lane_lease.c.lane == lane,
                                            lane_lease.c.holder == self._instance.holder)
                .values(until=now() + LEASE))
        self._renewed[lane] = now()
        return result.rowcount == 1

    async def release(self, lane: str) -> None:
        """Let others have the lane."""
        self._busy.discard(lane)
        self._renewed.pop(lane, None)
        async with self._database.transaction() as connection:
            await connection.execute(
                sa.delete(lane_lease).where(lane_lease.c.kind == self._kind, lane_lease.c.lane == lane,
                                            lane_lease.c.holder == self._instance.holder))
