"""The content in use: loaded into the database at start, swapped in memory when an editor publishes."""

from __future__ import annotations

import asyncio
from pathlib import Path

import structlog

from bot.conversation.environment import Environment, Operator
from bot.texts import Texts
from core.database import Database, is_away
from core.settings import Settings
from handoff.offices import sync_offices
from knowledge.files import CONTENT
from knowledge.library import Library
from knowledge.loading import content_version, load_library, sync_files
from knowledge.towns import TownFinder

log = structlog.get_logger()

LOOK_SECONDS = 1.0


class Content:
    """Holds the library of this moment and what the conversations need around it."""

    def __init__(self, settings: Settings, texts: Texts, library: Library, version: int = 0) -> None:
        self._settings, self._texts, self._version = settings, texts, version
        self._environments: dict[bool, Environment] = {}
        self._use(library)

    def _use(self, library: Library) -> None:
        self.library = library
        towns = TownFinder(library)
        for on_telegram in (True, False):
            self._environments[on_telegram] = Environment(
                library, self._texts, towns, operator_of(self._settings),
                default_town=self._settings.default_town or "", carries_telegram=on_telegram)

    def environment(self, bot: str) -> Environment:
        """What a conversation on this channel looks things up in."""
        return self._environments[bot not in {"web", "terminal"}]

    async def refresh(self, database: Database) -> bool:
        """Load what was published since; True if something was."""
        async with database.reading() as connection:
            version = await content_version(connection)
            if version == self._version:
                return False
            library = await load_library(connection)
        self._version = version
        self._use(library)
        log.info("content reloaded", version=version)
        return True

    async def watch(self, database: Database) -> None:
        """Look for published changes until cancelled, so that every process follows within two seconds."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            try:
                await self.refresh(database)
            except Exception as error:
                if not is_away(error):
                    raise
                log.warning("database away", part="content", error=type(error).__name__)


def operator_of(settings: Settings) -> Operator:
    """Who runs this, for the texts."""
    return Operator(settings.operator or "", settings.contact or "", settings.dpo or "", settings.imprint_url or "",
                    settings.retention_dialogue_days, settings.retention_cases_days, settings.retention_access_days)


async def load_content(database: Database, settings: Settings, texts: Texts) -> Content:
    """Apply the release's files to the database and load what is published; ContentError lists mistakes."""
    folder: Path = settings.content_folder or CONTENT
    async with database.transaction() as connection:
        await sync_files(connection, folder)
        library = await load_library(connection)
        await sync_offices(connection, [office for region in library.regions.values() for office in region.offices])
        version = await content_version(connection)
    return Content(settings, texts, library, version)
