"""Content on its way between files and the database: the release's files at start, the library, import and export.

The upgrade rule: a document that nobody edited in the desk follows the files of the release. An edited one stays; if
the file changed as well, the file's text is stored as a conflict for the desk to decide; the edited text stays live.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa
import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from core.errors import ContentError
from knowledge import answers, regions
from knowledge.files import Content, folder_hash, read_content
from knowledge.library import Library
from knowledge.mistakes import refuse
from knowledge.model import Answer, Region
from knowledge.repository import (
    ANSWERS,
    REGIONS,
    Key,
    State,
    Version,
    Versions,
    content_version,
    document_hash,
    get_meta,
    set_meta,
)
from knowledge.topics import CONTENT, load_topics

__all__ = ["SyncReport", "content_version", "export_files", "import_files", "load_library", "sync_files"]

FILES_HASH = "content.files"
_POSTGRES_LOCK = 748164

log = structlog.get_logger()


@dataclass(frozen=True)
class SyncReport:
    """What a start or an import did, as file names. `kept` are edited answers that stay although their file changed."""

    added: tuple[str, ...] = ()
    updated: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    withdrawn: tuple[str, ...] = ()

    @property
    def changed(self) -> bool:
        """Whether anything was stored."""
        return bool(self.added or self.updated or self.kept or self.withdrawn)


async def sync_files(connection: AsyncConnection, folder: Path = CONTENT) -> SyncReport:
    """Bring the release's files into the database; quick and without effect where the folder is as it was last time.

    Raises ContentError listing `file:line: what` where the files do not pass their checks; nothing is stored then.
    """
    fingerprint = await asyncio.to_thread(folder_hash, folder)
    if await get_meta(connection, FILES_HASH) == fingerprint:
        return SyncReport()
    content = await asyncio.to_thread(read_content, folder)
    refuse(await asyncio.to_thread(content.mistakes))
    if not content.answers:
        raise ContentError(f"{folder}:1: this content folder holds no answers; mend LOTSE_CONTENT")
    if connection.dialect.name == "postgresql":
        await connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_POSTGRES_LOCK)))
    outcome: dict[str, list[str]] = {"added": [], "updated": [], "kept": [], "withdrawn": []}
    for store, documents in _documents(content):
        await _sync(connection, store, documents, outcome)
    await set_meta(connection, FILES_HASH, fingerprint)
    return SyncReport(**{kind: tuple(sorted(names)) for kind, names in outcome.items()})


def _documents(content: Content) -> list[tuple[Versions, dict[Key, str]]]:
    found_answers: dict[Key, str] = {(read.answer.topic, read.answer.language): content.texts[read.file]
                                     for read in content.answers if read.answer}
    found_regions: dict[Key, str] = {(read.region.id,): content.texts[read.file]
                                     for read in content.regions if read.region}
    return [(ANSWERS, found_answers), (REGIONS, found_regions)]


async def _sync(connection: AsyncConnection, store: Versions, documents: Mapping[Key, str],
                outcome: dict[str, list[str]]) -> None:
    live, files, newest = (await store.published(connection), await store.last_files(connection),
                           await store.newest(connection))
    for key, document in documents.items():
        step = _step(document_hash(document), live.get(key), files.get(key), newest.get(key))
        if step is None:
            continue
        kind, state = step
        await store.add(connection, key, document, origin="file", state=state)
        if kind:
            outcome[kind].append(name_of(key))
    for key, version in live.items():
        if key not in documents and version.origin == "file":
            await store.settle(connection, version, "withdrawn")
            outcome["withdrawn"].append(name_of(key))


def _step(new: str, live: Version | None, file: Version | None, newest: Version | None) -> tuple[str, State] | None:
    """What to do with one file: (kind in the report, state to store it in), or None for nothing."""
    if newest is None:
        return "added", "published"
    if live is None:
        if newest.origin == "file":  # withdrawn by an earlier release, and back again
            return "added", "published"
        return None if file is not None and file.document_hash == new else ("kept", "conflict")
    if file is not None and file.document_hash == new:
        return None
    if live.document_hash == new:  # the desk's text has come back as a file: from now on it follows the files again
        return "", "replaced"
    was_edited = live.origin == "desk" and (file is None or file.document_hash != live.document_hash)
    return ("kept", "conflict") if was_edited else ("updated", "published")


def name_of(key: Key) -> str:
    """The file that belongs to a key."""
    return answers.file_name(key[0], key[1]) if len(key) == 2 else regions.file_name(key[0])


async def load_library(connection: AsyncConnection, folder: Path = CONTENT) -> Library:
    """All that is published. A document that cannot be read (of another release) is left out and logged by name."""
    topics = load_topics(folder)
    found_answers: list[Answer] = []
    for key, version in (await ANSWERS.published(connection)).items():
        answer = answers.parse_answer(version.document, name_of(key), topics, by_desk=True).answer
        if answer is None:
            log.warning("content.unreadable", file=name_of(key), number=version.number)
        else:
            found_answers.append(answer)
    found_regions: list[Region] = []
    for key, version in (await REGIONS.published(connection)).items():
        region = regions.parse_region(version.document, name_of(key), topics, by_desk=True).region
        if region is None:
            log.warning("content.unreadable", file=name_of(key), number=version.number)
        else:
            found_regions.append(region)
    return Library(topics, found_answers, found_regions)


async def export_files(connection: AsyncConnection, folder: Path) -> tuple[str, ...]:
    """Write everything that is published back as files, exactly as stored; other files in the folder are left alone."""
    documents = {name_of(version.key): version.document
                 for store in (ANSWERS, REGIONS) for version in (await store.published(connection)).values()}
    await asyncio.to_thread(_write, documents, folder)
    return tuple(sorted(documents))


def _write(documents: Mapping[str, str], folder: Path) -> None:
    try:
        for name, document in documents.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(document.encode())
    except OSError as error:
        raise ContentError(f"{folder}:1: this folder cannot be written: {error.strerror}") from None


async def import_files(connection: AsyncConnection, folder: Path, *, created_by: str | None = None) -> SyncReport:
    """Publish the files of a folder as the desk's own versions, after the same checks; equal ones are left alone.

    Unlike a release they may say who confirmed what, and nothing is withdrawn.
    """
    content = await asyncio.to_thread(lambda: read_content(folder, by_desk=True))
    refuse(await asyncio.to_thread(content.mistakes))
    outcome: dict[str, list[str]] = {"added": [], "updated": []}
    for store, documents in _documents(content):
        live = await store.published(connection)
        for key, document in _changed(documents, live):
            await store.add(connection, key, document, origin="desk", state="published", created_by=created_by)
            outcome["updated" if key in live else "added"].append(name_of(key))
    return SyncReport(added=tuple(sorted(outcome["added"])), updated=tuple(sorted(outcome["updated"])))


def _changed(documents: Mapping[Key, str], live: Mapping[Key, Version]) -> Iterable[tuple[Key, str]]:
    return [(key, document) for key, document in documents.items()
            if key not in live or live[key].document_hash != document_hash(document)]
