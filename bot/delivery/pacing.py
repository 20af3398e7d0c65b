"""How fast messages may go out: token buckets for a chat and for the whole bot, kept in this process."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable


class Bucket:
    """Allows `burst` at once and `rate` a second after that."""

    def __init__(self, rate: float, burst: float, clock: Callable[[], float]) -> None:
        self._rate, self._burst, self._clock = rate, burst, clock
        self._tokens, self._at = burst, clock()

    def take(self) -> float:
        """Seconds to wait before the next one may go; 0 means that it may go now and has been counted."""
        at = self._clock()
        self._tokens = min(self._burst, self._tokens + (at - self._at) * self._rate)
        self._at = at
        if self._tokens >= 1:
            self._tokens -= 1
            return 0.0
        return (1 - self._tokens) / self._rate


class Pace:
    """One bucket for the bot, one for each chat written to lately."""

    CHATS = 10_000

    def __init__(self, per_second: float, chat_burst: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._chat_burst = clock, chat_burst
        # A tenth at once and the rest spread: together never more than `per_second` within any second.
        self._bot = Bucket(per_second * 0.9, max(1.0, per_second * 0.1), clock)
        self._chats: OrderedDict[str, Bucket] = OrderedDict()

    def wait_for_chat(self, lane: str) -> float:
        """Seconds until this chat may get its next message: a burst, then one a second."""
        bucket = self._chats.pop(lane, None) or Bucket(1.0, self._chat_burst, self._clock)
        self._chats[lane] = bucket
        if len(self._chats) > self.CHATS:
            self._chats.popitem(last=False)
        return bucket.take()

    def wait_for_bot(self) -> float:
        """Seconds until the bot may send its next message to anybody."""
        return self._bot.take()
