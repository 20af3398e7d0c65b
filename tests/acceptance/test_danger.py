"""Danger: the numbers come first, alert nobody, and nothing of the words stays anywhere."""

from __future__ import annotations

import pytest

from tests.acceptance.conftest import NewPerson
from tests.acceptance.support import Installation, answers, got, heard, label, reads, says, until

DANGERS = [
    ("de", "Mein Mann schlägt mich und die Kinder, ich habe Angst Zwiebelturm"),
    ("en", "He beats me and the children, my husband, I am afraid Zwiebelturm"),
    ("ar", "زوجي يضربني ويضرب الأولاد وأنا خائفة Zwiebelturm"),
]


@pytest.mark.parametrize(("language", "cry"), DANGERS, ids=[language for language, _ in DANGERS])
async def test_the_numbers_come_first_and_nothing_of_the_words_is_stored(
        person: NewPerson, lotse: Installation, language: str, cry: str) -> None:
    counted = lotse.number("SELECT coalesce(sum(number), 0) FROM counter WHERE what = 'safety'")
    ada = person(language)
    messages = await answers(ada, cry)
    assert "110" in reads(messages[0]) and len(messages) == 1, ada.transcript()
    assert label("button.person", language) in messages[0].labels
    await until(lambda: lotse.number("SELECT coalesce(sum(number), 0) FROM counter WHERE what = 'safety'") == counted + 1)
    await until(lotse.outbox_is_empty)
    for word in ("Zwiebelturm", cry[:20], reads(messages[0])[:40]):
        assert not lotse.holds(word), f"{word!r} is stored"

    await ada.press(label("button.counselling", language))
    assert says((await got(ada))[-1], "case.counselling", language)


async def test_danger_in_the_middle_of_a_form_comes_before_the_form(person: NewPerson, lotse: Installation) -> None:
    ada = person("en")
    await ada.start("en")
    await heard(ada, "town.ask", "en")
    messages = await answers(ada, "I want to kill myself Zwiebelkuchen")
    assert any("112" in reads(message) or "0800" in reads(message) for message in messages), ada.transcript()
    assert not lotse.holds("Zwiebelkuchen")


async def test_the_emergency_button_shows_the_numbers(person: NewPerson) -> None:
    ada = person("en")
    await ada.start("en-wegberg-")
    await heard(ada, "menu.title", "en")
    await ada.press(label("menu.emergency", "en"))
    shown = await heard(ada, "menu.emergency_title", "en")
    assert "110" in reads(shown) and "112" in reads(shown)
