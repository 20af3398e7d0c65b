"""Who works on which lane: exclusive between processes, freed when one dies."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
import sqlalchemy as sa
import time_machine

from bot.delivery.inbox import Inbox
from bot.delivery.lanes import Instance, LeasedLanes, LocalLanes
from bot.delivery.model import Received
from bot.delivery.worker import Worker
from bot.tables import lane_lease
from core.clock import now
from core.crypto import Vault
from core.database import Database
from tests.conftest import MakeDatabase
from tests.fakes import FakeHandler

pytestmark = pytest.mark.postgres


@pytest.fixture(scope="module")
def url(make_database: MakeDatabase) -> str:
    return make_database("postgres")


class Process:
    """One of several processes on one database."""

    def __init__(self, url: str) -> None:
        self.database = Database(url)
        self.instance = Instance(self.database)
        self.lanes = LeasedLanes(self.database, self.instance, "inbox")

    async def die(self) -> None:
        """As after kill -9: the connection breaks, nothing is given back."""
        connection = self.instance._connection
        if connection is not None:
            await connection.invalidate()
        await self.database.close()


@pytest.fixture
async def two(url: str) -> AsyncIterator[tuple[Process, Process]]:
    first, second = Process(url), Process(url)
    await first.instance.start()
    await second.instance.start()
    yield first, second
    for process in (first, second):
        with contextlib.suppress(Exception):  # one died in the test
            await process.instance.stop()
        await process.database.close()
    cleaner = Database(url)
    async with cleaner.transaction() as connection:
        await connection.execute(sa.delete(lane_lease))
    await cleaner.close()


async def test_two_processes_have_numbers_of_their_own(two: tuple[Process, Process]) -> None:
    assert two[0].instance.number != two[1].instance.number


async def test_a_lane_belongs_to_one_process_at_a_time(two: tuple[Process, Process]) -> None:
    first, second = two
    assert await first.lanes.claim(["a", "b"]) == ["a", "b"]
    assert await second.lanes.claim(["a", "b", "c"]) == ["c"]
    assert first.lanes.busy == {"a", "b"} and second.lanes.busy == {"c"}


async def test_claimed_at_the_same_moment_each_lane_still_goes_to_one(two: tuple[Process, Process]) -> None:
    wanted = [f"lane{n}" for n in range(30)]
    claims = await asyncio.gather(*[process.lanes.claim(wanted) for process in two])
    got = [lane for claim in claims for lane in claim]
    assert len(got) == len(set(got))


async def test_a_released_lane_can_be_claimed_by_the_other(two: tuple[Process, Process]) -> None:
    first, second = two
    await first.lanes.claim(["a"])
    await first.lanes.release("a")
    assert await second.lanes.claim(["a"]) == ["a"]


async def test_kinds_of_work_do_not_disturb_each_other(two: tuple[Process, Process]) -> None:
    sending = LeasedLanes(two[1].database, two[1].instance, "outbox")
    await two[0].lanes.claim(["a"])
    assert await sending.claim(["a"]) == ["a"]


async def test_a_lane_already_ours_is_not_claimed_twice(two: tuple[Process, Process]) -> None:
    await two[0].lanes.claim(["a"])
    assert await two[0].lanes.claim(["a"]) == []


async def test_keeping_makes_the_lease_longer(two: tuple[Process, Process]) -> None:
    await two[0].lanes.claim(["a"])
    assert await two[0].lanes.keep("a") is True


async def test_a_lease_that_ran_out_is_free_and_its_old_holder_learns_it(two: tuple[Process, Process]) -> None:
    first, second = two
    await first.lanes.claim(["a"])
    async with first.database.transaction() as connection:
        await connection.execute(sa.update(lane_lease).values(until=now() - timedelta(seconds=1)))
    assert await second.lanes.claim(["a"]) == ["a"]
    with time_machine.travel(now() + timedelta(seconds=20), tick=True):
        assert await first.lanes.keep("a") is False
    await first.lanes.release("a")
    assert await second.lanes.keep("a") is True


async def test_the_leases_of_a_dead_process_are_freed_by_whoever_takes_its_number(two: tuple[Process, Process], url: str) -> None:
    first = two[0]
    await first.lanes.claim(["a"])
    number = first.instance.number
    await first.die()
    successor = Process(url)
    for _ in range(50):  # the server notices the broken connection in its own time
        await successor.instance.start()
        if successor.instance.number == number:
            break
        await successor.instance.stop()
        await asyncio.sleep(0.05)
    assert successor.instance.number == number
    assert await successor.lanes.claim(["a"]) == ["a"]
    await successor.instance.stop()
    await successor.database.close()


async def test_number_1_does_not_free_the_leases_of_number_10(url: str) -> None:
    process = Process(url)
    async with process.database.transaction() as connection:
        await connection.execute(sa.insert(lane_lease).values(
            kind="inbox", lane="x", holder="10-abc", until=now() + timedelta(minutes=1)))
    await process.instance.start()
    assert process.instance.number == 1
    assert await process.lanes.claim(["x"]) == []
    await process.instance.stop()
    async with process.database.transaction() as connection:
        await connection.execute(sa.delete(lane_lease))
    await process.database.close()


async def test_stopping_gives_the_leases_back_at_once(two: tuple[Process, Process]) -> None:
    first, second = two
    await first.lanes.claim(["a"])
    await first.instance.stop()
    assert await second.lanes.claim(["a"]) == ["a"]


async def test_two_workers_share_the_lanes_and_decide_every_update_once_in_order(two: tuple[Process, Process], vault: Vault) -> None:
    inbox = Inbox(vault.transit)
    order: list[str] = []
    workers = []
    for process in two:
        handler = FakeHandler(inbox.open)
        handler.decided = order
        handler.seconds = 0.005
        workers.append(Worker(process.database, inbox, process.lanes, handler, lambda: None))
    async with two[0].database.transaction() as connection:
        await inbox.store(connection, [Received("telegram", f"{lane}{n}", lane, {"text": f"{lane}{n}"})
                                       for n in range(5) for lane in "abcdef"])
    await asyncio.gather(*[worker.drain() for worker in workers])
    assert sorted(order) == sorted(f"{lane}{n}" for n in range(5) for lane in "abcdef")
    for lane in "abcdef":
        assert [text for text in order if text[0] == lane] == [f"{lane}{n}" for n in range(5)]


async def test_within_one_process_a_lane_is_claimed_once() -> None:
    lanes = LocalLanes()
    assert await lanes.claim(["a", "b"]) == ["a", "b"] and await lanes.claim(["b", "c"]) == ["c"]
    await lanes.release("b")
    assert await lanes.keep("a") and not await lanes.keep("b")
    assert await lanes.claim(["b"]) == ["b"]
