"""The list of languages."""

from __future__ import annotations

import pytest

from bot.texts import FOLDER
from core.languages import BY_CODE, CODES, CURATED, FALLBACK, OTHERS, SOURCE, from_profile, german_name, is_rtl


def test_there_are_eight_curated_languages_and_22_in_all() -> None:
    assert CODES == ("de", "en", "fr", "tr", "ar", "fa", "ru", "uk")
    assert [language.code for language in OTHERS] == ["kmr", "ckb", "ps", "ur", "ti", "so", "am", "sq", "sr", "ro", "bg", "pl", "es", "pt"]
    assert len(BY_CODE) == 22 and {FALLBACK, SOURCE} <= set(CODES)


def test_own_and_german_names_are_all_different() -> None:
    for names in ([language.native for language in BY_CODE.values()], [language.german for language in BY_CODE.values()]):
        assert len(set(names)) == len(names) and all(name.strip() == name and name for name in names)


def test_five_languages_run_from_right_to_left() -> None:
    assert {code for code in BY_CODE if is_rtl(code)} == {"ar", "fa", "ckb", "ps", "ur"}
    assert not is_rtl("xx") and not is_rtl("")


@pytest.mark.parametrize(("tag", "code"), [
    ("de", "de"), ("de-AT", "de"), ("EN_us", "en"), ("ar-SY", "ar"), ("prs", "fa"), ("fa-AF", "fa"), ("arz", "ar"), ("uk", "uk"),
    ("pl", None), ("", None), (None, None), ("-", None), ("xx-DE", None), ("de1", None), ("german", None)])
def test_the_language_of_a_profile(tag: str | None, code: str | None) -> None:
    assert from_profile(tag) == code


def test_the_german_name_is_what_case_managers_read() -> None:
    assert german_name("fa") == "Persisch" and german_name("kmr") == "Kurdisch (Kurmandschi)" and german_name("xx") == "xx"


def test_every_catalogue_belongs_to_a_curated_language() -> None:
    assert {path.stem for path in FOLDER.glob("*.po")} <= {language.code for language in CURATED}
