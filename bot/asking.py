"""Asking without a channel: `lotse ask` and `lotse chat` run the very same conversation, with nothing stored."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from bot.conversation.environment import Environment
from bot.conversation.model import CaseDraft, ErasureResult, Event, OpenCase, Person, Reply, Turn
from bot.conversation.router import converse
from bot.processing import understand
from core.clock import now
from core.languages import CODES, FALLBACK
from core.markdown import to_plain
from nlu.model import Engine

MOST_CHATS = 10_000


class NoCases:
    """`Cases` where nobody is on duty: the conversation says so, as it would in such a town."""

    def __init__(self, staffed: frozenset[str] = frozenset()) -> None:
        self._staffed = staffed

    async def staffed_offices(self) -> frozenset[str]:
        """The offices that take cases in the database at hand, none without one."""
        return self._staffed

    async def open_case(self, person: Person, draft: CaseDraft) -> OpenCase:
        """Nothing is opened here; the number says so."""
        return OpenCase("trial", f"{draft.prefix}-0000-0000", draft.office)

    async def open_cases(self, person: Person) -> Sequence[OpenCase]:
        """There are none."""
        return []

    async def add_message(self, case: OpenCase, text: str) -> None:
        """There is no case to write to."""

    async def withdraw(self, case: OpenCase) -> None:
        """There is no case to withdraw."""


class NoRecords:
    """`Records` where nothing is stored beyond the process."""

    async def export(self, person: Person) -> dict[str, Any]:
        """Only the state of this conversation."""
        return {
            "profile": {"language": person.language, "town": person.town},
            "messages": [],
            "cases": [],
            "consents": [],
        }

    async def erase(self, person: Person) -> ErasureResult:
        """Forget the state."""
        fresh = Person()
        for field in dataclasses.fields(Person):
            setattr(person, field.name, getattr(fresh, field.name))
        return ErasureResult()

    async def recent_words(self, person: Person, limit: int = 6) -> list[tuple[str, str]]:
        """Nothing is remembered word by word."""
        return []


class Asker:
    """Holds the conversations of one run, by chat name; the oldest are forgotten beyond some thousands."""

    def __init__(self, engine: Engine, environment: Environment, staffed: frozenset[str] = frozenset()) -> None:
        self._engine, self._env, self._cases = engine, environment, NoCases(staffed)
        self._people: dict[str, Person] = {}

    async def turn(self, event: Event, person: Person) -> Turn:
        """One event of one person."""
        understanding = understand(self._engine, self._env, event, person)
        turn = Turn(event, person, now(), self._cases, NoRecords())
        await converse(turn, self._env, understanding)
        return turn

    def person(self, chat: str | None, language: str | None, town: str | None) -> Person:
        """The person of a chat, or a fresh one. Hints are as from an earlier choice."""
        person = self._people.get(chat, None) if chat else None
        if person is None:
            person = Person(introduced=True, town_asked=True)
            if chat:
                self._people[chat] = person
                if len(self._people) > MOST_CHATS:
                    self._people.pop(next(iter(self._people)))
        if language in CODES and not person.language_chosen:
            person.language, person.language_chosen = str(language), True
        if town:
            match = next((m for m in self._env.towns.typed(town) if m.certain), None)
            person.town = match.town.name if match and match.town else person.town
            person.other_place = match is None or match.town is None
        return person

    async def ask(
        self, text: str, *, chat: str | None = None, language: str | None = None, town: str | None = None
    ) -> dict[str, Any]:
        """Answer one message; the keys of the result are the contract of `lotse ask --jsonl`."""
        person = self.person(chat, language, town)
        turn = await self.turn(Event("text", text=text[:4096]), person)
        report = {
            "language": person.language or FALLBACK,
            "topic": None,
            "confidence": 0.0,
            "action": "unsure",
            "alternatives": [],
            "aspect": None,
            "aspects": [],
            "services": [],
            "sources": [],
            "reasons": [],
            **turn.report,
            "reply": plain(turn.replies),
        }
        order = (
            "language",
            "topic",
            "confidence",
            "action",
            "alternatives",
            "aspect",
            "aspects",
            "reply",
            "services",
            "sources",
            "reasons",
        )
        return {key: report[key] for key in order}


def plain(replies: Sequence[Reply]) -> str:
    """What a person reads, all messages of one answer."""
    return "\n\n".join(to_plain(reply.markdown, rtl=reply.rtl) for reply in replies)
