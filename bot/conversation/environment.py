"""What a conversation looks things up in: content, texts, towns, and the operator's settings. Nothing here changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from bot.texts import Texts
from core.languages import FALLBACK
from knowledge.library import Library
from knowledge.model import TownMatch


class Towns(Protocol):
    """Finds towns in what people type."""

    def typed(self, text: str) -> Sequence[TownMatch]:
        """Read the answer to the question for the town: best first, at most three."""
        ...

    def in_passing(self, text: str) -> TownMatch | None:
        """A town named inside a message about something else, only where that is certain."""
        ...


@dataclass(frozen=True)
class Operator:
    """Who runs this installation, as newcomers read it; empty strings where not set."""

    name: str = ""
    contact: str = ""
    dpo: str = ""
    imprint: str = ""
    dialogue_days: int = 30
    cases_days: int = 180
    access_days: int = 365


@dataclass(frozen=True)
class Environment:
    """Everything a dialogue may look at besides the person and the message."""

    library: Library
    texts: Texts
    towns: Towns
    operator: Operator
    default_town: str = ""
    carries_telegram: bool = True  # False on the chat page: then nothing is said about Telegram

    @property
    def languages(self) -> tuple[str, ...]:
        """Languages that newcomers can choose."""
        return self.texts.languages

    def language_or_fallback(self, code: str) -> str:
        """The language itself where the bot speaks it, else English."""
        return code if code in self.languages else FALLBACK


def show_date(day: date, language: str) -> str:
    """A calendar day as the language writes it, always with Western digits."""
    if language == "en":
        return f"{day.day} {day:%B} {day.year}"
    return f"{day.day}.{day.month}.{day.year}"


def show_as_of(as_of: str, language: str) -> str:
    """`2024-11-30`, `2024-11` or `2024` as a person reads it."""
    parts = [int(part) for part in as_of.split("-") if part.isdigit()]
    if len(parts) == 3:
        return show_date(date(*parts), language)
    if len(parts) == 2:
        return f"{parts[1]}/{parts[0]}"
    return as_of
