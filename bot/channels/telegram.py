"""The Telegram channel: receives updates by polling or webhook, and sets the bot up."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from collections.abc import Callable, Sequence
from typing import Any

import structlog
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from telegram import BotCommand, BotCommandScopeAllPrivateChats
from telegram.error import Conflict, InvalidToken, RetryAfter, TelegramError

from bot.channels.telegram_client import UPDATES, TelegramPlatform, until_reachable
from bot.channels.telegram_events import chat_of
from bot.delivery.inbox import Inbox
from bot.delivery.model import Received
from bot.texts import Texts
from core.crypto import Vault
from core.database import Database, is_away
from core.errors import TokenRefused
from core.languages import FALLBACK

log = structlog.get_logger()

LARGEST_UPDATE = 1_000_000
LARGEST_ID = 2**63


class TelegramChannel:
    """One bot. `on_stored` is called after each commit of new updates."""

    def __init__(
        self,
        name: str,
        platform: TelegramPlatform,
        database: Database,
        inbox: Inbox,
        vault: Vault,
        on_stored: Callable[[], None],
    ) -> None:
        self.name, self.platform = name, platform
        self._database, self._inbox, self._vault, self._on_stored = database, inbox, vault, on_stored
        self._presses: set[asyncio.Task[None]] = set()
        self.receiving = False

    def received(self, update: dict[str, Any]) -> Received:
        """A raw update with its lane; one without an id gets a hash as id, so that it is not lost."""
        update = _storable(update)
        update_id = update.get("update_id")
        if not isinstance(update_id, int) or isinstance(update_id, bool) or abs(update_id) > LARGEST_ID:
            update_id = hashlib.sha256(json.dumps(update, sort_keys=True).encode()).hexdigest()
        lane = self._vault.pseudonym(f"chat/{self.name}", chat_of(update))
        return Received(self.name, str(update_id), lane, update)

    async def store(self, updates: Sequence[dict[str, Any]]) -> None:
        """Commit updates to the inbox, then take the waiting sign off pressed buttons."""
        rows = [self.received(update) for update in updates]
        async with self._database.transaction() as connection:
            await self._inbox.store(connection, rows)
        self._on_stored()
        for update in updates:
            query = update.get("callback_query")
            if isinstance(query, dict) and isinstance(query.get("id"), str):
                task = asyncio.create_task(self.platform.answer_press(query["id"]))
                self._presses.add(task)
                task.add_done_callback(self._presses.discard)

    # --- polling --------------------------------------------------------------------------------------------------

    async def poll(self) -> None:
        """Receive by long polling until cancelled; an update is confirmed by the next request, after its commit."""
        await self._without_webhook()
        offset: int | None = None
        wait = 0.5
        while True:
            try:
                updates = await self.platform.fetch_updates(offset)
                self.receiving = True
                if updates:
                    await self.store(updates)
                # After an empty answer the offset is confirmed and forgotten: ids may begin anew, even lower, after a
                # quiet week.
                offset = _next_offset(updates)
                wait = 0.5
            except (TelegramError, OSError) as error:
                self.receiving = False
                seconds = await self._explain(error, wait)
                await asyncio.sleep(seconds)
                wait = min(30.0, wait * 2)
            except Exception as error:
                if not is_away(error):
                    raise
                log.warning("database away", part="receiver", error=type(error).__name__)
                await asyncio.sleep(1.0)

    async def _explain(self, error: Exception, wait: float) -> float:
        if isinstance(error, InvalidToken):
            raise TokenRefused(
                "Telegram does not accept this token any more (TELEGRAM_TOKEN). Copy it again from @BotFather."
            ) from None
        if isinstance(error, RetryAfter):
            value = error.retry_after
            return float(value) if isinstance(value, (int, float)) else value.total_seconds()
        if isinstance(error, Conflict):
            log.warning("another process receives for this bot; waiting until it stops", seconds=5)
            return 5.0
        log.warning("Telegram cannot be reached, trying again", seconds=round(wait, 1), error=type(error).__name__)
        return wait

    async def _without_webhook(self) -> None:
        while True:
            try:
                await self.platform.bot.delete_webhook(drop_pending_updates=False)
            except InvalidToken:
                raise TokenRefused("Telegram does not know this token (TELEGRAM_TOKEN).") from None
            except TelegramError as error:
                log.warning("webhook not removed, trying again", error=type(error).__name__)
                await asyncio.sleep(2.0)
            else:
                return

    # --- webhook --------------------------------------------------------------------------------------------------

    async def announce_webhook(self, url: str, secret: str) -> None:
        """Tell Telegram where to deliver; tried until it works."""
        while True:
            try:
                await self.platform.bot.set_webhook(
                    url, secret_token=secret, allowed_updates=UPDATES, max_connections=40, drop_pending_updates=False
                )
            except InvalidToken:
                raise TokenRefused("Telegram does not know this token (TELEGRAM_TOKEN).") from None
            except RetryAfter:
                await asyncio.sleep(1.5)
            except TelegramError as error:
                log.warning("webhook not announced, trying again", error=type(error).__name__)
                await asyncio.sleep(2.0)
            else:
                self.receiving = True
                return

    def webhook(self, secret: str) -> Callable[[Request], Any]:
        """The endpoint for deliveries: answers 200 only after the commit, 503 while the database is away."""

        async def deliver(request: Request) -> Response:
            given = request.headers.get("x-telegram-bot-api-secret-token", "")
            if not hmac.compare_digest(given.encode(), secret.encode()):
                return PlainTextResponse("forbidden", 403)
            body = await request.body()
            if len(body) > LARGEST_UPDATE:
                return PlainTextResponse("too large", 413)
            try:
                update = json.loads(body)
            except (ValueError, RecursionError):
                update = None
            if not isinstance(update, dict):
                return PlainTextResponse("not an update", 400)
            try:
                await self.store([update])
            except Exception as error:
                if not is_away(error):
                    raise
                return PlainTextResponse("try again", 503)
            return PlainTextResponse("ok")

        return deliver

    # --- set-up ---------------------------------------------------------------------------------------------------

    async def set_up(self, texts: Texts, commands: Sequence[str]) -> None:
        """Wait for Telegram, then register commands and description in every language; trouble there stops nothing."""
        await until_reachable(self.platform.bot)
        bot = self.platform.bot
        for code in (None, *texts.languages):
            language = code or FALLBACK
            listed = [BotCommand(name, texts(f"command.{name}", language)) for name in commands]
            try:
                await bot.set_my_commands(listed, scope=BotCommandScopeAllPrivateChats(), language_code=code)
                await bot.set_my_description(texts("bot.description", language), language_code=code)
            except TelegramError as error:
                log.warning("commands not registered", language=language, error=type(error).__name__)


def _storable(update: dict[str, Any]) -> dict[str, Any]:
    """The update without halves of surrogate pairs: JSON can spell them, but no stored text can hold them."""
    text = json.dumps(update, ensure_ascii=False)
    try:
        text.encode()
    except UnicodeEncodeError:
        whole: dict[str, Any] = json.loads(text.encode(errors="replace"))
        return whole
    return update


def _next_offset(updates: Sequence[dict[str, Any]]) -> int | None:
    ids = [update["update_id"] for update in updates if isinstance(update.get("update_id"), int)]
    return ids[-1] + 1 if ids else None
