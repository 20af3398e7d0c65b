"""Stand-ins for what lies outside the conversation and the delivery, and a person who chats."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.conversation.environment import Environment
from bot.conversation.model import CaseDraft, ErasureResult, Event, OpenCase, Person, Reply, Turn
from bot.conversation.router import converse, needs_understanding
from bot.delivery.model import InboxRow
from bot.people import person_from_json, person_to_json
from core.markdown import to_plain, to_telegram_html
from nlu.model import Understanding
from tests.factories import environment, understood

LONGEST_MESSAGE = 4096
LONGEST_DATA = 64


class FakeEngine:
    """Understands what it was told to; everything else as a question about registering at school."""

    languages = ("de", "en", "ar")

    def __init__(self, known: dict[str, Understanding] | None = None) -> None:
        self.known = known or {}
        self.asked: list[tuple[str, str | None, str | None]] = []

    def understand(self, text: str, *, language: str | None = None, last_topic: str | None = None) -> Understanding:
        self.asked.append((text, language, last_topic))
        return self.known.get(text) or understood()


class FakeCases:
    """Cases in memory."""

    def __init__(self, *staffed: str) -> None:
        self.staffed = frozenset(staffed)
        self.drafts: list[CaseDraft] = []
        self.open: list[OpenCase] = []
        self.messages: list[tuple[str, str]] = []
        self.withdrawn: list[str] = []

    async def staffed_offices(self) -> frozenset[str]:
        return self.staffed

    async def open_case(self, person: Person, draft: CaseDraft) -> OpenCase:
        self.drafts.append(draft)
        case = OpenCase(f"case-{len(self.drafts)}", f"{draft.prefix}-2026-{len(self.drafts):04d}", "KIM Nord")
        self.open.insert(0, case)
        return case

    async def open_cases(self, person: Person) -> Sequence[OpenCase]:
        return list(self.open)

    async def add_message(self, case: OpenCase, text: str) -> None:
        self.messages.append((case.number, text))

    async def withdraw(self, case: OpenCase) -> None:
        self.withdrawn.append(case.number)
        self.open.remove(case)


class FakeRecords:
    """What is stored about a person, as far as a test says."""

    def __init__(self) -> None:
        self.data: dict[str, Any] = {"messages": [], "cases": [], "consents": []}
        self.held: tuple[tuple[str, str, str], ...] = ()
        self.erased = 0

    async def export(self, person: Person) -> dict[str, Any]:
        return self.data

    async def erase(self, person: Person) -> ErasureResult:
        self.erased += 1
        return ErasureResult(self.held)

    async def recent_words(self, person: Person, limit: int = 6) -> list[tuple[str, str]]:
        return [("person", "Hallo")]


class Chat:
    """A person who writes and presses; between two messages the person is stored and loaded as in life.

    Every reply is checked against what Telegram takes.
    """

    def __init__(self, env: Environment | None = None, person: Person | None = None, *,
                 staffed: tuple[str, ...] = ("nord", "sued"), profile: str | None = "de") -> None:
        self.env = env or environment()
        self.person = person or Person(id="n1")
        self.cases, self.records = FakeCases(*staffed), FakeRecords()
        self.profile = profile
        self.at = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
        self.shown: list[tuple[str, Reply]] = []
        self.turn: Turn | None = None

    async def says(self, text: str, understanding: Understanding | None = None, **changes: Any) -> list[Reply]:
        """Typed words, understood as given."""
        return await self.does(Event("text", text=text, message="1", profile_language=self.profile),
                               understanding or understood(**changes))

    async def presses(self, wanted: str, *, again: bool = False) -> list[Reply]:
        """The newest button with this label, or whose data begins or ends so; `again` at the same moment."""
        for number, reply in reversed(self.shown):
            for button in (button for row in reply.keyboard for button in row):
                if wanted in {button.label, button.data} or button.data.endswith(f"|{wanted}"):
                    return await self.data(button.data, message=number, seconds=0 if again else 60)
        raise AssertionError(f"there is no button {wanted!r}")

    async def data(self, data: str, *, message: str | None = "1", seconds: int = 60) -> list[Reply]:
        """A button by what it carries."""
        return await self.does(Event("button", data=data, message=message, profile_language=self.profile), seconds=seconds)

    async def command(self, name: str, argument: str = "") -> list[Reply]:
        return await self.does(Event("command", name=name, text=argument, profile_language=self.profile))

    async def does(self, event: Event, understanding: Understanding | None = None, *, seconds: int = 60) -> list[Reply]:
        self.at += timedelta(seconds=seconds)
        stored = json.loads(json.dumps(person_to_json(self.person)))
        turn = Turn(event, person_from_json(self.person.id, stored), self.at, self.cases, self.records)
        await converse(turn, self.env, understanding if needs_understanding(event) else None)
        self.turn = turn
        self.person = Person(id=self.person.id) if turn.erased else turn.person
        for reply in turn.replies:
            check_reply(reply)
            self.shown.append((str(len(self.shown) + 100), reply))
        return turn.replies

    def text(self, key: str, language: str | None = None, **values: object) -> str:
        return self.env.texts(key, language or self.env.language_or_fallback(self.person.language), **values)

    @property
    def counts(self) -> list[tuple[str, str]]:
        return [(count.what, count.topic) for count in self.turn.counts] if self.turn else []


def check_reply(reply: Reply) -> None:
    """What Telegram refuses must never leave the conversation."""
    rendered = to_telegram_html(reply.markdown, rtl=reply.rtl)
    assert rendered.strip()
    assert len(to_plain(reply.markdown, rtl=reply.rtl).encode("utf-16-le")) // 2 <= LONGEST_MESSAGE
    for button in (button for row in reply.keyboard for button in row):
        assert button.label.strip(), reply
        assert bool(button.data) != bool(button.url), button
        assert len(button.data.encode()) <= LONGEST_DATA, button.data
    assert all(reply.keyboard), "an empty row of buttons"
    assert Reply.from_json(json.loads(json.dumps(reply.as_json()))) == reply


def said(replies: Sequence[Reply]) -> str:
    """All that a person reads, direction marks left out."""
    return "\n\n".join(to_plain(reply.markdown) for reply in replies)


def labels(replies: Sequence[Reply]) -> list[str]:
    return [button.label for reply in replies for row in reply.keyboard for button in row]


def data_of(replies: Sequence[Reply]) -> list[str]:
    return [button.data for reply in replies for row in reply.keyboard for button in row]


class FakePlatform:
    """Takes messages, or raises what a test has prepared for the next attempts of an address."""

    def __init__(self) -> None:
        self.delivered: list[tuple[str, str]] = []
        self.troubles: dict[str, list[Exception]] = {}
        self.attempts = 0
        self.seconds = 0.0
        self.at_once = self.most_at_once = 0

    async def deliver(self, lane: str, address: str, reply: Reply) -> str:
        self.attempts += 1
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            await asyncio.sleep(self.seconds)
        finally:
            self.at_once -= 1
        if self.troubles.get(address):
            raise self.troubles[address].pop(0)
        self.delivered.append((address, reply.markdown))
        return str(len(self.delivered))

    def to(self, address: str) -> list[str]:
        return [words for to, words in self.delivered if to == address]


class FakeHandler:
    """Writes down what the worker brings; `fails` holds errors by the text of the update."""

    def __init__(self, open_row: Callable[[InboxRow], dict[str, Any]]) -> None:
        self._open = open_row
        self.decided: list[str] = []
        self.apologies: list[str] = []
        self.prepare_fails: dict[str, list[Exception]] = {}
        self.decide_fails: dict[str, list[Exception]] = {}
        self.seconds = 0.0
        self.at_once = self.most_at_once = 0
        self.on_decide: Callable[[AsyncConnection, str], Any] | None = None

    async def prepare(self, row: InboxRow) -> str:
        text = str(self._open(row)["text"])
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            await asyncio.sleep(self.seconds)
        finally:
            self.at_once -= 1
        if self.prepare_fails.get(text):
            raise self.prepare_fails[text].pop(0)
        return text

    async def decide(self, connection: AsyncConnection, row: InboxRow, prepared: str) -> None:
        if self.on_decide is not None:
            await self.on_decide(connection, prepared)
        if self.decide_fails.get(prepared):
            raise self.decide_fails[prepared].pop(0)
        self.decided.append(prepared)

    async def apologise(self, connection: AsyncConnection, row: InboxRow) -> None:
        self.apologies.append(row.lane)
