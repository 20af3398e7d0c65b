"""The sender: takes the outbox in order for each chat, paced, and notes what became of each message."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.delivery.lanes import Lanes
from bot.delivery.model import OutboxRow, Platform, Rejected, RetryLater, Unreachable
from bot.delivery.outbox import Note, Outbox
from bot.delivery.pacing import Pace
from core.clock import now
from core.database import Database, is_away

log = structlog.get_logger()

IDLE_SECONDS = 0.5
AWAY_SECONDS = 1.0
LANES_AT_ONCE = 24
LONGEST_RETRY = 60.0
MAX_ATTEMPTS = 5  # for errors nobody expected; waits that the platform asked for are not limited

UnreachableHook = Callable[[AsyncConnection, str, str], Awaitable[None]]


class Notebook:
    """Writes notes of several lanes in one transaction, so that a busy bot commits less often than it sends."""

    def __init__(self, database: Database, outbox: Outbox, on_unreachable: UnreachableHook) -> None:
        self._database, self._outbox, self._on_unreachable = database, outbox, on_unreachable
        self._waiting: list[tuple[Note, asyncio.Future[None]]] = []
        self._writer: asyncio.Task[None] | None = None

    async def write(self, note: Note) -> None:
        """Return when the note is committed; raises what the database raises."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((note, future))
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write_all())
        await future

    async def _write_all(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting, []
            try:
                async with self._database.transaction() as connection:
                    await self._outbox.note(connection, [note for note, _ in batch])
                    for note, _ in batch:
                        if note.state == "unreachable":
                            await self._outbox.give_up_lane(connection, note.row.bot, note.row.lane)
                            await self._on_unreachable(connection, note.row.bot, note.row.lane)
            except Exception as error:
                for _, future in batch:
                    if not future.done():
                        future.set_exception(error)
            else:
                for _, future in batch:
                    if not future.done():
                        future.set_result(None)


class Sender:
    """Sends what waits for the given platforms (by bot name) until cancelled."""

    def __init__(self, database: Database, outbox: Outbox, lanes: Lanes, platforms: Mapping[str, Platform],
                 paces: Mapping[str, Pace], on_unreachable: UnreachableHook) -> None:
        self._database, self._outbox, self._lanes = database, outbox, lanes
        self._platforms, self._paces = platforms, paces
        self._notebook = Notebook(database, outbox, on_unreachable)
        self._wake = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._held_until: dict[str, float] = {}

    def wake(self) -> None:
        """Look for messages now instead of at the next round."""
        self._wake.set()

    async def run(self) -> None:
        """Send until cancelled; messages under way are finished and noted first."""
        try:
            while True:
                self._wake.clear()
                if not await self._start_lanes():
                    with contextlib.suppress(TimeoutError):
                        await asyncio.wait_for(self._wake.wait(), self._idle())
        finally:
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def drain(self) -> None:
        """Send until nothing that may be sent now is left; for tests and the command line."""
        while await self._start_lanes() or self._tasks:
            await asyncio.gather(*self._tasks)

    def _idle(self) -> float:
        """A chat that is held back for a moment is looked at again exactly then."""
        at = asyncio.get_running_loop().time()
        self._held_until = {lane: until for lane, until in self._held_until.items() if until > at}
        return max(0.01, min([IDLE_SECONDS, *(until - at for until in self._held_until.values())]))

    async def _start_lanes(self) -> int:
        free = LANES_AT_ONCE - len(self._tasks)
        if free <= 0:
            await asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED)
            return 1
        try:
            async with self._database.reading() as connection:
                lanes = await self._outbox.ready_lanes(
                    connection, list(self._platforms), self._lanes.busy | self._held(), free)
            lanes = await self._lanes.claim(lanes)
        except Exception as error:
            if not is_away(error):
                raise
            log.warning("database away", part="sender", error=type(error).__name__)
            await asyncio.sleep(AWAY_SECONDS)
            return 0
        for lane in lanes:
            task = asyncio.create_task(self._work_lane(lane))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return len(lanes)

    def _held(self) -> frozenset[str]:
        at = asyncio.get_running_loop().time()
        return frozenset(lane for lane, until in self._held_until.items() if until > at)

    async def _work_lane(self, lane: str) -> None:
        try:
            going = True
            while going and await self._lanes.keep(lane):
                async with self._database.reading() as connection:
                    rows = await self._outbox.heads(connection, lane)
                if not rows:
                    return
                for row in rows:
                    going = await self._lanes.keep(lane) and _is_due(row) and await self._send(row)
                    if not going:
                        break
        except Exception as error:
            if not is_away(error):
                raise
            log.warning("database away", part="sender", error=type(error).__name__)
            await asyncio.sleep(AWAY_SECONDS)
        finally:
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.shield(asyncio.ensure_future(self._lanes.release(lane)))
            self._wake.set()

    async def _send(self, row: OutboxRow) -> bool:
        """Send one message and note the result; False when this lane has to wait."""
        pace = self._paces.get(row.bot)
        if pace is not None:
            wait = pace.wait_for_chat(row.lane)
            if wait > 0:
                self._held_until[row.lane] = asyncio.get_running_loop().time() + wait
                return False
            while (wait := pace.wait_for_bot()) > 0:  # noqa: ASYNC110 - a pace, not an event
                await asyncio.sleep(wait)
        note = await self._try(row)
        await self._notebook.write(note)
        return note.state in {"sent", "failed"}

    async def _try(self, row: OutboxRow) -> Note:
        address, reply = self._outbox.open(row)
        try:
            platform_id = await self._platforms[row.bot].deliver(row.lane, address, reply)
        except RetryLater as later:
            seconds = later.seconds if later.seconds > 0 else min(LONGEST_RETRY, 0.5 * 2**min(row.attempts, 8))
            until = now() + timedelta(seconds=seconds)
            log.warning("message waits", row=row.id, seconds=round(seconds, 1), reason=later.reason)
            return Note(row, "waiting", problem=later.reason, not_before=until,
                        pause_bot_until=until if later.whole_bot else None)
        except Unreachable:
            log.info("person unreachable", row=row.id)
            return Note(row, "unreachable")
        except Rejected as rejected:
            log.error("message refused", row=row.id, reason=str(rejected))  # noqa: TRY400
            return Note(row, "failed", problem=str(rejected))
        except Exception as error:
            if is_away(error):
                raise
            return self._unexpected(row, error)
        return Note(row, "sent", platform_id=platform_id)

    def _unexpected(self, row: OutboxRow, error: Exception) -> Note:
        """A mistake of ours: tried a few times with growing pauses, then recorded, so that the lane goes on."""
        problem = f"unexpected {type(error).__name__}"
        log.error("sending failed", row=row.id, attempt=row.attempts + 1, error=type(error).__name__)
        if row.attempts + 1 >= MAX_ATTEMPTS:
            return Note(row, "failed", problem=problem)
        return Note(row, "waiting", problem=problem, not_before=now() + timedelta(seconds=0.5 * 2**row.attempts))


def _is_due(row: OutboxRow) -> bool:
    return row.not_before is None or row.not_before <= now()
