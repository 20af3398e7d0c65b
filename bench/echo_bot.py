"""The yardstick: a bare python-telegram-bot application that answers every text with the same text."""

from __future__ import annotations

import os
from typing import Any

from telegram import Update
from telegram.ext import Application, ContextTypes, MessageHandler, filters


async def echo(update: Update, _context: ContextTypes.DEFAULT_TYPE) -> None:
    """Say it again."""
    if update.message and update.message.text:
        await update.message.reply_text(update.message.text)


def main() -> None:
    """Poll until stopped. Nothing is stored, nothing is understood, several updates at once."""
    base = os.environ["TELEGRAM_API_URL"]
    application: Application[Any, Any, Any, Any, Any, Any] = (
        Application.builder().token(os.environ["TELEGRAM_TOKEN"])
        .base_url(base + "/bot").base_file_url(base + "/file/bot")
        .concurrent_updates(64).connection_pool_size(64).build())
    application.add_handler(MessageHandler(filters.TEXT, echo))
    application.run_polling()


if __name__ == "__main__":
    main()
