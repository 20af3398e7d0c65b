"""Transactions, moments, one process per SQLite file."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError, OperationalError

from core.database import Database, SingleProcess, UtcDateTime, async_url, is_away, meta, sync_url
from core.errors import AlreadyRunning, DatabaseUnusable
from tests.conftest import MakeDatabase


async def keys(database: Database) -> set[str]:
    async with database.reading() as connection:
        return set(await connection.scalars(sa.select(meta.c.key)))


async def write(database: Database, key: str, seconds: float = 0, fail: bool = False) -> None:
    async with database.transaction() as connection:
        await connection.execute(sa.insert(meta).values(key=key, value="x"))
        await asyncio.sleep(seconds)
        if fail:
            raise RuntimeError("in the middle")


async def test_a_transaction_is_committed_at_its_end(database: Database) -> None:
    await write(database, "a")
    assert await keys(database) == {"a"}


async def test_a_transaction_that_raises_leaves_nothing(database: Database) -> None:
    with pytest.raises(RuntimeError, match="in the middle"):
        await write(database, "a", fail=True)
    assert await keys(database) == set()
    await write(database, "a")


async def test_a_cancelled_transaction_leaves_nothing_and_blocks_nobody(database: Database) -> None:
    task = asyncio.create_task(write(database, "a", seconds=30))
    await asyncio.sleep(0.1)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await asyncio.wait_for(write(database, "b"), 5)
    assert await keys(database) == {"b"}


async def test_what_is_written_while_reading_is_not_kept(database: Database) -> None:
    async with database.reading() as connection:
        await connection.execute(sa.insert(meta).values(key="a", value="x"))
    assert await keys(database) == set()


async def test_many_writers_at_once_take_turns(database: Database) -> None:
    await asyncio.gather(*[write(database, str(number), seconds=0.005) for number in range(20)])
    assert len(await keys(database)) == 20


async def test_readers_go_on_while_somebody_writes_and_do_not_see_it_yet(database: Database) -> None:
    task = asyncio.create_task(write(database, "a", seconds=0.3))
    await asyncio.sleep(0.1)
    assert await asyncio.wait_for(keys(database), 0.2) == set()
    await task
    assert await keys(database) == {"a"}


async def test_a_moment_comes_back_in_utc_whatever_zone_it_was_written_in(database: Database) -> None:
    table = sa.Table("moments_of_a_test", sa.MetaData(), sa.Column("at", UtcDateTime))
    at = datetime(2026, 3, 29, 3, 30, 0, 123456, tzinfo=timezone(timedelta(hours=2)))
    async with database.engine.begin() as connection:
        await connection.run_sync(table.create)
        try:
            await connection.execute(sa.insert(table).values(at=at))
            back = await connection.scalar(sa.select(table.c.at))
        finally:
            await connection.run_sync(table.drop)
    assert back == at and back is not None and back.tzinfo == UTC


def test_a_naive_moment_is_a_bug() -> None:
    with pytest.raises(ValueError, match="naive"):
        UtcDateTime().process_bind_param(datetime(2026, 1, 1), sa.create_engine("sqlite://").dialect)  # noqa: DTZ001


@pytest.mark.parametrize(("address", "with_async", "with_sync"), [
    ("sqlite:///data/lotse.db", "sqlite+aiosqlite:///data/lotse.db", "sqlite:///data/lotse.db"),
    ("sqlite:////var/lotse.db", "sqlite+aiosqlite:////var/lotse.db", "sqlite:////var/lotse.db"),
    ("postgresql://a:b@h/d?x=y", "postgresql+psycopg://a:b@h/d?x=y", "postgresql+psycopg://a:b@h/d?x=y"),
    ("postgres://h/d", "postgresql+psycopg://h/d", "postgresql+psycopg://h/d")])
def test_addresses_get_their_driver(address: str, with_async: str, with_sync: str) -> None:
    assert async_url(address) == with_async and sync_url(address) == with_sync


def test_only_trouble_that_waiting_may_cure_means_away() -> None:
    assert is_away(OperationalError("x", {}, Exception())) and is_away(InterfaceError("x", {}, Exception()))
    assert is_away(DBAPIError("x", {}, Exception(), connection_invalidated=True))
    assert not is_away(IntegrityError("x", {}, Exception())) and not is_away(ValueError())


async def test_a_server_that_is_not_there_is_away() -> None:
    database = Database("postgresql://127.0.0.1:1/nothing")
    with pytest.raises(Exception) as raised:  # noqa: PT011
        await keys(database)
    assert is_away(raised.value)
    await database.close()


async def test_sqlite_is_set_to_lose_nothing(make_database: MakeDatabase) -> None:
    database = Database(make_database("sqlite"))
    async with database.engine.connect() as connection:
        values = {name: await connection.scalar(sa.text(f"PRAGMA {name}"))
                  for name in ("journal_mode", "synchronous", "foreign_keys", "secure_delete")}
    await database.close()
    assert values == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "secure_delete": 1}


# --- one process per file ---------------------------------------------------------------------------------------------


def test_a_second_process_on_the_same_file_is_refused(tmp_path: Path) -> None:
    first, second = SingleProcess(tmp_path / "lotse.db"), SingleProcess(tmp_path / "lotse.db")
    first.acquire()
    with pytest.raises(AlreadyRunning, match="already runs"):
        second.acquire()
    first.release()
    second.acquire()
    second.release()
    second.release()


def test_another_file_may_be_used_at_the_same_time(tmp_path: Path) -> None:
    locks = [SingleProcess(tmp_path / name) for name in ("a.db", "b.db")]
    for lock in locks:
        lock.acquire()
    for lock in locks:
        lock.release()


def test_a_killed_process_leaves_no_lock_behind(tmp_path: Path) -> None:
    code = ("import sys, time; from pathlib import Path; from core.database import SingleProcess; "
            "SingleProcess(Path(sys.argv[1])).acquire(); print('ok', flush=True); time.sleep(60)")
    process = subprocess.Popen([sys.executable, "-c", code, str(tmp_path / "lotse.db")], stdout=subprocess.PIPE,
                               cwd=Path(__file__).parents[2])
    assert process.stdout is not None and process.stdout.readline()
    with pytest.raises(AlreadyRunning):
        SingleProcess(tmp_path / "lotse.db").acquire()
    process.kill()
    process.wait()
    process.stdout.close()
    lock = SingleProcess(tmp_path / "lotse.db")
    lock.acquire()
    lock.release()


def test_a_folder_that_cannot_be_made_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(DatabaseUnusable, match="LOTSE_DATABASE_URL"):
        SingleProcess(tmp_path / "file" / "data" / "lotse.db").acquire()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_is_a_sentence(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir(mode=0o500)
    with pytest.raises(DatabaseUnusable, match="cannot be written"):
        SingleProcess(folder / "lotse.db").acquire()
