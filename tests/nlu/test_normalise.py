"""The same word meets itself, however it is typed."""

from __future__ import annotations

import pytest

from nlu.normalise import LONGEST, normalise, spelled


@pytest.mark.parametrize(("one", "other"), [
    ("Schöne Grüße", "schoene gruesse"),
    ("ÜBER", "uber"),
    ("İSTANBUL", "istanbul"),
    ("IĞDIR", "iğdır"),
    ("مَدْرَسَة", "مدرسه"),
    ("مدرســـة", "مدرسة"),
    ("أين إقامة آخر", "اين اقامه اخر"),
    ("کتاب یک", "كتاب يك"),
    ("٧ سنين", "7 سنين"),
    ("۷ سال", "7 سال"),
    ("heeeeelp", "help"),
    ("don't", "dont"),
    ("don’t", "dont"),
    ("п'ять", "пʼять"),
    ("ещё", "еще"),
    ("Hi\u200b there\u202e", "hi there"),
    ("\ufeffHallo\x00 Welt", "hallo welt"),
    ("wo?? ", "wo ?"),
    ("wo؟", "wo?"),
    ("thanks 🙏🏽👍", "thanks"),
])
def test_two_spellings_of_the_same_meet(one: str, other: str) -> None:
    assert normalise(one) == normalise(other)


@pytest.mark.parametrize(("text", "word"), [
    ("see https://example.org/a?b=1", "xlink"), ("write to a.b@example.org", "xmail"),
    ("call +49 2452 123456", "xphone"), ("Aktenzeichen 123456789", "xnumber"),
])
def test_addresses_and_numbers_become_placeholders(text: str, word: str) -> None:
    assert word in normalise(text).split()


@pytest.mark.parametrize("text", ["", "   ", "🙂🙂", "\u200b\u200d", "\x00\x01", "..."])
def test_nothing_to_read_gives_an_empty_form(text: str) -> None:
    assert normalise(text) == ""


def test_normalising_twice_changes_nothing() -> None:
    once = normalise("Müller’s Straße, ٣ أطفال?")
    assert normalise(once) == once


def test_of_a_long_message_beginning_and_end_are_read() -> None:
    form = normalise("Anfang " + "mitte " * 1000 + "Ende")
    assert form.startswith("anfang") and form.endswith("ende") and len(form) <= LONGEST + 10


def test_the_lighter_form_keeps_what_tells_languages_apart() -> None:
    assert spelled("Çok güzel 123!") == "çok güzel"
