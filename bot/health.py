"""`/health` for a watchdog and `/metrics` for Prometheus: figures, no content, no people."""

from __future__ import annotations

from typing import Any

from prometheus_client import CollectorRegistry, Gauge, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from bot import counters
from bot.channels.telegram import TelegramChannel
from bot.delivery.inbox import Inbox
from bot.delivery.outbox import Outbox
from core.clock import now
from core.database import Database, is_away

COUNTED = ("question", "answered", "clarified", "unsure", "safety", "case_opened")


class Health:
    """Reads the state of the process and its queues."""

    def __init__(self, database: Database, inbox: Inbox, outbox: Outbox, telegram: TelegramChannel | None) -> None:
        self._database, self._inbox, self._outbox, self._telegram = database, inbox, outbox, telegram

    async def figures(self) -> dict[str, float]:
        """Waiting messages, the age of the oldest in seconds, dead letters."""
        async with self._database.reading() as connection:
            incoming, oldest_in = await self._inbox.waiting(connection)
            outgoing, oldest_out = await self._outbox.waiting(connection)
            figures: dict[str, float] = {
                "inbox_waiting": incoming, "outbox_waiting": outgoing,
                "inbox_oldest_seconds": (now() - oldest_in).total_seconds() if oldest_in else 0.0,
                "outbox_oldest_seconds": (now() - oldest_out).total_seconds() if oldest_out else 0.0,
                "dead_letters": await self._inbox.dead_letters(connection),
            }
            for what in COUNTED:
                figures[f"{what}_count"] = await counters.total(connection, what)
        return figures

    async def page(self, _request: Request) -> Response:
        """200 while the database answers, 503 otherwise; says whether Telegram is being received."""
        telegram = None if self._telegram is None else self._telegram.receiving
        try:
            state: dict[str, Any] = {"ok": True, "database": True, "telegram": telegram, **await self.figures()}
        except Exception as error:
            if not is_away(error):
                raise
            return JSONResponse({"ok": False, "database": False, "telegram": telegram}, 503)
        return JSONResponse(state)

    async def metrics(self, _request: Request) -> Response:
        """The same figures in Prometheus's text format."""
        registry = CollectorRegistry()
        for name, value in (await self.figures()).items():
            Gauge(f"lotse_{name}", name.replace("_", " "), registry=registry).set(value)
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)
