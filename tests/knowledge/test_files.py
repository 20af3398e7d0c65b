"""Content folders without a database."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import ContentError
from knowledge.files import folder_hash, library_from_files
from tests.knowledge.samples import ANSWER, changed, write


def test_a_folder_becomes_a_library(folder: Path) -> None:
    library = library_from_files(folder)
    assert library.title("school.documents", "en") == "Papiere für die Schule"
    assert library.answer("school.documents", "tr") is None
    assert library.town("Neudorf") is not None
    office = library.office_for("Übelstadt")
    assert office is not None
    assert office.id == "testland"
    assert [service.id for service in library.services_for("school.registration", "Neudorf")] == ["tl.ki"]
    assert library.services_for("school.registration", None) == ()


def test_the_content_of_this_release_covers_thirteen_towns() -> None:
    assert len(library_from_files().towns) == 13


def test_mistakes_are_listed_with_file_and_line(folder: Path) -> None:
    write(folder, "answers/school.documents/de.md", changed("## cost", "## costs"))
    with pytest.raises(ContentError, match=r"answers/school\.documents/de\.md:29: `## costs` is no section"):
        library_from_files(folder)


def test_a_folder_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(ContentError, match="there is no such content folder"):
        library_from_files(tmp_path / "nowhere")


def test_the_hash_changes_with_any_file(folder: Path) -> None:
    before = folder_hash(folder)
    assert folder_hash(folder) == before
    write(folder, "answers/school.documents/de.md", ANSWER + "\n")
    changed_text = folder_hash(folder)
    assert changed_text != before
    (folder / "regions/testland.yml").rename(folder / "regions/other.yml")
    assert folder_hash(folder) != changed_text


def test_hidden_files_are_left_alone(folder: Path) -> None:
    before = folder_hash(folder)
    write(folder, "answers/school.documents/.de.md", "rubbish")
    assert folder_hash(folder) == before
    library_from_files(folder)
