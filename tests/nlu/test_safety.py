"""Danger is recognised before anything else; near misses are not danger."""

from __future__ import annotations

import pytest

from nlu.engine import BuiltinEngine
from nlu.language import read_others
from nlu.training import DATA


@pytest.mark.parametrize(("text", "topic"), [
    ("Mein Mann schlägt mich", "safety.violence"), ("Ich will nicht mehr leben", "safety.suicide"),
    ("es brennt in meiner wohnung", "safety.emergency"), ("My husband beats me and the kids", "safety.violence"),
    ("I want to kill myself", "safety.suicide"), ("My father is not breathing!", "safety.emergency"),
    ("زوجي يضربني كل يوم", "safety.violence"), ("ما بدي عيش", "safety.suicide"),
    ("في حريق بالبيت", "safety.emergency"), ("i wan kil my self", "safety.suicide"),
    ("jozi byedrobni", "safety.violence"), ("ruft einen krankenwagen bitte", "safety.emergency"),
])
def test_danger_is_recognised(engine: BuiltinEngine, text: str, topic: str) -> None:
    found = engine.understand(text)
    assert found.safety == topic and found.topic == topic and not found.is_unsure


@pytest.mark.parametrize("text", [
    "My late husband had a pension here", "I want to apply for a job with the police", "I am dying of boredom",
    "my phone battery is dead", "the exam is killing me", "Ich sterbe vor Langeweile",
    "Ausbildung bei der Polizei", "Mein Akku ist tot", "Wann kommt der neue Krimi im Fernsehen?",
    "بدي اشتغل بالشرطة", "رح موت من الجوع شو في مطاعم", "Can you recommend a horror film with knives?",
    "My child's school has a fire drill tomorrow",
])
def test_near_misses_raise_no_alarm(engine: BuiltinEngine, text: str) -> None:
    assert engine.understand(text).safety is None


def test_danger_wins_over_the_context(engine: BuiltinEngine) -> None:
    found = engine.understand("he hits me", last_topic="school.registration")
    assert found.safety == "safety.violence" and not found.is_followup


@pytest.mark.parametrize("text", ["Mein Akku ist tot", "this exam is killing me"])
def test_without_alarm_no_safety_topic_is_the_best_guess(engine: BuiltinEngine, text: str) -> None:
    found = engine.understand(text)
    assert found.safety is None and not (found.topic or "").startswith("safety.")


def test_everyday_sentences_of_other_languages_raise_no_alarm(engine: BuiltinEngine) -> None:
    sentences = read_others(DATA)
    alarms = [text for text, _ in sentences if engine.understand(text).safety]
    assert len(alarms) <= 0.01 * len(sentences), alarms
