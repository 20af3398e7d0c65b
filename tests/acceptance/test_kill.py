"""`kill -9` at twenty instants among 200 waiting messages, and two processes on one database: nothing lost, order kept."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import re
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import sqlalchemy as sa
from tgemu import BotProcess, TelegramWorld, User

from core.database import sync_url
from knowledge.files import CONTENT
from tests.acceptance.conftest import MakeInstallation, refused_by_mistake
from tests.acceptance.support import LONG, Installation, ready, until

CHATS, PER_CHAT, KILLS = 25, 8, 20
PER_KILL = CHATS * PER_CHAT // KILLS
SEED = 11


def topics() -> list[str]:
    """Topics with an answer, so that each message of a chat has an answer of its own."""
    return sorted(folder.name for folder in (CONTENT / "answers").iterdir() if not folder.name.startswith("safety."))


def plan(chat: int) -> list[str]:
    """What one chat sends: eight different questions, half of them links, half of them buttons of the menu typed as commands."""
    rng = random.Random(f"{SEED}/{chat}")
    return [f"/start {rng.choice(['de', 'en', 'ar'])}-wegberg-{topic.replace('.', '__')}"
            for topic in rng.sample(topics(), PER_CHAT)]


def said(player: User) -> list[str]:
    """What the bot has said in a chat, in order; numbers of forms would differ between runs."""
    return [re.sub(r"\s+", " ", message.plain) for message in player.messages()]


def duplicates(expected: list[str], got: list[tuple[float, str]]) -> list[float]:
    """When messages came a second time. AssertionError where one is missing, foreign or out of order."""
    at, again = 0, []
    for moment, text in got:
        if at < len(expected) and text == expected[at]:
            at += 1
        elif at and text == expected[at - 1]:
            again.append(moment)
        else:
            raise AssertionError(f"out of order or foreign after {at} of {len(expected)} messages: {text[:80]!r}")
    assert at == len(expected), f"lost: {len(expected) - at} of {len(expected)} messages did not come"
    return again


@contextlib.contextmanager
def writing_held_up(lotse: Installation) -> Iterator[None]:
    """Hold the lock that every writing transaction needs: whatever the process wants to commit waits."""
    engine = sa.create_engine(sync_url(lotse.database_url), isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            if lotse.database_url.startswith("sqlite"):
                connection.exec_driver_sql("PRAGMA busy_timeout = 20000")
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            else:
                connection.exec_driver_sql("BEGIN")
                connection.exec_driver_sql("LOCK TABLE inbox, outbox IN EXCLUSIVE MODE")
            yield
            connection.exec_driver_sql("ROLLBACK")
    finally:
        engine.dispose()


@dataclass
class Trial:
    """One installation, its people, and what was seen at each kill."""

    lotse: Installation
    world: TelegramWorld
    people: list[User]
    waiting: list[tuple[User, str]]
    process: BotProcess
    starts: list[float] = field(default_factory=list)
    seen: Counter[str] = field(default_factory=Counter)

    async def start(self) -> None:
        """Start the process and note when."""
        self.starts.append(time.monotonic())
        await self.process.start(ready=None)

    async def send(self, number: int) -> None:
        """The next messages of the plan."""
        for person, text in self.waiting[:number]:
            await person.send(text)
        del self.waiting[:number]

    def open_updates(self) -> int:
        """Updates that are stored and not decided."""
        return self.lotse.number("SELECT count(*) FROM inbox WHERE state = 'open'")

    def unnoted(self) -> int:
        """Messages that are decided and not noted as sent."""
        return self.lotse.number("SELECT count(*) FROM outbox WHERE state = 'waiting'")

    def delivered_and_not_stored(self) -> int:
        """Updates that the process has in its hands and the database has not."""
        stored = {row[0] for row in self.lotse.rows("SELECT update_id FROM inbox")}
        return sum(1 for update in self.world.emu.queue.values() if update.delivered and str(update.id) not in stored)

    async def frozen_while(self, look: Callable[[], int], rng: random.Random) -> None:
        """Let it work for a random while and stop it in its tracks; go on until something lies there at that instant."""
        end = time.monotonic() + LONG
        while time.monotonic() < end:
            await asyncio.sleep(rng.uniform(0, 0.04))
            os.killpg(self.process.pid, signal.SIGSTOP)
            if look() > 0:
                return
            os.killpg(self.process.pid, signal.SIGCONT)
            await until(lambda: look() > 0, step=0.002)
        raise AssertionError(f"never caught at work\n{self.process.tail()}")

    async def kill(self, phase: str, look: Callable[[], int]) -> None:
        """SIGKILL at this very instant; then nothing can change any more, and what lies there is counted."""
        await self.process.kill9()
        self.seen[phase] += look() > 0


async def set_up(make_installation: MakeInstallation, world: TelegramWorld, kind: str, *, by_webhook: bool) -> Trial:
    """An installation and 200 messages that wait to be sent, each chat's in order, chats mixed."""
    lotse = make_installation(world, kind)
    if by_webhook:
        lotse.extra |= {"LOTSE_WEBHOOK_SECRET": "a-secret", "LOTSE_PUBLIC_URL": lotse.base}
    people = [world.user(900_001 + n, first_name=f"P{n}") for n in range(CHATS)]
    lines = [plan(n) for n in range(CHATS)]
    rng = random.Random(SEED)
    order = rng.sample(range(CHATS), CHATS) * PER_CHAT
    used: Counter[int] = Counter()
    waiting = []
    for chat in order:
        waiting.append((people[chat], lines[chat][used[chat]]))
        used[chat] += 1
    return Trial(lotse, world, people, waiting, lotse.process())


async def finish(trial: Trial) -> None:
    """Let everything come to rest, without any fault."""
    trial.world.emu.faults.clear()
    await ready(trial.process)
    await until(lambda: not trial.world.emu.queue and trial.lotse.outbox_is_empty(), "all is answered", 120)
    assert await trial.process.stop() == 0, trial.process.tail()


async def before_the_inbox_commit(trial: Trial, rng: random.Random) -> None:
    """The process has fetched updates and cannot store them."""
    await until(lambda: not trial.world.emu.queue, "what came earlier is stored and confirmed")
    with writing_held_up(trial.lotse):
        await trial.send(PER_KILL)
        await until(lambda: trial.delivered_and_not_stored() > 0, "updates are in its hands")
        await asyncio.sleep(rng.uniform(0, 0.2))
        await trial.kill("before the inbox commit", trial.delivered_and_not_stored)


async def before_the_decision(trial: Trial, rng: random.Random) -> None:
    """Updates that this process has stored are not all decided."""
    stored = trial.lotse.number("SELECT count(*) FROM inbox")
    await trial.send(PER_KILL)
    await until(lambda: trial.lotse.number("SELECT count(*) FROM inbox") > stored, step=0.002)
    await trial.frozen_while(trial.open_updates, rng)
    await trial.kill("before the decision", trial.open_updates)


async def before_the_note_of_sending(trial: Trial, rng: random.Random) -> None:
    """Telegram has taken messages of this process, or is about to, and the database does not know it yet."""
    fault = trial.world.fault("sendMessage", "delay", times=-1, seconds=0.4, after=rng.random() < 0.7)
    await trial.send(PER_KILL)
    await until(lambda: fault.hits, "something is being sent")
    await trial.frozen_while(trial.unnoted, rng)
    await trial.kill("before the note of sending", trial.unnoted)
    trial.world.emu.faults.remove(fault)


async def killed_twenty_times(make_installation: MakeInstallation, kind: str, *, by_webhook: bool) -> None:
    """The trial, with a control run before it that is never killed."""
    async with TelegramWorld() as calm, TelegramWorld(webhook_retry_scale=0.1) as world:
        control = await set_up(make_installation, calm, kind, by_webhook=by_webhook)
        trial = await set_up(make_installation, world, kind, by_webhook=by_webhook)
        try:
            await control.start()
            await control.send(CHATS * PER_CHAT)
            await finish(control)
            await play(trial)
        finally:
            await control.process.stop()
            await trial.process.stop()
        compare(kind, control, trial)
        assert not refused_by_mistake(calm) and not refused_by_mistake(world)


async def play(trial: Trial) -> None:
    """Start and kill, twenty times, while 200 messages are written; then let it finish."""
    rng = random.Random(SEED)
    instants = [before_the_inbox_commit] * 6 + [before_the_decision] * 7 + [before_the_note_of_sending] * 7
    rng.shuffle(instants)
    assert len(instants) == KILLS
    for instant in instants:
        await trial.start()
        await ready(trial.process)
        await instant(trial, rng)
    await trial.start()
    assert not trial.waiting, "all 200 messages have been written"
    await finish(trial)


def compare(kind: str, control: Trial, trial: Trial) -> None:
    """None lost, order kept in each chat, at most one duplicate per chat per kill."""
    assert all(trial.seen[phase] >= 5 for phase in (
        "before the inbox commit", "before the decision", "before the note of sending")), (kind, trial.seen)
    total = 0
    for calm, person in zip(control.people, trial.people, strict=True):
        expected = said(calm)
        assert len(expected) > PER_CHAT, calm.transcript()
        came = [(event.ts, re.sub(r"\s+", " ", event.json.get("text", ""))) for event in person.chat.events if event.kind == "new"]
        again = duplicates(expected, came)
        total += len(again)
        after_start = Counter(sum(moment > start for start in trial.starts) for moment in again)
        assert all(number <= 1 for number in after_start.values()), f"{kind}: {after_start}\n{person.transcript()}"
    assert trial.lotse.number("SELECT count(*) FROM inbox WHERE state = 'done'") == CHATS * PER_CHAT
    assert trial.lotse.number("SELECT count(*) FROM outbox WHERE state <> 'sent'") == 0
    print(f"\n{kind}: kills {dict(trial.seen)}; {total} duplicates in {CHATS} chats")


async def test_killed_twenty_times_among_two_hundred_messages_nothing_is_lost_and_the_order_is_kept(
        make_installation: MakeInstallation, has_postgres: bool) -> None:
    # Side by side, because most of the time goes into starting again: polling on SQLite, the webhook on PostgreSQL.
    async with asyncio.TaskGroup() as both:
        both.create_task(killed_twenty_times(make_installation, "sqlite", by_webhook=False))
        if has_postgres:
            both.create_task(killed_twenty_times(make_installation, "postgres", by_webhook=True))


async def test_two_processes_on_one_postgres_share_the_work_and_send_each_message_once_and_in_order(
        make_installation: MakeInstallation, world: TelegramWorld, fresh_postgres: object) -> None:
    trial = await set_up(make_installation, world, "postgres", by_webhook=False)
    workers = [trial.lotse.process("run", "--only", "worker,sender") for _ in range(2)]
    receiver = trial.lotse.process("run", "--only", "telegram")
    try:
        # One after the other: the first start creates the key.
        for process in (receiver, *workers):
            await process.start(ready=None)
            await ready(process)
        await trial.send(CHATS * PER_CHAT)
        await until(lambda: not world.emu.queue and trial.lotse.outbox_is_empty(), "all is answered", 120)
        used = [process.cpu() for process in workers]
    finally:
        for process in (receiver, *workers):
            await process.stop()
    assert all(process.proc.returncode == 0 for process in (receiver, *workers)), [p.tail(5) for p in workers]
    for number, person in enumerate(trial.people):
        texts = said(person)
        assert len(texts) == PER_CHAT + 1, person.transcript()
        assert len(set(texts)) == len(texts), "nothing came twice"
        asked = [text.split("-")[-1].replace("__", ".") for text in plan(number)]
        shown = [topic for message in person.messages() for row in message.buttons for button in row
                 if (topic := _helped(button.callback_data))]
        assert shown == asked, "the order of a chat is kept"
    print(f"\nprocessor seconds of the two workers: {used}")


def _helped(data: str | None) -> str | None:
    return data.split("|")[1] if data and data.startswith("h|") and data.endswith("|1") else None
