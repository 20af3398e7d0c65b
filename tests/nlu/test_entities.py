"""Details that change the reply."""

from __future__ import annotations

from datetime import date

import pytest

from core import clock
from nlu.entities import EntityFinder, load_entities
from nlu.training import DATA


@pytest.fixture(scope="module")
def finder() -> EntityFinder:
    return load_entities(DATA)


@pytest.fixture(autouse=True)
def _a_friday_in_november(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "today", lambda: date(2026, 11, 20))


@pytest.mark.parametrize(("language", "text", "age"), [
    ("de", "Meine Tochter ist 4 Jahre alt", 4), ("de", "sie ist 4", 4), ("de", "mein sohn ist sechs", 6),
    ("de", "6jährige Tochter", 6), ("de", "mein Baby ist 8 Monate", 0), ("de", "Schulplatz für Sohn, 9 Jahre", 9),
    ("en", "my son is six years old", 6), ("en", "she is 4", 4), ("en", "my 3-year-old son", 3),
    ("en", "he is 18 months old", 1), ("en", "my kids are 7 and 9", 7), ("en", "a newborn", 0),
    ("ar", "عمرها ٤ سنين", 4), ("ar", "ابني عمره سنتين", 2), ("ar", "بنتي عمرها سنة", 1), ("ar", "ابني سبع سنين", 7),
    ("ar", "عمره 8 أشهر", 0), ("ar", "benti 3omrha 4 snin", 4),
    ("de", "Ich bin seit 5 Jahren in Deutschland", None), ("de", "meine Frau ist 34 Jahre alt", None),
    ("en", "I have been here for 3 years", None), ("en", "we are 4 people", None), ("ar", "صارلي ٣ سنين بألمانيا", None),
    ("en", "I am 16 years old", None),
])
def test_the_age_of_a_child(finder: EntityFinder, language: str, text: str, age: int | None) -> None:
    assert finder.find(text, language).child_age == age


@pytest.mark.parametrize(("language", "text", "days"), [
    ("de", "Ich muss bis morgen das Land verlassen", 1), ("de", "Frist bis zum 3.12.", 13),
    ("de", "Widerspruch innerhalb von zwei Wochen", 14), ("de", "mein Aufenthalt läuft in 10 Tagen ab", 10),
    ("de", "bis Montag muss ich zahlen", 3), ("de", "die Frist ist abgelaufen", 0),
    ("en", "my permit expires in one week", 7), ("en", "I must leave by tomorrow", 1), ("en", "within 14 days", 14),
    ("en", "by December 3", 13), ("en", "deadline 2026-12-01", 11),
    ("ar", "خلال أسبوع لازم اطلع", 7), ("ar", "لازم ارد خلال أسبوعين", 14), ("ar", "عندي مهلة لبكرا", 1),
])
def test_a_deadline_in_days(finder: EntityFinder, language: str, text: str, days: int) -> None:
    found = finder.find(text, language)
    assert found.deadline and found.deadline_days == days


@pytest.mark.parametrize(("language", "text"), [
    ("de", "vor zwei Wochen sind wir gekommen"), ("en", "we came two weeks ago"), ("ar", "وصلنا قبل أسبوعين"),
    ("de", "Ich habe am 3.12. Geburtstag"), ("en", "where is the school?"),
])
def test_what_is_no_deadline(finder: EntityFinder, language: str, text: str) -> None:
    assert not finder.find(text, language).deadline


def test_a_deadline_without_a_date_has_no_days(finder: EntityFinder) -> None:
    found = finder.find("the letter names a deadline", "en")
    assert found.deadline and found.deadline_days is None


@pytest.mark.parametrize(("language", "text"), [("de", "Ich lebe hier ohne Papiere"), ("en", "I am undocumented"),
                                                ("ar", "ما عندي أوراق"), ("ar", "أنا حراك بلا وراق")])
def test_people_without_papers(finder: EntityFinder, language: str, text: str) -> None:
    assert finder.find(text, language).without_papers


@pytest.mark.parametrize(("language", "text"), [
    ("de", "ich bin 16 und ganz allein hier"), ("en", "I am 15, without my parents"), ("ar", "عمري 16 ولحالي هون"),
    ("en", "unaccompanied minor"),
])
def test_a_minor_alone(finder: EntityFinder, language: str, text: str) -> None:
    assert finder.find(text, language).minor_alone


def test_an_adult_alone_is_no_minor(finder: EntityFinder) -> None:
    assert not finder.find("I am 36 and alone here", "en").minor_alone


def test_a_language_without_words_has_no_details(finder: EntityFinder) -> None:
    assert finder.find("4 år gammel", "no").child_age is None
