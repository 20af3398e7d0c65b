"""What the desk needs from the conversation's side: words go to the newcomer, and what became of them comes back."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncConnection


class NewcomerMessenger(Protocol):
    """Puts messages for a newcomer into the outbox, inside the caller's transaction. It never sees internal notes."""

    async def send(self, connection: AsyncConnection, newcomer_id: str, text: str, *, office: str,
                   reference: str) -> None:
        """A case manager's words. `office` is the name that the person reads as the speaker."""
        ...

    async def hand_back(self, connection: AsyncConnection, newcomer_id: str, *, number: str, office: str) -> None:
        """The case is over; the bot speaks again. A newcomer who is gone is no error."""
        ...


class DeliveryStates(Protocol):
    """Looks up what became of messages."""

    async def of(self, connection: AsyncConnection, references: Collection[str]) -> dict[str, str]:
        """waiting, sent, failed or unreachable for each reference that is known."""
        ...


def reference(message_id: int) -> str:
    """How a message of a case is named in the outbox."""
    return f"ticket_message:{message_id}"
