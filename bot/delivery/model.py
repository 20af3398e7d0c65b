"""What passes between the channels, the inbox, the outbox and the platforms."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from bot.conversation.model import Reply


@dataclass(frozen=True)
class Received:
    """A raw update as a channel hands it over. `lane` is the pseudonym of the chat; `update_id` unique per bot."""

    bot: str
    update_id: str
    lane: str
    payload: dict[str, Any]


@dataclass(frozen=True)
class InboxRow:
    """The oldest open update of a lane."""

    id: int
    bot: str
    lane: str
    payload: bytes
    attempts: int
    not_before: datetime | None


@dataclass(frozen=True)
class OutboxRow:
    """The oldest waiting message of a lane."""

    id: int
    bot: str
    lane: str
    payload: bytes
    attempts: int
    not_before: datetime | None
    reference: str | None


class Platform(Protocol):
    """Where messages go: Telegram, or the chat page. Raises one of the errors below when it does not take one."""

    async def deliver(self, lane: str, address: str, reply: Reply) -> str:
        """Hand one message over and return the platform's id for it."""
        ...


class RetryLater(Exception):
    """The platform cannot take the message now. `whole_bot`: nothing of this bot before the time is over."""

    def __init__(self, seconds: float, reason: str, *, whole_bot: bool = False) -> None:
        super().__init__(reason)
        self.seconds, self.reason, self.whole_bot = seconds, reason, whole_bot


class Unreachable(Exception):
    """The person has blocked the bot or is gone."""


class Rejected(Exception):
    """The platform will never take this message: a mistake of ours, recorded."""
