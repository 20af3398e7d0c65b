"""Reading one region file, and which services newcomers see."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

import pytest

from knowledge.files import read_content
from knowledge.model import Region, Service
from knowledge.regions import may_be_shown, slug
from tests.knowledge.samples import REGION, changed, read_region


def service(**changes: object) -> Service:
    region = read_region().region
    assert region is not None
    return replace(region.services[0], **changes)  # type: ignore[arg-type]


def test_a_good_file_has_no_mistakes_and_everything_arrives() -> None:
    read = read_region()
    assert read.mistakes == ()
    assert read.region is not None
    town = read.region.towns[0]
    assert (town.name, town.slug, town.region) == ("Übelstadt", "uebelstadt", "testland")
    assert read.region.offices[0].carrier == "Kreis Testland"
    found = read.region.services[0]
    assert (found.source_title, found.source_url) == ("Kreis Testland", "https://www.example.org/ki")
    assert found.hours == "Mo–Mi 08:30–12:00; Do 08:30–12:00, 14:00–17:00. Nur mit Termin"
    assert found.shown


@pytest.mark.parametrize(("changes", "shown"), [
    ({}, True),
    ({"as_of": "2023"}, True),
    ({"as_of": "2022-12"}, False),
    ({"as_of": "undated"}, True),
    ({"as_of": "undated", "address": None, "phone": None}, False),
    ({"address": None, "phone": None, "url": "https://www.example.org"}, True),
    ({"doubtful": "moved?"}, False),
    ({"doubtful": "moved?", "confirmed_by": "Stadt"}, True),
    ({"as_of": "2015", "confirmed_by": "Stadt"}, True),
    ({"for_newcomers": False}, False),
    ({"for_newcomers": False, "confirmed_by": "Stadt"}, False),
])
def test_newcomers_see_only_recent_or_confirmed_services(changes: dict[str, object], shown: bool) -> None:
    assert may_be_shown(service(**changes)) is shown


@pytest.mark.parametrize(("old", "new", "line", "words"), [
    ("region: testland", "region: elsewhere", 1, "must be the name of the file"),
    ("prefix: TL", "prefix: testland", 3, "two to four capital letters"),
    ("towns: [Übelstadt, Neudorf]", "towns: [Übelstadt]", 8, "Neudorf must belong to exactly one office, not to 0"),
    ("towns: [Übelstadt, Neudorf]", "towns: [Übelstadt, Neudorf, Köln]", 12, "is no town of this region"),
    ("+49 2999 6789", "02999 6789", 19, "write the telephone number like +49"),
    ("+49 2999 6789", "+49 171 2345678", 19, "is a mobile number"),
    ("[school.registration]", "[school.nothing]", 17, "does not exist"),
    ("id: tl.ki", "id: KI", 15, "must look like hs.ki"),
    ('wed: ["08:30-12:00"]', 'wed: ["8.30-12"]', 23, "write the hours like"),
    ('wed: ["08:30-12:00"]', 'wed: ["12:00-08:30"]', 23, "write the hours like"),
    ("wed:", "mittwoch:", 23, "is no weekday"),
    ('as_of: "2024-11"', 'as_of: "November 2024"', 29, "must be 2024, 2024-11"),
    ('as_of: "2024-11"', 'as_of: "2099-11"', 29, "lies in the future"),
    ('as_of: "2024-11"', 'as_of: "2024-11"\n    confirmed_by: Frau Muster', 30, "a file cannot confirm"),
    ("{de: Hilft", "{xx: Hilft", 26, "is not a language code"),
    ("address: Marktplatz 1", "adress: Marktplatz 1", 18, "`adress` is not known here"),
    ("address: Marktplatz 1", "address: <b>Marktplatz 1</b>", 18, "looks like HTML"),
    ("    as_of:", "    email: keine\n    as_of:", 29, "is no e-mail address"),
])
def test_a_mistake_is_named_with_its_line(old: str, new: str, line: int, words: str) -> None:
    found = [str(mistake) for mistake in read_region(changed(old, new, REGION)).mistakes]
    assert any(text.startswith(f"regions/testland.yml:{line}: ") and words in text for text in found), found


@pytest.mark.parametrize("text", ["", "[]", "region: [", "towns: 5", "region: testland\nregion: testland"])
def test_rubbish_gives_a_mistake_and_no_crash(text: str) -> None:
    read = read_region(text)
    assert read.mistakes
    assert read.region is None


def test_the_desk_may_confirm_a_service() -> None:
    text = changed('as_of: "2024-11"', 'as_of: "2010"\n    confirmed_by: Stadt Übelstadt\n    confirmed_at: 2026-02-01',
                   REGION)
    region = read_region(text, by_desk=True).region
    assert region is not None
    assert region.services[0].confirmed_by == "Stadt Übelstadt"
    assert region.services[0].shown


def test_hours_are_written_in_the_language_of_the_person() -> None:
    found = service()
    assert found.hours_text("en") == "Mon–Wed 08:30–12:00; Thu 08:30–12:00, 14:00–17:00. By appointment only"
    assert (found.hours_text("ar") or "").startswith("الاثنين–الأربعاء 08:30–12:00؛ الخميس")
    assert (found.hours_text("uk") or "").startswith("пн–ср 08:30–12:00")
    assert (found.hours_text("xx") or "").startswith("Mon–Wed")


def test_days_with_the_same_hours_share_an_entry() -> None:
    found = service(opening={"mon": ("08:00-12:00",), "wed": ("08:00-12:00",), "fri": ("09:00-10:00",)}, hours_note={})
    assert found.hours_text("de") == "Mo, Mi 08:00–12:00; Fr 09:00–10:00"


def test_a_service_without_hours_says_nothing_about_them() -> None:
    assert service(opening={}, hours_note={}).hours_text("de") is None


def test_town_names_become_link_names() -> None:
    assert [slug(name) for name in ("Bergisch Gladbach", "Übach-Palenberg", "Hückelhoven")] == [
        "bergisch-gladbach", "uebach-palenberg", "hueckelhoven"]


class TestTheRegionsOfThisRelease:
    regions: ClassVar[dict[str, Region]] = {read.region.id: read.region for read in read_content().regions if read.region}

    def test_there_are_four_with_their_ticket_prefixes(self) -> None:
        assert {name: region.prefix for name, region in self.regions.items()} == {
            "heinsberg": "HS", "bergisch-gladbach": "GL", "bergkamen": "BK", "meerbusch": "MB"}

    def test_kreis_heinsberg_routes_two_towns_to_other_carriers(self) -> None:
        office_of = {town: office for office in self.regions["heinsberg"].offices for town in office.towns}
        assert len(office_of) == 10
        assert office_of["Erkelenz"].id == "heinsberg-erkelenz"
        assert "Diakonisches Werk" in office_of["Erkelenz"].carrier
        assert office_of["Hückelhoven"].id == "heinsberg-hueckelhoven"
        assert "DRK" in office_of["Hückelhoven"].carrier
        assert office_of["Wegberg"].id == "heinsberg"

    def test_nothing_old_or_doubtful_is_shown_and_nothing_is_confirmed(self) -> None:
        for region in self.regions.values():
            for found in region.services:
                assert found.confirmed_by is None
                if found.shown:
                    assert found.doubtful is None
                    assert found.as_of == "undated" or found.as_of >= "2023"

    def test_what_is_shown_has_a_plain_sentence_in_the_first_languages(self) -> None:
        shown = [found for region in self.regions.values() for found in region.services if found.shown]
        assert len(shown) >= 15
        assert all({"de", "en", "ar"} <= set(found.description) for found in shown)

    def test_sources_are_public_documents(self) -> None:
        for region in self.regions.values():
            for found in region.services:
                assert found.source_title
                assert "seeds" not in found.source_title
                assert found.source_url is None or found.source_url.startswith("http")
