"""What has to be done now and then: retention."""

from __future__ import annotations

import asyncio

import sqlalchemy as sa
import structlog

from bot.channels import web
from bot.delivery.inbox import Inbox
from bot.delivery.outbox import Outbox
from bot.people import People
from core.database import Database, is_away
from core.settings import Settings
from handoff import records
from handoff.tables import ticket

log = structlog.get_logger()

EVERY_SECONDS = 3600.0


async def apply_retention(database: Database, people: People, inbox: Inbox, outbox: Outbox,
                          settings: Settings) -> dict[str, int]:
    """Delete what is past its time; the same settings feed the privacy text. Returns how much went."""
    async with database.transaction() as connection:
        return {
            "dialogue": await people.forget_old_dialogues(
                connection, settings.retention_dialogue_days, sa.select(ticket.c.newcomer_id)),
            "cases": await records.erase_expired(connection, settings.retention_cases_days),
            "access": await records.erase_old_access(connection, settings.retention_access_days),
            "received": await inbox.forget_old(connection, settings.retention_dialogue_days),
            "sent": await outbox.forget_old(connection, settings.retention_dialogue_days),
            "shown": await web.forget_old(connection),
        }


async def run_jobs(database: Database, people: People, inbox: Inbox, outbox: Outbox, settings: Settings) -> None:
    """Apply retention at start and then every hour, until cancelled."""
    while True:
        try:
            gone = await apply_retention(database, people, inbox, outbox, settings)
            if any(gone.values()):
                log.info("retention applied", **gone)
        except Exception as error:
            if not is_away(error):
                raise
            log.warning("database away", part="jobs", error=type(error).__name__)
        await asyncio.sleep(EVERY_SECONDS)
