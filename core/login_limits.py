"""How often a password may be tried, without a way to lock somebody out.

A browser that has signed in to the account before has a limit of its own, so strangers who guess do not block it. All
others share: few tries per account and address, more per address, and a loose limit per account over all addresses.
Counted in this process's memory; only failures count.
"""

from __future__ import annotations

import ipaddress
import math
import time
from dataclasses import dataclass

from limits import RateLimitItem, parse
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import MovingWindowRateLimiter

_KNOWN_BROWSER = parse("10 per 15 minutes")
_ACCOUNT_AND_ADDRESS = parse("5 per 15 minutes")
_ADDRESS = parse("40 per 15 minutes")
_ACCOUNT = parse("100 per hour")


@dataclass(frozen=True)
class Attempt:
    """One try to sign in. `device` is set where the browser is known to the account."""

    login: str
    address: str
    device: str | None = None

    def limits(self) -> list[tuple[RateLimitItem, tuple[str, ...]]]:
        """The limits that apply to it."""
        login = self.login.strip().lower()
        if self.device is not None:
            return [(_KNOWN_BROWSER, ("device", login, self.device))]
        network = _network(self.address)
        return [(_ACCOUNT_AND_ADDRESS, ("both", login, network)), (_ADDRESS, ("address", network)),
                (_ACCOUNT, ("account", login))]


def _network(address: str) -> str:
    """An IPv6 customer has a whole /64: it counts as one address."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    return str(ipaddress.ip_network(f"{parsed}/64", strict=False)) if parsed.version == 6 else str(parsed)


class LoginLimits:
    """Counts failed tries."""

    def __init__(self) -> None:
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    async def minutes_to_wait(self, attempt: Attempt) -> int:
        """0 if the try may go on, else how many minutes until the next one may."""
        waits = [0]
        for limit, keys in attempt.limits():
            if not await self._limiter.test(limit, *keys):
                window = await self._limiter.get_window_stats(limit, *keys)
                waits.append(max(1, math.ceil((window.reset_time - time.time()) / 60)))
        return max(waits)

    async def failed(self, attempt: Attempt) -> None:
        """The password was wrong."""
        for limit, keys in attempt.limits():
            await self._limiter.hit(limit, *keys)

    async def succeeded(self, attempt: Attempt) -> None:
        """The password was right: earlier slips at this place are forgotten."""
        limit, keys = attempt.limits()[0]
        await self._limiter.clear(limit, *keys)
