"""Backup and restore on a real SQLite file: nothing lost, and nobody comes back who was deleted."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.app import erasure_list
from bot.backup import apply_deletions, back_up, restore
from bot.erasure import Erasures
from bot.keys import open_vault
from bot.people import People
from bot.tables import newcomer
from core.database import Database, SingleProcess, migrate
from core.errors import AlreadyRunning, LotseError
from core.settings import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(database_url=f"sqlite:///{tmp_path}/lotse.db", key_file=tmp_path / "master.key", _env_file=None)


async def people_in(settings: Settings, *names: str) -> list[str]:
    """Create the named people; returns the lanes of everybody who is in the database."""
    migrate(settings.database_url)
    database = Database(settings.database_url)
    people = People(await open_vault(database, settings.key_file))
    async with database.transaction() as connection:
        for name in names:
            await people.create(connection, "telegram", name, "1")
        lanes = list((await connection.scalars(sa.select(newcomer.c.lane).order_by(newcomer.c.lane))).all())
    await database.close()
    return lanes


async def test_a_backup_brings_people_back_but_for_those_deleted_since(settings: Settings, tmp_path: Path) -> None:
    await people_in(settings, "ada", "bob")
    back_up(settings, tmp_path / "copy.db")
    await people_in(settings, "eve")
    Erasures(erasure_list(settings)).note("telegram", "bob")
    assert await restore(settings, tmp_path / "copy.db") == 1
    assert await people_in(settings) == ["ada"]
    assert (tmp_path / "lotse.db.before-restore").exists()


async def test_deletions_can_be_applied_alone(settings: Settings) -> None:
    await people_in(settings, "ada", "bob")
    Erasures(erasure_list(settings)).note("telegram", "ada")
    assert await apply_deletions(settings) == 1
    assert await people_in(settings) == ["bob"]


async def test_a_running_bot_is_not_overwritten(settings: Settings, tmp_path: Path) -> None:
    await people_in(settings, "ada")
    back_up(settings, tmp_path / "copy.db")
    lock = SingleProcess(tmp_path / "lotse.db")
    lock.acquire()
    with pytest.raises(AlreadyRunning):
        await restore(settings, tmp_path / "copy.db")
    lock.release()
    assert await people_in(settings) == ["ada"]


async def test_a_file_that_is_no_backup_is_refused_and_nothing_changes(settings: Settings, tmp_path: Path) -> None:
    await people_in(settings, "ada")
    (tmp_path / "note.txt").write_text("hello" * 1000)
    with pytest.raises(LotseError, match="backup"):
        await restore(settings, tmp_path / "note.txt")
    with pytest.raises(LotseError, match="backup"):
        await restore(settings, tmp_path / "missing.db")
    assert await people_in(settings) == ["ada"]


async def test_a_backup_overwrites_nothing_and_is_readable_only_by_its_owner(settings: Settings, tmp_path: Path) -> None:
    await people_in(settings, "ada")
    back_up(settings, tmp_path / "copy.db")
    assert (tmp_path / "copy.db").stat().st_mode & 0o077 == 0
    with pytest.raises(LotseError, match="exists already"):
        back_up(settings, tmp_path / "copy.db")
