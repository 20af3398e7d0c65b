"""Finding towns in what people write."""

from __future__ import annotations

import pytest

from knowledge.files import read_content
from knowledge.model import TownMatch
from knowledge.towns import TownFinder

FINDER = TownFinder(read_content().library())


def name(match: TownMatch | None) -> str | None:
    """The town, or the place with a question mark where there is no data about it."""
    if match is None:
        return None
    return match.town.name if match.town else f"{match.text}?"


@pytest.mark.parametrize(("text", "town"), [
    ("Wegberg", "Wegberg"), ("wegburg", "Wegberg"), ("Erklenz", "Erkelenz"), ("HÜCKELHOVEN!!", "Hückelhoven"),
    ("Hueckelhoven", "Hückelhoven"), ("huckelhofen", "Hückelhoven"), ("ich wohne in ibach palenberg", "Übach-Palenberg"),
    ("Übach", "Übach-Palenberg"), ("palenberg", "Übach-Palenberg"), ("GL", "Bergisch Gladbach"),
    ("bergisch gladbach", "Bergisch Gladbach"), ("Bergischgladbach", "Bergisch Gladbach"), ("berkgamen", "Bergkamen"),
    ("meerbush", "Meerbusch"), ("Büderich", "Meerbusch"), ("Ratheim", "Hückelhoven"), ("hinsberg", "Heinsberg"),
    ("إركلنز", "Erkelenz"), ("ارکلنز", "Erkelenz"), ("أسكن في إركلنز", "Erkelenz"), ("ساكن بهاينسبرغ", "Heinsberg"),
    ("هاينسبرج", "Heinsberg"), ("Эркеленц", "Erkelenz"), ("я живу в Вегберге", "Wegberg"), ("Хюккельхофене", "Hückelhoven"),
    ("у Гайнсберзі", "Heinsberg"), ("Köln", "Köln?"), ("كولونيا", "Köln?"), ("düseldorf", "Düsseldorf?"),
    ("Essen", "Essen?"), ("Mönchengladbach", "Mönchengladbach?"),
])
def test_the_answer_to_which_town_is_understood_without_asking_again(text: str, town: str) -> None:
    found = FINDER.typed(text)
    assert [(name(match), match.certain) for match in found] == [(town, True)]


@pytest.mark.parametrize(("text", "towns"), [
    ("berg", {"Bergisch Gladbach", "Bergkamen", "Wegberg"}), ("hein", {"Heinsberg"}), ("waldfeut", {"Waldfeucht"}),
])
def test_an_uncertain_answer_becomes_a_question_with_at_most_three_proposals(text: str, towns: set[str]) -> None:
    found = FINDER.typed(text)
    assert {name(match) for match in found} == towns
    assert not any(match.certain for match in found)
    assert len(found) <= 3


@pytest.mark.parametrize("text", ["", "   ", "😀", "xyz", "nein", "weiß nicht", "egal", "kein plan", "?", "a", "12345",
                                  "\u200b", "لا", "не знаю", "x" * 5000])
def test_what_is_no_town_finds_none(text: str) -> None:
    assert FINDER.typed(text) == []


@pytest.mark.parametrize(("text", "town"), [
    ("hallo mein sohn 8 jahre wir neu in wegberg schule wo anmelden?", "Wegberg"),
    ("Ich wohne in Wegbergs Zentrum", "Wegberg"), ("Erkelenz'de oturuyorum", "Erkelenz"),
    ("Wegbergde kurs var mi", "Wegberg"), ("Heinsberger Rathaus", "Heinsberg"), ("I live in Wegburg", "Wegberg"),
    ("wohnung in uebach palenberg gesucht", "Übach-Palenberg"), ("أنا ساكن بإركلنز وبدي كورس", "Erkelenz"),
    ("وين مدرسة في هاينسبرغ", "Heinsberg"), ("من فيغبرغ", "Wegberg"), ("живу в Эркеленце", "Erkelenz"),
    ("мешкаю у Вегберзі", "Wegberg"), ("wir wohnen in GL", "Bergisch Gladbach"), ("ich lebe in Köln", "Köln?"),
    ("bdi doctor 3arabi b dortmund", "Dortmund?"), ("ich wohne in Essen", "Essen?"), ("kurs in bonn", "Bonn?"),
])
def test_a_town_in_passing_is_noticed(text: str, town: str) -> None:
    assert name(FINDER.in_passing(text)) == town


def test_a_town_with_data_wins_over_a_place_without() -> None:
    assert name(FINDER.in_passing("von Köln nach Erkelenz gezogen")) == "Erkelenz"


@pytest.mark.parametrize("text", ["ich wohne in Köln", "wir leben in Köln", "I live in Köln", "أنا ساكن بكولن", "живу в Кельне",
                                  "Köln'de oturuyorum"])
def test_who_says_to_live_elsewhere_is_believed(text: str) -> None:
    match = FINDER.in_passing(text)
    assert match is not None
    assert (match.text, match.known, match.certain) == ("Köln", False, True)


@pytest.mark.parametrize("text", ["Darf ich nach Köln umziehen?", "Can I live in Köln?", "mein Bruder ist in Köln",
                                  "Darf ich in Köln wohnen?", "موعد في كولن", "бронь в Кельне", "وظيفة في كولن"])
def test_who_only_names_another_place_may_still_live_here(text: str) -> None:
    match = FINDER.in_passing(text)
    assert match is not None
    assert (match.text, match.known, match.certain) == ("Köln", False, False)


def test_the_district_is_not_its_town() -> None:
    assert FINDER.in_passing("Beratung im Kreis Heinsberg") is None
    assert [(name(match), match.certain) for match in FINDER.typed("Kreis Heinsberg")] == [("Heinsberg", False)]


def test_a_misspelled_town_in_passing_is_not_certain() -> None:
    match = FINDER.in_passing("we are in hukelhofen")
    assert match is not None
    assert match.town is not None
    assert not match.certain


@pytest.mark.parametrize("text", [
    "wo kann ich essen kaufen", "mein kind will essen", "nach dem Essen", "in den Bergen", "ich gehe in die kirche",
    "Ein Brief von der Stadt, was jetzt?", "Ich bin im vierten Monat schwanger", "das ist gelten", "im Wald",
    "meine Hand tut weh", "hf gl", "essen", "kamen", "кіль", "كيف بون", "ماذا افعل", "Guten Tag", "wie ist das Wetter heute?", "",
    "ich brauche Hilfe beim Wohngeld", "Kann ich am Wochenende kommen?", "der Berg ist hoch",
])
def test_ordinary_words_are_no_towns(text: str) -> None:
    assert FINDER.in_passing(text) is None
