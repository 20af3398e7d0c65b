"""Telegram as a platform: sends replies, names what went wrong, answers button presses at once."""

from __future__ import annotations

import asyncio
import time
import warnings
from collections import deque
from typing import Any

import httpx
import structlog
from telegram import Bot, InlineKeyboardButton, InlineKeyboardMarkup, InputFile, LinkPreviewOptions, Message
from telegram.constants import ParseMode
from telegram.error import (
    BadRequest,
    ChatMigrated,
    EndPointNotFound,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TelegramError,
    TimedOut,
)
from telegram.request import HTTPXRequest
from telegram.warnings import PTBUserWarning

from bot.conversation.model import Reply
from bot.delivery.model import Rejected, RetryLater, Unreachable
from core.errors import TokenRefused
from core.markdown import to_telegram_html

log = structlog.get_logger()

# Raw updates are stored as they come: one malformed update must not lose the others of its batch.
warnings.filterwarnings("ignore", message="Please use 'Bot.getUpdates'", category=PTBUserWarning)

UPDATES = ["message", "edited_message", "callback_query", "my_chat_member"]
GONE = ("chat not found", "user is deactivated", "bot was blocked", "bot was kicked", "peer_id_invalid")
POLL_SECONDS = 25
FEW_SECONDS = 1.0


def make_bot(token: str, api_url: str, proxy: str | None = None) -> Bot:
    """The library's client on any Bot API server; connections for many chats at once."""
    base = api_url.rstrip("/")
    limits: dict[str, Any] = {"connect_timeout": 10, "read_timeout": 15, "write_timeout": 15, "pool_timeout": 30}
    try:
        return Bot(
            token,
            base_url=base + "/bot",
            base_file_url=base + "/file/bot",
            request=HTTPXRequest(connection_pool_size=48, proxy=proxy, **limits),
            get_updates_request=HTTPXRequest(connection_pool_size=1, proxy=proxy, **limits),
        )
    except InvalidToken:
        raise TokenRefused("TELEGRAM_TOKEN is not a bot token. Copy it again from @BotFather.") from None


class TelegramPlatform:
    """Delivers replies; tells a limit of one chat from a limit of the whole bot."""

    def __init__(self, bot: Bot) -> None:
        self.bot = bot
        self._recent_limits: deque[tuple[float, str]] = deque(maxlen=50)

    async def deliver(self, lane: str, address: str, reply: Reply) -> str:
        """Send one message; raises RetryLater, Unreachable or Rejected."""
        try:
            message = await self._send(int(address), reply)
        except RetryAfter as error:
            raise RetryLater(_seconds(error), "too many messages", whole_bot=self._is_bot_limit(lane)) from None
        except Forbidden:
            raise Unreachable from None
        except ChatMigrated:
            raise Rejected("the group has moved") from None
        except BadRequest as error:
            if any(sign in error.message.lower() for sign in GONE):
                raise Unreachable from None
            raise Rejected(error.message) from None
        except TimedOut:
            raise RetryLater(0, "time-out") from None
        except (NetworkError, TelegramError) as error:
            raise RetryLater(0, type(error).__name__) from None
        return str(message.message_id)

    async def _send(self, chat_id: int, reply: Reply) -> Message:
        text = to_telegram_html(reply.markdown, rtl=reply.rtl)
        if reply.attachment is not None:
            return await self.bot.send_document(
                chat_id,
                InputFile(reply.attachment.content.encode(), filename=reply.attachment.name),
                caption=text,
                parse_mode=ParseMode.HTML,
                reply_markup=_keyboard(reply),
            )
        return await self.bot.send_message(
            chat_id,
            text,
            parse_mode=ParseMode.HTML,
            reply_markup=_keyboard(reply),
            link_preview_options=LinkPreviewOptions(is_disabled=True),
        )

    def _is_bot_limit(self, lane: str) -> bool:
        """A 429 in three chats within a second means the bot, one alone means that chat."""
        at = time.monotonic()
        self._recent_limits.append((at, lane))
        return len({seen for moment, seen in self._recent_limits if at - moment < FEW_SECONDS}) >= 3

    async def answer_press(self, callback_id: str) -> None:
        """Take the waiting sign off a button; expires in seconds, so it is tried once and never queued."""
        try:
            await self.bot.answer_callback_query(callback_id)
        except TelegramError as error:
            log.info("press not answered", error=type(error).__name__)

    async def fetch_updates(self, offset: int | None) -> list[dict[str, Any]]:
        """One long poll, as raw JSON."""
        wanted = {"timeout": POLL_SECONDS, "limit": 100, "allowed_updates": UPDATES}
        if offset is not None:
            wanted["offset"] = offset
        try:
            result = await self.bot.do_api_request("getUpdates", api_kwargs=wanted, read_timeout=POLL_SECONDS + 10)
        except EndPointNotFound:
            # What the library makes of a refused token here; asked another way, it says so (InvalidToken).
            await self.bot.get_me()
            raise
        return result if isinstance(result, list) else []


def _keyboard(reply: Reply) -> InlineKeyboardMarkup | None:
    if not reply.keyboard:
        return None
    return InlineKeyboardMarkup(
        [
            [
                InlineKeyboardButton(b.label, url=b.url)
                if b.url
                else InlineKeyboardButton(b.label, callback_data=b.data)
                for b in row
            ]
            for row in reply.keyboard
        ]
    )


def _seconds(error: RetryAfter) -> float:
    value = error.retry_after
    return float(value) if isinstance(value, (int, float)) else value.total_seconds()


async def until_reachable(bot: Bot, *, first: float = 1.0, longest: float = 30.0) -> None:
    """Wait until Telegram answers for this token. Says so while it waits; TokenRefused if the token is unknown."""
    wait = first
    while True:
        try:
            await bot.initialize()
        except InvalidToken:
            raise TokenRefused(
                "Telegram does not know this token (TELEGRAM_TOKEN). Copy it again from @BotFather."
            ) from None
        except (TelegramError, httpx.HTTPError) as error:
            log.warning("Telegram cannot be reached, trying again", seconds=round(wait, 1), error=type(error).__name__)
            await asyncio.sleep(wait)
            wait = min(longest, wait * 2)
        else:
            return
