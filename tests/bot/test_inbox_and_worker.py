"""Received once, processed in order, lanes side by side, parked when it cannot be."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.delivery import worker as worker_module
from bot.delivery.inbox import MAX_ATTEMPTS, Inbox
from bot.delivery.lanes import LocalLanes
from bot.delivery.model import Received
from bot.delivery.worker import Worker
from bot.tables import counter, inbox
from core.crypto import Vault
from core.database import Database
from tests.fakes import FakeHandler

AWAY = OperationalError("SELECT 1", {}, Exception("gone"))


def received(number: int | str, lane: str = "a", text: str | None = None, bot: str = "telegram") -> Received:
    return Received(bot, str(number), lane, {"text": text or f"{lane}{number}"})


class Desk:
    """An inbox with a worker and a handler that writes down what comes."""

    def __init__(self, database: Database, vault: Vault) -> None:
        self.database = database
        self.inbox = Inbox(vault.transit)
        self.handler = FakeHandler(self.inbox.open)
        self.woken = 0
        self.worker = Worker(database, self.inbox, LocalLanes(), self.handler, self._after)

    def _after(self) -> None:
        self.woken += 1

    async def store(self, *updates: Received) -> int:
        async with self.database.transaction() as connection:
            return await self.inbox.store(connection, updates)

    async def rows(self) -> list[Any]:
        async with self.database.reading() as connection:
            return list((await connection.execute(sa.select(inbox).order_by(inbox.c.id))).all())

    async def drain(self, seconds: float = 10) -> None:
        """Until nothing is open any more; the time to the next attempt is over at once."""
        end = time.monotonic() + seconds
        while any(row.state == "open" for row in await self.rows()):
            assert time.monotonic() < end, "the inbox does not get empty"
            await self.worker.drain()
            async with self.database.transaction() as connection:
                await connection.execute(sa.update(inbox).values(not_before=None))


@pytest.fixture
def desk(database: Database, vault: Vault) -> Desk:
    return Desk(database, vault)


async def test_an_update_that_comes_twice_is_stored_once(desk: Desk) -> None:
    assert await desk.store(received(1), received(2)) == 2
    assert await desk.store(received(2), received(3), received(3)) == 1
    assert [row.update_id for row in await desk.rows()] == ["1", "2", "3"]


async def test_two_bots_may_use_the_same_ids(desk: Desk) -> None:
    assert await desk.store(received(1), received(1, bot="web")) == 2


async def test_storing_nothing_is_nothing(desk: Desk) -> None:
    assert await desk.store() == 0


async def test_ids_may_begin_anew_and_lower(desk: Desk) -> None:
    assert await desk.store(received(900)) == 1
    assert await desk.store(received(5)) == 1


async def test_an_update_known_as_done_is_not_processed_again(desk: Desk) -> None:
    await desk.store(received(1))
    await desk.drain()
    assert await desk.store(received(1)) == 0
    await desk.worker.drain()
    assert desk.handler.decided == ["a1"]


async def test_the_payload_is_encrypted_and_gone_once_it_is_processed(desk: Desk) -> None:
    await desk.store(received(1, text="mein Geheimnis"))
    assert b"Geheimnis" not in (await desk.rows())[0].payload
    await desk.drain()
    row = (await desk.rows())[0]
    assert row.payload is None and row.state == "done" and row.update_id == "1" and row.processed_at is not None


async def test_half_a_surrogate_pair_does_not_lose_the_other_updates(desk: Desk) -> None:
    assert await desk.store(received(1, text="a\ud800"), received(2)) == 2
    await desk.drain()
    assert desk.handler.decided == ["a?", "a2"]


async def test_a_lane_is_processed_in_order(desk: Desk) -> None:
    await desk.store(*[received(number) for number in range(20)])
    await desk.drain()
    assert desk.handler.decided == [f"a{number}" for number in range(20)]


async def test_lanes_run_side_by_side_but_never_one_lane_twice(desk: Desk) -> None:
    await desk.store(*[received(f"{lane}{number}", lane, f"{lane}{number}") for number in range(3) for lane in "abcdef"])
    desk.handler.seconds = 0.02
    await desk.drain()
    assert 2 <= desk.handler.most_at_once <= 6
    for lane in "abcdef":
        assert [text for text in desk.handler.decided if text[0] == lane] == [f"{lane}{n}" for n in range(3)]


async def test_more_lanes_than_may_run_at_once_are_all_served(desk: Desk) -> None:
    await desk.store(*[received(number, f"lane{number}") for number in range(worker_module.LANES_AT_ONCE * 2 + 3)])
    await desk.drain()
    assert len(desk.handler.decided) == worker_module.LANES_AT_ONCE * 2 + 3


@pytest.mark.parametrize("where", ["prepare_fails", "decide_fails"])
async def test_a_failure_is_tried_three_times_then_apologised_for_and_the_lane_goes_on(desk: Desk, where: str) -> None:
    getattr(desk.handler, where)["a2"] = [ValueError("mein Geheimnis")] * MAX_ATTEMPTS
    await desk.store(received(1), received(2), received(3))
    await desk.drain()
    assert desk.handler.decided == ["a1", "a3"] and desk.handler.apologies == ["a"]
    rows = await desk.rows()
    assert [row.state for row in rows] == ["done", "dead", "done"] and rows[1].attempts == MAX_ATTEMPTS
    assert "Geheimnis" not in rows[1].problem and "ValueError" in rows[1].problem


async def test_a_failure_that_passes_is_no_dead_letter_and_keeps_the_order(desk: Desk) -> None:
    desk.handler.decide_fails["a1"] = [ValueError(), ValueError()]
    await desk.store(received(1), received(2))
    await desk.drain()
    assert desk.handler.decided == ["a1", "a2"] and desk.handler.apologies == []


async def test_while_one_lane_waits_for_its_next_attempt_the_others_go_on(desk: Desk) -> None:
    desk.handler.decide_fails["a1"] = [ValueError()]
    await desk.store(received(1), received(2), received("x", "b"))
    await desk.worker.drain()
    assert desk.handler.decided == ["bx"]


async def test_a_dead_letter_is_never_replayed(desk: Desk) -> None:
    desk.handler.decide_fails["a1"] = [ValueError()] * MAX_ATTEMPTS
    await desk.store(received(1))
    await desk.drain()
    await desk.worker.drain()
    assert desk.handler.decided == []
    async with desk.database.reading() as connection:
        assert await desk.inbox.dead_letters(connection) == 1
        assert await desk.inbox.waiting(connection) == (0, None)


async def test_what_a_failed_decision_wrote_is_rolled_back(desk: Desk) -> None:
    async def write(connection: AsyncConnection, text: str) -> None:
        import datetime
        await connection.execute(sa.insert(counter).values(
            day=datetime.date(2026, 1, 1), what=text, topic="", language="de", town="", number=1))

    desk.handler.on_decide = write
    desk.handler.decide_fails["a1"] = [ValueError()] * MAX_ATTEMPTS
    await desk.store(received(1), received(2))
    await desk.drain()
    async with desk.database.reading() as connection:
        assert (await connection.scalars(sa.select(counter.c.what))).all() == ["a2"]


async def test_a_database_that_is_away_is_waited_for_and_counts_as_no_attempt(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_module, "AWAY_SECONDS", 0.01)
    desk.handler.decide_fails["a1"] = [AWAY] * 5
    await desk.store(received(1), received(2))
    await desk.drain()
    rows = await desk.rows()
    assert desk.handler.decided == ["a1", "a2"] and [row.attempts for row in rows] == [0, 0]


async def test_looking_for_work_survives_a_database_that_is_away(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_module, "AWAY_SECONDS", 0.01)
    monkeypatch.setattr(worker_module, "IDLE_SECONDS", 0.02)
    real, troubles = desk.inbox.ready_lanes, [AWAY, AWAY]

    async def shaky(*arguments: Any) -> list[str]:
        if troubles:
            raise troubles.pop()
        return await real(*arguments)

    monkeypatch.setattr(desk.inbox, "ready_lanes", shaky)
    await desk.store(received(1))
    running = asyncio.create_task(desk.worker.run())
    end = time.monotonic() + 5
    while not desk.handler.decided and time.monotonic() < end:
        await asyncio.sleep(0.02)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert desk.handler.decided == ["a1"]


async def test_a_running_worker_takes_new_work_at_once_when_woken(desk: Desk) -> None:
    running = asyncio.create_task(desk.worker.run())
    await asyncio.sleep(0.1)
    await desk.store(received(1))
    desk.worker.wake()
    begin = time.monotonic()
    while not desk.handler.decided and time.monotonic() - begin < 5:
        await asyncio.sleep(0.01)
    assert desk.handler.decided == ["a1"] and time.monotonic() - begin < worker_module.IDLE_SECONDS
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_the_sender_is_woken_after_each_commit(desk: Desk) -> None:
    await desk.store(received(1), received(2))
    await desk.drain()
    assert desk.woken == 2


async def test_an_update_that_another_process_finished_is_left_alone(desk: Desk) -> None:
    async def steal(connection: AsyncConnection, text: str) -> None:
        raise AssertionError("decided although somebody else was faster")

    await desk.store(received(1))
    async with desk.database.reading() as connection:
        row = await desk.inbox.head(connection, "a")
    assert row is not None
    await desk.drain()
    desk.handler.on_decide = steal
    await desk.worker._process(row)
    assert desk.handler.decided == ["a1"]


async def test_stopping_finishes_what_is_under_way(desk: Desk) -> None:
    desk.handler.seconds = 0.2
    await desk.store(received(1))
    running = asyncio.create_task(desk.worker.run())
    await asyncio.sleep(0.1)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert (await desk.rows())[0].state == "done" and desk.handler.decided == ["a1"]


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
async def test_a_failing_apology_still_parks_the_update(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(*_: Any) -> None:
        raise ValueError("no apology either")

    monkeypatch.setattr(desk.handler, "apologise", broken)
    desk.handler.decide_fails["a1"] = [ValueError()] * 50
    await desk.store(received(1), received(2))
    await desk.drain(3)
    assert [row.state for row in await desk.rows()] == ["dead", "done"]


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
async def test_trouble_after_the_commit_does_not_open_the_update_again(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def after() -> None:
        raise OSError("the list of deleted pseudonyms cannot be written")

    async def decide(*_: Any) -> Any:
        return after

    monkeypatch.setattr(desk.handler, "decide", decide)
    await desk.store(received(1))
    await desk.worker.drain()
    row = (await desk.rows())[0]
    assert row.state == "done" and row.attempts == 0
