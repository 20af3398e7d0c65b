"""Content on its way between files and the database."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

from core.database import Database
from core.errors import ContentError
from knowledge.loading import (
    SyncReport,
    content_version,
    export_files,
    import_files,
    load_library,
    sync_files,
)
from knowledge.repository import ANSWERS, REGIONS
from knowledge.tables import answer_version
from tests.knowledge.samples import ANSWER, REGION, changed, write

KEY = ("school.documents", "de")
NAME = "answers/school.documents/de.md"
RELEASE = changed("Nehmen Sie diese", "Nehmen Sie bitte diese")
EDITED = changed("Nehmen Sie diese", "Bringen Sie diese")


async def sync(database: Database, folder: Path) -> SyncReport:
    async with database.transaction() as connection:
        return await sync_files(connection, folder)


async def edit(database: Database, document: str) -> None:
    async with database.transaction() as connection:
        await ANSWERS.add(connection, KEY, document, origin="desk", state="published", created_by="s1")


async def live(database: Database) -> str | None:
    async with database.reading() as connection:
        version = (await ANSWERS.published(connection)).get(KEY)
        return version.document if version else None


async def states(database: Database) -> list[tuple[str, str]]:
    async with database.reading() as connection:
        return [(version.origin, version.state) for version in reversed(await ANSWERS.history(connection, KEY))]


async def version_of(database: Database) -> int:
    async with database.reading() as connection:
        return await content_version(connection)


async def test_the_first_start_publishes_all_files(database: Database, folder: Path) -> None:
    report = await sync(database, folder)
    assert report.added == (NAME, "answers/school.documents/en.md", "regions/testland.yml")
    async with database.reading() as connection:
        library = await load_library(connection, folder)
    assert library.title("school.documents", "de") == "Papiere für die Schule"
    assert library.town_by_slug("uebelstadt") is not None


async def test_a_second_start_changes_nothing(database: Database, folder: Path) -> None:
    await sync(database, folder)
    before = await version_of(database)
    assert not (await sync(database, folder)).changed
    assert await version_of(database) == before


async def test_an_answer_that_nobody_edited_follows_the_new_release(database: Database, folder: Path) -> None:
    await sync(database, folder)
    before = await version_of(database)
    write(folder, NAME, RELEASE)
    assert (await sync(database, folder)).updated == (NAME,)
    assert await live(database) == RELEASE
    assert await states(database) == [("file", "replaced"), ("file", "published")]
    assert await version_of(database) > before


async def test_an_edited_answer_stays_when_its_file_did_not_change(database: Database, folder: Path) -> None:
    await sync(database, folder)
    await edit(database, EDITED)
    write(folder, "answers/school.documents/en.md", RELEASE.replace("language: de", "language: en"))
    report = await sync(database, folder)
    assert report.updated == ("answers/school.documents/en.md",)
    assert await live(database) == EDITED


async def test_where_both_changed_the_edited_text_stays_live_and_the_file_waits_as_a_conflict(
        database: Database, folder: Path) -> None:
    await sync(database, folder)
    await edit(database, EDITED)
    write(folder, NAME, RELEASE)
    assert (await sync(database, folder)).kept == (NAME,)
    assert await live(database) == EDITED
    assert await states(database) == [("file", "replaced"), ("desk", "published"), ("file", "conflict")]


async def test_the_next_release_replaces_the_conflict_that_waits(database: Database, folder: Path) -> None:
    await sync(database, folder)
    await edit(database, EDITED)
    write(folder, NAME, RELEASE)
    await sync(database, folder)
    write(folder, NAME, RELEASE.replace("bitte", "immer"))
    await sync(database, folder)
    assert [state for _, state in await states(database)] == ["replaced", "published", "replaced", "conflict"]


async def test_an_editor_can_accept_the_conflict_and_then_follows_the_files_again(
        database: Database, folder: Path) -> None:
    await sync(database, folder)
    await edit(database, EDITED)
    write(folder, NAME, RELEASE)
    await sync(database, folder)
    async with database.transaction() as connection:
        conflict = (await ANSWERS.history(connection, KEY))[0]
        await ANSWERS.publish(connection, conflict)
    assert await live(database) == RELEASE
    write(folder, NAME, ANSWER)
    assert (await sync(database, folder)).updated == (NAME,)
    assert await live(database) == ANSWER


async def test_an_editor_can_decline_the_conflict(database: Database, folder: Path) -> None:
    await sync(database, folder)
    await edit(database, EDITED)
    write(folder, NAME, RELEASE)
    await sync(database, folder)
    async with database.transaction() as connection:
        await ANSWERS.settle(connection, (await ANSWERS.history(connection, KEY))[0], "replaced")
    write(folder, "regions/testland.yml", REGION + "\n# neu\n")
    await sync(database, folder)
    assert await live(database) == EDITED
    assert "conflict" not in [state for _, state in await states(database)]


async def test_a_desk_text_that_came_back_as_a_file_counts_as_unedited(database: Database, folder: Path) -> None:
    await sync(database, folder)
    await edit(database, EDITED)
    write(folder, NAME, EDITED)
    report = await sync(database, folder)
    assert (report.kept, report.updated) == ((), ())
    write(folder, NAME, RELEASE)
    assert (await sync(database, folder)).updated == (NAME,)
    assert await live(database) == RELEASE


async def test_a_draft_does_not_count_as_an_edit(database: Database, folder: Path) -> None:
    await sync(database, folder)
    async with database.transaction() as connection:
        await ANSWERS.add(connection, KEY, EDITED, origin="desk", state="draft", created_by="s1")
    write(folder, NAME, RELEASE)
    assert (await sync(database, folder)).updated == (NAME,)
    assert await live(database) == RELEASE


async def test_a_file_that_a_release_drops_is_withdrawn_and_may_come_back(database: Database, folder: Path) -> None:
    await sync(database, folder)
    (folder / NAME).unlink()
    assert (await sync(database, folder)).withdrawn == (NAME,)
    assert await live(database) is None
    write(folder, NAME, ANSWER)
    assert (await sync(database, folder)).added == (NAME,)
    assert await live(database) == ANSWER


async def test_an_edited_answer_survives_that_a_release_drops_its_file(database: Database, folder: Path) -> None:
    await sync(database, folder)
    await edit(database, EDITED)
    (folder / NAME).unlink()
    assert (await sync(database, folder)).withdrawn == ()
    assert await live(database) == EDITED


async def test_what_an_editor_withdrew_does_not_come_back_by_itself(database: Database, folder: Path) -> None:
    await sync(database, folder)
    async with database.transaction() as connection:
        await ANSWERS.add(connection, KEY, ANSWER, origin="desk", state="withdrawn", created_by="s1")
    write(folder, "regions/testland.yml", REGION + "\n# neu\n")
    await sync(database, folder)
    assert await live(database) is None
    write(folder, NAME, RELEASE)
    assert (await sync(database, folder)).kept == (NAME,)
    assert await live(database) is None


async def test_files_with_mistakes_are_refused_and_nothing_is_stored(database: Database, folder: Path) -> None:
    write(folder, NAME, changed("1. Ihren Pass", "1. Ihren Pass für 13 Euro"))
    with pytest.raises(ContentError, match=r"answers/school\.documents/de\.md:26: `13 Euro` is an amount"):
        await sync(database, folder)
    async with database.reading() as connection:
        assert await connection.scalar(sa.select(sa.func.count()).select_from(answer_version)) == 0


async def test_an_empty_folder_is_refused_instead_of_withdrawing_everything(
        database: Database, folder: Path, tmp_path: Path) -> None:
    await sync(database, folder)
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(ContentError, match="holds no answers"):
        await sync(database, empty)
    assert await live(database) == ANSWER


async def test_a_document_of_another_release_is_left_out_and_the_rest_is_loaded(
        database: Database, folder: Path) -> None:
    await sync(database, folder)
    await edit(database, "not an answer")
    async with database.reading() as connection:
        library = await load_library(connection, folder)
    assert library.answer(*KEY) is None
    assert library.answer("school.documents", "en") is not None


async def test_export_and_import_lose_nothing(database: Database, folder: Path, tmp_path: Path) -> None:
    await sync(database, folder)
    confirmed = changed("checked_by: none", "checked_by: Stadt Übelstadt").replace("\n", "\r\n")
    await edit(database, confirmed)
    out = tmp_path / "out"
    async with database.reading() as connection:
        names = await export_files(connection, out)
    assert names == (NAME, "answers/school.documents/en.md", "regions/testland.yml")
    assert (out / NAME).read_bytes() == confirmed.encode()
    assert (out / "regions/testland.yml").read_text(encoding="utf-8") == REGION

    async with database.transaction() as connection:
        assert not (await import_files(connection, out)).changed
        await ANSWERS.add(connection, KEY, ANSWER, origin="desk", state="published")
        report = await import_files(connection, out, created_by="s1")
    assert report.updated == (NAME,)
    assert await live(database) == confirmed


async def test_an_import_publishes_as_the_desk_so_that_a_release_does_not_overwrite_it(
        database: Database, folder: Path, tmp_path: Path) -> None:
    await sync(database, folder)
    write(tmp_path / "in", NAME, EDITED)
    async with database.transaction() as connection:
        assert (await import_files(connection, tmp_path / "in")).updated == (NAME,)
    write(folder, NAME, RELEASE)
    assert (await sync(database, folder)).kept == (NAME,)
    assert await live(database) == EDITED


async def test_an_import_with_mistakes_is_refused(database: Database, folder: Path, tmp_path: Path) -> None:
    await sync(database, folder)
    write(tmp_path / "in", NAME, changed("## cost", "## costs"))
    with pytest.raises(ContentError, match="is no section"):
        async with database.transaction() as connection:
            await import_files(connection, tmp_path / "in")
    assert await live(database) == ANSWER


async def test_a_folder_that_cannot_be_written_is_named(database: Database, folder: Path, tmp_path: Path) -> None:
    await sync(database, folder)
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(ContentError, match="cannot be written"):
        async with database.reading() as connection:
            await export_files(connection, tmp_path / "file")


async def test_regions_follow_the_same_rule(database: Database, folder: Path) -> None:
    await sync(database, folder)
    edited = REGION.replace('as_of: "2024-11"', 'as_of: "2010"\n    confirmed_by: Stadt\n    confirmed_at: 2026-02-01')
    async with database.transaction() as connection:
        await REGIONS.add(connection, ("testland",), edited, origin="desk", state="published", created_by="s1")
    write(folder, "regions/testland.yml", REGION + "\n# neu\n")
    assert (await sync(database, folder)).kept == ("regions/testland.yml",)
    async with database.reading() as connection:
        library = await load_library(connection, folder)
    assert library.services_for("school.registration", "Neudorf")[0].confirmed_by == "Stadt"
