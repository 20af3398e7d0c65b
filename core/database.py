"""The database: one code path for SQLite and PostgreSQL, explicit transactions, migrations at start.

SQLite runs in WAL mode with `synchronous=FULL`; writes begin with BEGIN IMMEDIATE and take turns inside the process,
so that "database is locked" cannot happen within it. PostgreSQL takes any number of processes.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import alembic.command
import alembic.config
import alembic.script
import alembic.util
import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import Dialect
from sqlalchemy.exc import DatabaseError, DBAPIError, InterfaceError, OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.types import TypeDecorator

from core.errors import AlreadyRunning, DatabaseUnusable

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

MIGRATIONS = Path(__file__).parent / "migrations"


class UtcDateTime(TypeDecorator[datetime]):
    """Timezone-aware moments; SQLite keeps them as UTC text. A naive value is a bug and raises ValueError."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse naive values; SQLite gets the UTC wall time."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a naive datetime was about to be stored")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Every moment comes back in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


meta = sa.Table(
    "meta",
    metadata,
    sa.Column("key", sa.String(60), primary_key=True),
    sa.Column("value", sa.Text, nullable=False),
)


def async_url(url: str) -> str:
    """The address with the asynchronous driver in it."""
    if url.startswith("sqlite:///"):
        return "sqlite+aiosqlite:///" + url.removeprefix("sqlite:///")
    return "postgresql+psycopg://" + url.split("://", 1)[1]


def sync_url(url: str) -> str:
    """The address for migrations, which run synchronously."""
    return url if url.startswith("sqlite") else "postgresql+psycopg://" + url.split("://", 1)[1]


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=15000", "secure_delete=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: sa.Connection) -> None:
    writes = connection.get_execution_options().get("lotse_writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


class Database:
    """Opens transactions. Services never commit; whoever opened the transaction does, once."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.is_sqlite = url.startswith("sqlite")
        options: dict[str, Any] = {"pool_size": 8, "max_overflow": 8}
        if not self.is_sqlite:
            options |= {"pool_pre_ping": True, "pool_recycle": 900, "connect_args": {"connect_timeout": 10}}
        self.engine = create_async_engine(async_url(url), **options)
        self._one_writer = asyncio.Lock()
        if self.is_sqlite:
            event.listen(self.engine.sync_engine, "connect", _prepare_sqlite)
            event.listen(self.engine.sync_engine, "begin", _begin_sqlite)

    @contextlib.asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncConnection]:
        """A writing transaction: committed at the end of the block, rolled back if the block raises."""
        async with contextlib.AsyncExitStack() as stack:
            if self.is_sqlite:
                await stack.enter_async_context(self._one_writer)
            connection = await stack.enter_async_context(self.engine.connect())
            await connection.execution_options(lotse_writes=True)
            async with connection.begin():
                yield connection

    @contextlib.asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """A consistent view; nothing written here is kept."""
        async with self.engine.connect() as connection:
            await connection.execution_options(lotse_writes=False)
            async with connection.begin() as transaction:
                yield connection
                await transaction.rollback()

    async def close(self) -> None:
        """Give all connections back; on SQLite this also folds the WAL into the file."""
        await self.engine.dispose()


def is_away(error: BaseException) -> bool:
    """Whether an error means that the database cannot be reached or written now, so that waiting may help."""
    if isinstance(error, (OperationalError, InterfaceError)):
        return True
    return isinstance(error, DBAPIError) and error.connection_invalidated


def _alembic_config(url: str) -> alembic.config.Config:
    config = alembic.config.Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["url"] = sync_url(url)
    return config


def migrate(url: str) -> None:
    """Bring the schema to this release's version.

    Raises DatabaseUnusable when the database was written by a newer release, or cannot be opened or created.
    """
    if url.startswith("sqlite:///"):
        _prepare_folder(Path(url.removeprefix("sqlite:///")).parent)
    config = _alembic_config(url)
    known = {script.revision for script in alembic.script.ScriptDirectory.from_config(config).walk_revisions()}
    try:
        present = _current_revision(url)
        if present is not None and present not in known:
            raise DatabaseUnusable(
                "This database was written by a newer release of Lotse. Install that release again, "
                "or restore the backup made before the upgrade."
            )
        alembic.command.upgrade(config, "head")
    except DBAPIError as error:
        # A plain DatabaseError: the file is no database, or is damaged. Its other children are mistakes of ours.
        if not isinstance(error, (OperationalError, InterfaceError)) and type(error) is not DatabaseError:
            raise
        raise DatabaseUnusable(f"The database cannot be opened: {_reason(error)}") from None


def _reason(error: DBAPIError) -> str:
    return str(error.orig).strip().splitlines()[0] if error.orig else "unknown reason"


def _current_revision(url: str) -> str | None:
    engine = sa.create_engine(sync_url(url))
    try:
        with engine.connect() as connection:
            if not sa.inspect(connection).has_table("alembic_version"):
                return None
            return connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()
    finally:
        engine.dispose()


def _prepare_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DatabaseUnusable(
            f"The data folder {folder} cannot be made: {error.strerror}. Choose another one with "
            "LOTSE_DATABASE_URL or mend its rights."
        ) from None
    if not os.access(folder, os.W_OK | os.X_OK):
        raise DatabaseUnusable(
            f"The data folder {folder} cannot be written. Mend its rights, or choose another one "
            "with LOTSE_DATABASE_URL."
        )


class SingleProcess:
    """Holds a lock beside a SQLite file for as long as `lotse run` lives; the kernel frees it when the process dies."""

    def __init__(self, database: Path) -> None:
        self._path = database.with_name(database.name + ".lock")
        self._descriptor: int | None = None

    def acquire(self) -> None:
        """Raise AlreadyRunning if another process holds the lock."""
        _prepare_folder(self._path.parent)
        try:
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise DatabaseUnusable(
                f"The data folder {self._path.parent} cannot be written: {error.strerror}."
            ) from None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(descriptor)
            raise AlreadyRunning(
                "Lotse already runs on this database file. Stop that process first, or use PostgreSQL "
                "for more than one."
            ) from None
        self._descriptor = descriptor

    def release(self) -> None:
        """Let the next process run."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
