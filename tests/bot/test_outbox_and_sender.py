"""Sent in order, paced, retried, given up, recorded."""

from __future__ import annotations

import asyncio
import time
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.conversation.model import Attachment, Button, Reply
from bot.delivery import sender as sender_module
from bot.delivery.lanes import LocalLanes
from bot.delivery.model import Rejected, RetryLater, Unreachable
from bot.delivery.outbox import Outbox
from bot.delivery.pacing import Bucket, Pace
from bot.delivery.sender import Sender
from bot.tables import outbox
from core.clock import now
from core.crypto import Vault
from core.database import Database
from tests.fakes import FakePlatform

FAST = 100_000.0


class Post:
    """An outbox with a sender and a platform."""

    def __init__(self, database: Database, vault: Vault, pace: Pace | None = None) -> None:
        self.database, self.outbox = database, Outbox(vault.transit)
        self.platform, self.unreachable = FakePlatform(), []
        paces = {"telegram": pace} if pace else {}
        self.sender = Sender(database, self.outbox, LocalLanes(), {"telegram": self.platform}, paces, self._note)

    async def _note(self, connection: AsyncConnection, bot: str, lane: str) -> None:
        self.unreachable.append((bot, lane))

    async def add(self, lane: str, *texts: str, bot: str = "telegram", reference: str | None = None) -> None:
        async with self.database.transaction() as connection:
            await self.outbox.add(connection, bot, lane, f"to-{lane}", [Reply(text) for text in texts], reference)

    async def rows(self) -> list[Any]:
        async with self.database.reading() as connection:
            return list((await connection.execute(sa.select(outbox).order_by(outbox.c.id))).all())

    async def states(self) -> list[str]:
        return [row.state for row in await self.rows()]

    async def drain(self, seconds: float = 10) -> None:
        end = time.monotonic() + seconds
        while "waiting" in await self.states():
            assert time.monotonic() < end, "the outbox does not get empty"
            await self.sender.drain()
            await asyncio.sleep(0.02)


@pytest.fixture
def post(database: Database, vault: Vault) -> Post:
    return Post(database, vault)


async def test_messages_of_a_lane_go_out_in_order(post: Post) -> None:
    await post.add("a", *[str(n) for n in range(12)])
    await post.add("a", "last")
    await post.drain()
    assert post.platform.to("to-a") == [*[str(n) for n in range(12)], "last"]


async def test_lanes_are_sent_side_by_side_but_never_one_lane_twice(post: Post) -> None:
    post.platform.seconds = 0.02
    for lane in "abcdef":
        await post.add(lane, "1", "2", "3")
    await post.drain()
    assert 2 <= post.platform.most_at_once <= 6
    assert all(post.platform.to(f"to-{lane}") == ["1", "2", "3"] for lane in "abcdef")


async def test_a_reply_comes_out_as_it_was_put_in(post: Post, vault: Vault) -> None:
    reply = Reply("سلام **x**", ((Button("a", "b"), Button("c", url="https://example.org")),), rtl=True,
                  attachment=Attachment("f.json", "{}"))
    async with post.database.transaction() as connection:
        await post.outbox.add(connection, "telegram", "a", "42", [reply])
    async with post.database.reading() as connection:
        row = (await post.outbox.heads(connection, "a"))[0]
    assert post.outbox.open(row) == ("42", reply)


async def test_what_waits_is_encrypted_and_gone_once_it_is_sent(post: Post) -> None:
    await post.add("a", "mein Geheimnis")
    raw = (await post.rows())[0].payload
    assert b"Geheimnis" not in raw and b"to-a" not in raw
    await post.drain()
    row = (await post.rows())[0]
    assert row.payload is None and row.state == "sent" and row.platform_id == "1" and row.done_at is not None


async def test_messages_for_a_bot_of_another_process_are_left_alone(post: Post) -> None:
    await post.add("a", "x", bot="other")
    await post.sender.drain()
    assert await post.states() == ["waiting"]


async def test_a_limit_of_one_chat_holds_back_only_that_chat(post: Post) -> None:
    post.platform.troubles["to-a"] = [RetryLater(0.4, "too many messages")]
    await post.add("a", "1", "2")
    await post.add("b", "1")
    await post.sender.drain()
    assert post.platform.delivered == [("to-b", "1")]
    await post.drain()
    assert post.platform.to("to-a") == ["1", "2"]


async def test_a_limit_of_the_bot_holds_back_all_its_chats_until_it_is_over(post: Post) -> None:
    post.platform.troubles["to-a"] = [RetryLater(0.5, "too many messages", whole_bot=True)]
    await post.add("a", "1")
    await post.sender.drain()
    begin = time.monotonic()
    await post.add("b", "1")
    await post.sender.drain()
    assert post.platform.delivered == []
    await post.drain()
    assert time.monotonic() - begin > 0.3 and len(post.platform.delivered) == 2


async def test_trouble_without_a_time_is_retried_ever_more_slowly(post: Post) -> None:
    post.platform.troubles["to-a"] = [RetryLater(0, "time-out")] * 2
    await post.add("a", "1", "2")
    await post.sender.drain()
    row = (await post.rows())[0]
    assert row.attempts == 1 and row.problem == "time-out" and row.not_before > now() + timedelta(seconds=0.2)
    async with post.database.transaction() as connection:
        await connection.execute(sa.update(outbox).values(not_before=None))
    await post.sender.drain()
    again = (await post.rows())[0]
    assert again.attempts == 2 and again.not_before > now() + timedelta(seconds=0.7)


async def test_an_unreachable_person_gives_up_the_lane_and_is_noted(post: Post) -> None:
    post.platform.troubles["to-a"] = [Unreachable()]
    await post.add("a", "1", "2", "3")
    await post.add("b", "1")
    await post.drain()
    assert await post.states() == ["unreachable"] * 3 + ["sent"]
    assert post.unreachable == [("telegram", "a")]
    assert all(row.payload is None for row in await post.rows())


async def test_a_refused_message_is_recorded_and_the_lane_goes_on(post: Post) -> None:
    post.platform.troubles["to-a"] = [Rejected("can't parse entities" + "x" * 500)]
    await post.add("a", "1", "2")
    await post.drain()
    assert await post.states() == ["failed", "sent"] and post.platform.to("to-a") == ["2"]
    row = (await post.rows())[0]
    assert row.problem.startswith("can't parse") and row.payload is None
    async with post.database.reading() as connection:
        assert await post.outbox.failures(connection, timedelta(hours=1)) == 1


async def test_whose_message_it_is_can_be_looked_up(post: Post) -> None:
    from bot.cases import OutboxStates
    await post.add("a", "1", reference="ticket_message:7")
    async with post.database.reading() as connection:
        assert await OutboxStates().of(connection, ["ticket_message:7", "ticket_message:8"]) == {"ticket_message:7": "waiting"}
    await post.drain()
    async with post.database.reading() as connection:
        assert await OutboxStates().of(connection, ["ticket_message:7"]) == {"ticket_message:7": "sent"}


async def test_a_database_away_while_noting_does_not_stop_the_sender(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sender_module, "AWAY_SECONDS", 0.01)
    real, troubles = post.outbox.note, [OperationalError("x", {}, Exception("gone"))]

    async def shaky(*arguments: Any) -> None:
        if troubles:
            raise troubles.pop()
        await real(*arguments)

    monkeypatch.setattr(post.outbox, "note", shaky)
    await post.add("a", "1", "2")
    await post.drain()
    # At most one duplicate: sent, but the note was lost.
    assert post.platform.to("to-a") == ["1", "1", "2"]


async def test_a_running_sender_sends_at_once_when_woken(post: Post) -> None:
    running = asyncio.create_task(post.sender.run())
    await asyncio.sleep(0.05)
    await post.add("a", "1")
    post.sender.wake()
    begin = time.monotonic()
    while not post.platform.delivered and time.monotonic() - begin < 5:
        await asyncio.sleep(0.01)
    assert time.monotonic() - begin < sender_module.IDLE_SECONDS
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_stopping_finishes_and_notes_what_is_under_way(post: Post) -> None:
    post.platform.seconds = 0.2
    await post.add("a", "1")
    running = asyncio.create_task(post.sender.run())
    await asyncio.sleep(0.1)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert (await post.states())[0] == "sent"


async def test_a_deletion_while_a_message_is_being_sent_does_not_lose_the_confirmation(post: Post) -> None:
    post.platform.seconds = 0.2
    await post.add("a", "answer")
    running = asyncio.create_task(post.sender.drain())
    await asyncio.sleep(0.1)
    async with post.database.transaction() as connection:
        await connection.execute(sa.delete(outbox))
    await post.add("a", "everything is deleted")
    await running
    await post.drain()
    assert post.platform.to("to-a") == ["answer", "everything is deleted"]


async def test_waiting_messages_are_counted_with_the_age_of_the_oldest(post: Post) -> None:
    async with post.database.reading() as connection:
        assert await post.outbox.waiting(connection) == (0, None)
    await post.add("a", "1", "2")
    async with post.database.reading() as connection:
        number, oldest = await post.outbox.waiting(connection)
    assert number == 2 and oldest is not None and now() - oldest < timedelta(seconds=10)


async def test_a_chat_gets_a_burst_and_then_one_message_a_second(database: Database, vault: Vault) -> None:
    post = Post(database, vault, Pace(FAST, 3))
    await post.add("a", "1", "2", "3", "4")
    await post.add("b", "1")
    await post.sender.drain()
    assert post.platform.to("to-a") == ["1", "2", "3"] and post.platform.to("to-b") == ["1"]
    await post.drain()
    assert post.platform.to("to-a") == ["1", "2", "3", "4"]


# --- pacing, by a clock of its own ------------------------------------------------------------------------------------


class Clock:
    def __init__(self) -> None:
        self.at = 100.0

    def __call__(self) -> float:
        return self.at


def test_a_bucket_gives_its_burst_then_its_rate() -> None:
    clock = Clock()
    bucket = Bucket(2.0, 3.0, clock)
    assert [bucket.take() for _ in range(4)] == [0, 0, 0, 0.5]
    clock.at += 0.5
    assert bucket.take() == 0 and bucket.take() == pytest.approx(0.5)


def test_a_bucket_never_holds_more_than_its_burst() -> None:
    clock = Clock()
    bucket = Bucket(1.0, 2.0, clock)
    clock.at += 3600
    assert [bucket.take() for _ in range(3)] == [0, 0, 1]


def test_chats_are_paced_apart() -> None:
    pace = Pace(2.0, 1, Clock())
    assert pace.wait_for_chat("a") == 0 and pace.wait_for_chat("b") == 0 and pace.wait_for_chat("a") == 1


@pytest.mark.parametrize("per_second", [1.0, 2.0, 30.0])
def test_the_bot_never_sends_more_in_a_second_than_it_may_and_not_much_less(per_second: float) -> None:
    clock = Clock()
    pace, sent = Pace(per_second, 1, clock), list[float]()
    while clock.at < 120:
        wait = pace.wait_for_bot()
        clock.at += wait + 1e-6
        if not wait:
            sent.append(clock.at)
    most = max(sum(begin <= at < begin + 1 - 1e-6 for at in sent) for begin in sent)
    assert most <= per_second and len(sent) >= 0.8 * per_second * 20


def test_the_memory_for_chats_is_bounded() -> None:
    pace = Pace(1.0, 1, Clock())
    for number in range(Pace.CHATS + 50):
        pace.wait_for_chat(str(number))
    assert len(pace._chats) == Pace.CHATS


@pytest.mark.parametrize("per_second", [0.1, 0.5])
def test_a_rate_below_one_a_second_still_sends(per_second: float) -> None:
    assert Pace(per_second, 1, Clock()).wait_for_bot() == 0


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
async def test_an_unexpected_error_of_a_platform_is_recorded_and_not_repeated_in_a_hot_loop(post: Post) -> None:
    post.platform.troubles["to-a"] = [ValueError("a bug of ours")] * 1000
    await post.add("a", "1")
    running = asyncio.create_task(post.sender.run())
    await asyncio.sleep(0.5)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert post.platform.attempts <= 5 and (await post.rows())[0].problem
