"""Backup and restore. A deleted person must not come back with a backup: the list of deletions is applied again."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
from pathlib import Path

from bot.app import erasure_list
from bot.erasure import Erasures, scrub
from bot.keys import open_vault
from bot.people import People
from core.database import Database, SingleProcess, migrate
from core.errors import LotseError
from core.settings import Settings
from handoff import records


def back_up(settings: Settings, target: Path) -> None:
    """Copy a SQLite database while it runs; the copy holds everything up to this moment, and not the key."""
    source = _sqlite(settings, "pg_dump")
    if not source.exists():
        raise LotseError(f"There is no database {source} yet.")
    if target.exists():
        raise LotseError(f"{target} exists already; choose another name.")
    try:
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        os.close(descriptor)
        with contextlib.closing(sqlite3.connect(source)) as live, contextlib.closing(sqlite3.connect(target)) as copy:
            live.backup(copy)
    except (OSError, sqlite3.Error) as error:
        raise LotseError(f"{target} cannot be written: {error}.") from None


async def restore(settings: Settings, source: Path) -> int:
    """Put a backup in the database's place and delete again whoever was deleted since; returns how many that were.

    The database that was there is kept beside it as `....before-restore`.
    """
    database = _sqlite(settings, "pg_restore, then `lotse restore --deletions-only`")
    _check(source)
    lock = SingleProcess(database)
    lock.acquire()
    try:
        if database.exists():
            back_up(settings, _unused(database.with_name(database.name + ".before-restore")))
        for leftover in ("", "-wal", "-shm"):
            database.with_name(database.name + leftover).unlink(missing_ok=True)
        shutil.copyfile(source, database)
        database.chmod(0o600)
        return await apply_deletions(settings)
    finally:
        lock.release()


async def apply_deletions(settings: Settings) -> int:
    """Delete again everybody on the list of deletions who is in the database; returns how many that were."""
    migrate(settings.database_url)
    database = Database(settings.database_url)
    try:
        people = People(await open_vault(database, settings.key_file))
        number = 0
        async with database.transaction() as connection:
            for bot, lane in sorted(Erasures(erasure_list(settings)).all()):
                known = await people.find(connection, bot, lane)
                if known is not None:
                    await records.erase_newcomer(connection, known.id)
                    await people.forget(connection, known)
                    number += 1
        await scrub(database)
        return number
    finally:
        await database.close()


def _sqlite(settings: Settings, instead: str) -> Path:
    if settings.sqlite_path is None:
        raise LotseError(f"This is for SQLite. For PostgreSQL use {instead}.")
    return settings.sqlite_path


def _check(source: Path) -> None:
    try:
        with contextlib.closing(sqlite3.connect(f"file:{source}?mode=ro", uri=True)) as copy:
            sound = copy.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
            ours = copy.execute("SELECT count(*) FROM sqlite_master WHERE name = 'alembic_version'").fetchone()[0]
    except sqlite3.Error as error:
        raise LotseError(f"{source} cannot be read as a backup: {error}.") from None
    if not sound or not ours:
        raise LotseError(f"{source} is damaged, or no backup of Lotse.")


def _unused(path: Path) -> Path:
    number = 0
    candidate = path
    while candidate.exists():
        number += 1
        candidate = path.with_name(f"{path.name}.{number}")
    return candidate
