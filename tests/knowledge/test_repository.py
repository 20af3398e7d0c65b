"""Versions in the database."""

from __future__ import annotations

from core.database import Database
from knowledge.repository import ANSWERS, REGIONS, content_version, get_meta, set_meta

KEY = ("school.documents", "de")


async def test_every_version_is_kept_and_only_the_last_published_one_is_live(database: Database) -> None:
    async with database.transaction() as connection:
        for text in ("one", "two", "three"):
            await ANSWERS.add(connection, KEY, text, origin="desk", state="published", created_by="s1")
    async with database.reading() as connection:
        history = await ANSWERS.history(connection, KEY)
        assert [(version.number, version.document, version.state) for version in history] == [
            (3, "three", "published"), (2, "two", "replaced"), (1, "one", "replaced")]
        assert history[0].published_at is not None
        assert (await ANSWERS.published(connection))[KEY] == history[0]
        assert await ANSWERS.get(connection, history[2].id) == history[2]
        assert await ANSWERS.get(connection, 12345) is None


async def test_an_earlier_version_can_be_restored(database: Database) -> None:
    async with database.transaction() as connection:
        first = await ANSWERS.add(connection, KEY, "one", origin="desk", state="published")
        await ANSWERS.add(connection, KEY, "two", origin="desk", state="published")
        await ANSWERS.publish(connection, first)
    async with database.reading() as connection:
        assert [version.state for version in await ANSWERS.history(connection, KEY)] == ["replaced", "published"]


async def test_a_draft_changes_nothing_that_people_see(database: Database) -> None:
    async with database.transaction() as connection:
        await ANSWERS.add(connection, KEY, "one", origin="desk", state="published")
        before = await content_version(connection)
        await ANSWERS.add(connection, KEY, "two", origin="desk", state="draft")
        assert (await ANSWERS.published(connection))[KEY].document == "one"
        assert await content_version(connection) == before


async def test_other_processes_see_that_content_changed(database: Database) -> None:
    async with database.transaction() as connection:
        assert await content_version(connection) == 0
        version = await REGIONS.add(connection, ("testland",), "one", origin="desk", state="published")
        assert await content_version(connection) == 1
        await REGIONS.settle(connection, version, "withdrawn")
        assert await content_version(connection) == 2
        assert await REGIONS.published(connection) == {}


async def test_answers_and_regions_are_numbered_apart(database: Database) -> None:
    async with database.transaction() as connection:
        await ANSWERS.add(connection, KEY, "one", origin="file", state="published")
        other = await ANSWERS.add(connection, ("school.documents", "en"), "one", origin="file", state="published")
        region = await REGIONS.add(connection, ("testland",), "one", origin="file", state="published")
        assert (other.number, region.number) == (1, 1)


async def test_a_value_of_the_installation_can_be_set_twice(database: Database) -> None:
    async with database.transaction() as connection:
        assert await get_meta(connection, "test") is None
        await set_meta(connection, "test", "one")
        await set_meta(connection, "test", "two")
        assert await get_meta(connection, "test") == "two"
