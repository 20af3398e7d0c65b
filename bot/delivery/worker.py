"""The worker: takes the oldest open update of each lane, has it decided, and writes the result in one transaction."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.delivery.inbox import Inbox
from bot.delivery.lanes import Lanes
from bot.delivery.model import InboxRow
from core.clock import now
from core.database import Database, is_away

log = structlog.get_logger()

IDLE_SECONDS = 0.5
AWAY_SECONDS = 1.0
LANES_AT_ONCE = 16


class Handler(Protocol):
    """What happens with one update."""

    async def prepare(self, row: InboxRow) -> Any:
        """Everything that may wait (understanding, an engine over HTTP), before the transaction."""
        ...

    async def decide(self, connection: AsyncConnection, row: InboxRow, prepared: Any) -> Callable[[], None] | None:
        """The decision and all its writes, without any network call; what it returns runs after the commit."""
        ...

    async def apologise(self, connection: AsyncConnection, row: InboxRow) -> None:
        """One honest sentence to the person whose update could not be processed."""
        ...


class LostRace(Exception):
    """Another process has processed this update; the transaction must be rolled back."""


class Worker:
    """Runs lanes side by side, each in order, until cancelled."""

    def __init__(self, database: Database, inbox: Inbox, lanes: Lanes, handler: Handler,
                 after_commit: Callable[[], None]) -> None:
        self._database, self._inbox, self._lanes, self._handler = database, inbox, lanes, handler
        self._after_commit = after_commit
        self._wake = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()

    def wake(self) -> None:
        """Look for work now instead of at the next round."""
        self._wake.set()

    async def run(self) -> None:
        """Work until cancelled; running transactions are finished first."""
        try:
            while True:
                self._wake.clear()
                started = await self._start_lanes()
                if not started:
                    with contextlib.suppress(TimeoutError):
                        await asyncio.wait_for(self._wake.wait(), IDLE_SECONDS)
        finally:
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def drain(self) -> None:
        """Work until nothing that may be worked on now is left; for tests and the command line."""
        while await self._start_lanes() or self._tasks:
            await asyncio.gather(*self._tasks)

    async def _start_lanes(self) -> int:
        free = LANES_AT_ONCE - len(self._tasks)
        if free <= 0:
            await asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED)
            return 1
        try:
            async with self._database.reading() as connection:
                lanes = await self._inbox.ready_lanes(connection, self._lanes.busy, free)
            lanes = await self._lanes.claim(lanes)
        except Exception as error:
            if not is_away(error):
                raise
            log.warning("database away", part="worker", error=type(error).__name__)
            await asyncio.sleep(AWAY_SECONDS)
            return 0
        for lane in lanes:
            task = asyncio.create_task(self._work_lane(lane))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return len(lanes)

    async def _work_lane(self, lane: str) -> None:
        try:
            while await self._lanes.keep(lane):
                async with self._database.reading() as connection:
                    row = await self._inbox.head(connection, lane)
                if row is None or (row.not_before is not None and row.not_before > now()):
                    return
                await self._process(row)
        except Exception as error:
            if not is_away(error):
                raise
            log.warning("database away", part="worker", error=type(error).__name__)
            await asyncio.sleep(AWAY_SECONDS)
        finally:
            await _shielded(self._lanes.release(lane))
            self._wake.set()

    async def _process(self, row: InboxRow) -> None:
        try:
            prepared = await self._handler.prepare(row)
            async with self._database.transaction() as connection:
                if not await self._inbox.done(connection, row.id):
                    raise LostRace  # noqa: TRY301 - rolls the transaction back
                afterwards = await self._handler.decide(connection, row, prepared)
        except LostRace:
            log.info("update already processed", row=row.id)
            return
        except Exception as error:
            if is_away(error):
                raise
            await self._note_failure(row, error)
            return
        self._after_commit()
        if afterwards is not None:
            self._run_afterwards(row, afterwards)

    def _run_afterwards(self, row: InboxRow, afterwards: Callable[[], None]) -> None:
        """What follows a commit cannot undo it: a failure here is for the operator, the update stays processed."""
        try:
            afterwards()
        except Exception as error:
            log.error("work after a commit failed", row=row.id, error=type(error).__name__, place=_place(error))  # noqa: TRY400

    async def _note_failure(self, row: InboxRow, error: Exception) -> None:
        # The error's own text may quote the person; only its type and place go to the log.
        place = _place(error)
        log.error("update failed", row=row.id, attempt=row.attempts + 1, error=type(error).__name__, place=place)
        async with self._database.transaction() as connection:
            dead = await self._inbox.failed(connection, row, f"{type(error).__name__} {place}")
        if dead:
            await self._apologise(row)

    async def _apologise(self, row: InboxRow) -> None:
        """In a transaction of its own: an apology that fails must not keep the update from being parked."""
        try:
            async with self._database.transaction() as connection:
                await self._handler.apologise(connection, row)
        except Exception as error:
            if is_away(error):
                raise
            log.error("apology failed", row=row.id, error=type(error).__name__, place=_place(error))  # noqa: TRY400
        self._after_commit()


def _place(error: BaseException) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return f"{trace.tb_frame.f_code.co_name}:{trace.tb_lineno}" if trace else "?"


async def _shielded(work: Awaitable[None]) -> None:
    with contextlib.suppress(asyncio.CancelledError):
        await asyncio.shield(asyncio.ensure_future(work))
