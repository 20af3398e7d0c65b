"""Comparing the files of a content folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from knowledge.check import check_content, numbers, phones
from tests.knowledge.samples import ANSWER, REGION, changed, write

ENGLISH = ANSWER.replace("language: de", "language: en")


def found(folder: Path, *languages: str) -> list[str]:
    return [str(mistake) for mistake in check_content(folder, required=languages or ("de", "en"))]


def test_a_good_folder_has_no_mistakes(folder: Path) -> None:
    assert found(folder) == []


def test_a_language_that_is_missing_is_named(folder: Path) -> None:
    assert any("has no answer in `ar`; add answers/school.documents/ar.md" in text for text in found(folder, "de", "ar"))


@pytest.mark.parametrize(("old", "new", "words"), [
    ("[Schule](https://www.example.org/schule)", "Schule", "the links differ from de.md: missing https://www.example.org"),
    ("2. den **Impfpass**", "Dazu den **Impfpass**", "1 numbered steps, but 2 in de.md"),
    ("Nehmen Sie", "Am 3. Tag nehmen Sie", "the numbers differ from de.md: too many 3"),
    ("Nehmen Sie", "Rufen Sie 0800 111 0 111 an. Nehmen Sie", "the telephone numbers differ"),
    ("Nehmen Sie", "Schreiben Sie an a@example.org. Nehmen Sie", "the e-mail addresses differ"),
    ("valid_until: 2098-12-31", "valid_until: 2098-11-30", "must have the ids, dates and sources of de.md"),
    ("kostet 5 Euro", "kostet 6 Euro", "the numbers of a figure differ"),
    ("[Impfpass]", "[]", "`office_words` must be the same"),
    ("**Impfpass**", "**Heft**", "the office word `Impfpass` does not occur in the text"),
    ("related: [school.registration]", "related: []", "`related` must be the same"),
    ("url: https://www.example.org/schule", "url: https://www.example.org/anders", "`sources` must have the addresses"),
    ("## cost", "## place", "`## cost` is missing"),
    ("## cost", "## place", "`## place` does not exist in answers/school.documents/de.md"),
])
def test_a_translation_must_agree_with_the_german_answer(folder: Path, old: str, new: str, words: str) -> None:
    write(folder, "answers/school.documents/en.md", changed(old, new, ENGLISH))
    assert any(text.startswith("answers/school.documents/en.md:") and words in text for text in found(folder))


def test_a_first_message_that_grows_too_long_with_its_services_is_refused(folder: Path) -> None:
    filler = "\n".join(["- Das ist eine kurze Zeile."] * 28)
    for language in ("de", "en"):
        text = changed("1. Ihren Pass", filler, ANSWER).replace("language: de", f"language: {language}")
        write(folder, f"answers/school.documents/{language}.md", text)
    assert found(folder) == []
    service = REGION[REGION.index("  - id: tl.ki"):].replace("school.registration", "school.documents")
    long = service.replace("Marktplatz 1, 12345 Übelstadt", "Marktplatz 1, " + "Hinterhaus " * 33)
    services = long + long.replace("tl.ki", "tl.zwei")
    write(folder, "regions/testland.yml", REGION[:REGION.index("  - id: tl.ki")] + services)
    assert any("the first message has about" in text for text in found(folder))


def test_a_service_that_is_shown_says_what_it_is_for(folder: Path) -> None:
    text = changed("description: {de: Hilft bei der Schule., en: Helps with school., ar: يساعد في المدرسة.}",
                   "description: {de: Hilft bei der Schule.}", REGION)
    write(folder, "regions/testland.yml", text)
    assert found(folder) == ["regions/testland.yml:15: the service `tl.ki` is shown but its `description` is missing in "
                             "en; add one plain sentence each"]


def test_two_regions_must_not_share_ids_towns_or_prefixes(folder: Path) -> None:
    write(folder, "regions/zweitland.yml", REGION.replace("testland", "zweitland"))
    texts = found(folder)
    assert any("the prefix `TL` is also used in regions/testland.yml" in text for text in texts)
    assert any("the town `Neudorf` is also used" in text for text in texts)
    assert any("the service id `tl.ki` is also used" in text for text in texts)


def test_a_file_that_is_no_text_is_named(folder: Path) -> None:
    (folder / "answers/school.documents/en.md").write_bytes(b"\xff\xfe\x00")
    assert any(text.startswith("answers/school.documents/en.md:1: this file is not UTF-8") for text in found(folder))


def test_telephone_numbers_are_recognised_however_they_are_grouped() -> None:
    assert phones("Rufen Sie 110 oder 112 an, 116 117, 0800 111 0 111 oder +49 2452 134222.") == [
        "110", "112", "116117", "08001110111", "492452134222"]
    assert phones("110  Polizei") == ["110"]
    assert phones("§ 16, Klasse 10, 2026-01-10, 24 Monate") == []


def test_numbers_are_compared_in_european_digits_and_without_the_count_of_steps() -> None:
    assert numbers("1. Nach ٣ أيام\n2. 14 Tage") == ["3", "14"]


def test_the_content_of_this_release_has_no_mistakes() -> None:
    mistakes = check_content()
    assert not mistakes, "\n" + "\n".join(map(str, mistakes))
