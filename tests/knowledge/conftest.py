"""Fixtures for the content: a small content folder and a real database."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

import knowledge.tables  # noqa: F401  (the tables must be known before they are created)
from core.database import Database, metadata
from tests.knowledge.samples import ANSWER, REGION, write


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    database = Database(f"sqlite:///{tmp_path / 'lotse.db'}")
    async with database.engine.begin() as connection:
        await connection.run_sync(metadata.create_all)
    yield database
    await database.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """One answer in German and English, and one region."""
    folder = tmp_path / "content"
    write(folder, "answers/school.documents/de.md", ANSWER)
    write(folder, "answers/school.documents/en.md", ANSWER.replace("language: de", "language: en"))
    write(folder, "regions/testland.yml", REGION)
    return folder
