"""Versions of answers and regions in the database: every version is kept, at most one of each is published.

States: `draft` and `review` (being worked on in the desk), `published`, `replaced` (an earlier one), `conflict` (the
text of a release that waits because the desk had edited the answer), `withdrawn` (no longer shown).
Nobody here commits.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from core import clock
from core.database import meta
from knowledge.tables import answer_version, region_version

Origin = Literal["file", "desk"]
State = Literal["draft", "review", "published", "replaced", "conflict", "withdrawn"]
Key = tuple[str, ...]  # (topic, language) of an answer, (region,) of a region

CONTENT_VERSION = "content.version"


@dataclass(frozen=True)
class Version:
    """One stored version. `document` is the whole file."""

    id: int
    key: Key
    number: int
    origin: str
    state: str
    document: str
    document_hash: str
    created_at: datetime
    created_by: str | None
    published_at: datetime | None


def document_hash(document: str) -> str:
    """What two equal documents share."""
    return hashlib.sha256(document.encode()).hexdigest()


class Versions:
    """The versions of one kind of document."""

    def __init__(self, table: sa.Table, key: Key) -> None:
        self._table = table
        self._key = key

    async def published(self, connection: AsyncConnection) -> dict[Key, Version]:
        """What is live, by key."""
        rows = await connection.execute(sa.select(self._table).where(self._table.c.state == "published"))
        return {version.key: version for version in map(self._version, rows.mappings())}

    async def history(self, connection: AsyncConnection, key: Key) -> list[Version]:
        """All versions of one document, the newest first."""
        query = sa.select(self._table).where(self._is(key)).order_by(self._table.c.number.desc())
        return [self._version(row) for row in (await connection.execute(query)).mappings()]

    async def get(self, connection: AsyncConnection, version_id: int) -> Version | None:
        """One version, or None."""
        rows = await connection.execute(sa.select(self._table).where(self._table.c.id == version_id))
        row = rows.mappings().first()
        return self._version(row) if row else None

    async def last_files(self, connection: AsyncConnection) -> dict[Key, Version]:
        """For each key the file version that a release applied last, whatever became of it."""
        query = sa.select(self._table).where(self._table.c.origin == "file").order_by(self._table.c.number)
        return {version.key: version for version in map(self._version, (await connection.execute(query)).mappings())}

    async def newest(self, connection: AsyncConnection) -> dict[Key, Version]:
        """For each key the version with the highest number."""
        query = sa.select(self._table).order_by(self._table.c.number)
        return {version.key: version for version in map(self._version, (await connection.execute(query)).mappings())}

    async def add(self, connection: AsyncConnection, key: Key, document: str, *, origin: Origin, state: State,
                  created_by: str | None = None) -> Version:
        """Store the next version. Publishing one replaces the published one; a new conflict replaces the older ones."""
        if state in {"published", "conflict", "withdrawn"}:
            ended = ["conflict"] if state == "conflict" else ["published"]
            await connection.execute(sa.update(self._table).where(self._is(key), self._table.c.state.in_(ended))
                                     .values(state="replaced"))
        highest = await connection.scalar(sa.select(sa.func.max(self._table.c.number)).where(self._is(key)))
        now = clock.now()
        values = dict(zip(self._key, key, strict=True)) | {
            "number": (highest or 0) + 1, "origin": origin, "state": state, "document": document,
            "document_hash": document_hash(document), "created_at": now, "created_by": created_by,
            "published_at": now if state == "published" else None}
        result = await connection.execute(sa.insert(self._table).values(**values).returning(*self._table.c))
        if state in {"published", "withdrawn"}:
            await content_changed(connection)
        return self._version(result.mappings().one())

    async def publish(self, connection: AsyncConnection, version: Version) -> None:
        """Make an existing version (a checked draft, an accepted conflict, an earlier one) the live one."""
        await connection.execute(sa.update(self._table).where(self._is(version.key), self._table.c.state == "published")
                                 .values(state="replaced"))
        await connection.execute(sa.update(self._table).where(self._table.c.id == version.id)
                                 .values(state="published", published_at=clock.now()))
        await content_changed(connection)

    async def settle(self, connection: AsyncConnection, version: Version, state: State) -> None:
        """Change the state of a version without publishing it, such as a conflict that the editor declined."""
        await connection.execute(sa.update(self._table).where(self._table.c.id == version.id).values(state=state))
        if version.state == "published":
            await content_changed(connection)

    def _is(self, key: Key) -> sa.ColumnElement[bool]:
        return sa.and_(*(self._table.c[name] == value for name, value in zip(self._key, key, strict=True)))

    def _version(self, row: Mapping[str, Any] | sa.RowMapping) -> Version:
        return Version(id=row["id"], key=tuple(row[name] for name in self._key), number=row["number"],
                       origin=row["origin"], state=row["state"], document=row["document"],
                       document_hash=row["document_hash"], created_at=row["created_at"], created_by=row["created_by"],
                       published_at=row["published_at"])


ANSWERS = Versions(answer_version, ("topic", "language"))
REGIONS = Versions(region_version, ("region",))


async def content_version(connection: AsyncConnection) -> int:
    """Grows whenever published content changes, so that other processes know when to load it again."""
    return int(await get_meta(connection, CONTENT_VERSION) or 0)


async def content_changed(connection: AsyncConnection) -> None:
    """Let `content_version` grow."""
    await set_meta(connection, CONTENT_VERSION, str(await content_version(connection) + 1))


async def get_meta(connection: AsyncConnection, key: str) -> str | None:
    """A value of the installation, or None."""
    value = await connection.scalar(sa.select(meta.c.value).where(meta.c.key == key))
    return None if value is None else str(value)


async def set_meta(connection: AsyncConnection, key: str, value: str) -> None:
    """Set a value of the installation."""
    done = await connection.execute(sa.update(meta).where(meta.c.key == key).values(value=value))
    if done.rowcount == 0:
        await connection.execute(sa.insert(meta).values(key=key, value=value))
