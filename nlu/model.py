"""What understanding a message means: the result, and the interface of the engines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

Aspect = Literal["do", "papers", "cost", "time", "place", "trouble"]
ASPECTS: tuple[Aspect, ...] = ("do", "papers", "cost", "time", "place", "trouble")

Reason = Literal["clear", "low probability", "no clear winner", "empty", "foreign language"]


@dataclass(frozen=True)
class Entities:
    """Details that change the reply; None where the message does not say.

    `child_age` in years, `deadline_days` in days from today (0 = today or past), `deadline` whether a deadline is
    mentioned at all. `areas` are the areas of need named in one message (first parts of topic ids, most likely first),
    `needs` the topics behind them: more than one where clauses of the message are clear by themselves.
    """

    child_age: int | None = None
    deadline: bool = False
    deadline_days: int | None = None
    without_papers: bool = False
    minor_alone: bool = False
    areas: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Understanding:
    """What an engine makes of one message.

    `topics` holds (topic id, probability 0..1), most likely first, at least the best four unless the message is empty.
    `language` is one of the curated codes, or "other" where the message is clearly in none of them.
    `safety` is the safety topic that the recall-first step recognised, before and independent of `topics`.
    `aspect` is what a short follow-up asks for; `is_followup` whether the message only makes sense after another one.
    """

    language: str
    language_confidence: float
    topics: tuple[tuple[str, float], ...]
    safety: str | None = None
    aspect: Aspect | None = None
    is_followup: bool = False
    entities: Entities = field(default_factory=Entities)
    is_unsure: bool = False
    reason: Reason = "clear"

    @property
    def topic(self) -> str | None:
        """The best guess, also when unsure; None for an empty message."""
        return self.topics[0][0] if self.topics else None

    @property
    def confidence(self) -> float:
        """Probability of the best guess, 0 for an empty message."""
        return self.topics[0][1] if self.topics else 0.0


class Engine(Protocol):
    """One way to understand. Engines keep nothing between calls and may be called from several threads."""

    def understand(self, text: str, *, language: str | None = None, last_topic: str | None = None) -> Understanding:
        """Read one message.

        `language` is the chat's language, a prior only; `last_topic` is what the conversation is about, None at its
        beginning. Never raises for any text up to 4,096 characters, whatever it holds.
        """
        ...

    @property
    def languages(self) -> Sequence[str]:
        """Codes of the languages with training data."""
        ...
