"""After a deletion: the pseudonym is noted apart from the database, and SQLite forgets the bytes.

The list is applied again whenever a backup is restored, so that a deleted person does not come back with it.
"""

from __future__ import annotations

import os
from pathlib import Path

import structlog

from core.database import Database

log = structlog.get_logger()


class Erasures:
    """The list of deleted pseudonyms: one `bot lane` a line, beside the key file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def note(self, bot: str, lane: str) -> None:
        """Add one; durable before anything else happens."""
        descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(f"{bot} {lane}\n")
            file.flush()
            os.fsync(file.fileno())

    def all(self) -> set[tuple[str, str]]:
        """Every (bot, lane) that was deleted."""
        if not self._path.exists():
            return set()
        pairs = (line.split() for line in self._path.read_text().splitlines())
        return {(pair[0], pair[1]) for pair in pairs if len(pair) == 2}


async def scrub(database: Database) -> None:
    """Fold SQLite's write-ahead log into the file and empty it, so that no old page keeps deleted text or keys."""
    if not database.is_sqlite:
        return
    async with database.engine.connect() as connection:
        raw = await connection.get_raw_connection()
        cursor = await raw.driver_connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # type: ignore[union-attr]
        row = await cursor.fetchone()
        await cursor.close()
    if row is not None and row[0]:
        log.info("write-ahead log still in use; emptied at the next checkpoint")


__all__ = ["Erasures", "scrub"]
