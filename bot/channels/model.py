"""What every channel gives the rest: where to answer, and what happened."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from bot.conversation.model import Event


@dataclass(frozen=True)
class Arrival:
    """A stored update, translated. `address` is where the answer goes, as the platform writes it.

    `kept` is the row in which our own platform (the chat page) keeps the person's words for showing them again.
    """

    address: str
    event: Event
    kept: int | None = None


class Translator(Protocol):
    """Turns a channel's stored updates into events."""

    def __call__(self, payload: dict[str, Any]) -> Arrival | None:
        """Read one update; None for an update that needs no answer."""
        ...
