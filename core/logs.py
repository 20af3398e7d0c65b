"""Log lines carry ids and figures, never people's words and never the bot token."""

from __future__ import annotations

import logging
import sys

import structlog


def configure(level: str) -> None:
    """One line per event on standard error; libraries that would log addresses with the token are kept quiet."""
    numeric = getattr(logging, level.upper())
    logging.basicConfig(level=numeric, stream=sys.stderr, format="%(levelname)s %(name)s %(message)s", force=True)
    # httpx logs each request's URL at INFO, and Telegram's URLs hold the token.
    for name in ("httpx", "httpcore", "telegram", "alembic", "aiosqlite", "uvicorn.access", "uvicorn.error", "asyncio"):
        logging.getLogger(name).setLevel(logging.WARNING)
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.KeyValueRenderer(key_order=["timestamp", "level", "event"]),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(numeric),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
