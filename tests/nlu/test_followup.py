"""Short messages are read against the one before."""

from __future__ import annotations

import pytest

from nlu.engine import BuiltinEngine


@pytest.mark.parametrize(("text", "language", "aspect"), [
    ("how much?", "en", "cost"), ("where?", "en", "place"), ("how long does it take", "en", "time"),
    ("what do I need?", "en", "papers"), ("what if they refuse", "en", "trouble"), ("what now?", "en", "do"),
    ("wie viel kostet das?", "de", "cost"), ("wo?", "de", "place"), ("welche Papiere brauche ich?", "de", "papers"),
    ("كم؟", "ar", "cost"), ("وين؟", "ar", "place"), ("شو الأوراق المطلوبة؟", "ar", "papers"), ("متى", "ar", "time"),
])
def test_a_followup_keeps_the_topic_and_says_the_aspect(engine: BuiltinEngine, text: str, language: str,
                                                        aspect: str) -> None:
    found = engine.understand(text, language=language, last_topic="language.integration_course")
    assert (found.topic, found.aspect, found.is_followup) == ("language.integration_course", aspect, True)
    assert not found.is_unsure and found.confidence > 0.9


def test_a_followup_without_a_topic_before_is_unsure(engine: BuiltinEngine) -> None:
    found = engine.understand("how much?", language="en")
    assert found.is_unsure and found.is_followup and found.aspect == "cost"


@pytest.mark.parametrize(("text", "language"), [("and for my other child, she is 4?", "en"),
                                                ("und für meine Tochter, sie ist 4?", "de"), ("وبنتي؟ عمرها ٤", "ar")])
def test_a_small_child_after_school_means_the_kindergarten(engine: BuiltinEngine, text: str, language: str) -> None:
    found = engine.understand(text, language=language, last_topic="school.registration")
    assert found.topic == "childcare.kita" and found.entities.child_age == 4


def test_an_older_child_after_school_stays_with_school(engine: BuiltinEngine) -> None:
    assert engine.understand("and for my son, he is 9?", last_topic="school.registration").topic == "school.registration"


@pytest.mark.parametrize(("text", "topic"), [("I want to find a job", "work.search"),
                                             ("Ich brauche einen Arzt", "health.doctor"),
                                             ("بدي دور على بيت للايجار", "housing.search")])
def test_a_message_that_names_another_topic_wins(engine: BuiltinEngine, text: str, topic: str) -> None:
    assert engine.understand(text, last_topic="school.registration").topic == topic


def test_thanks_after_an_answer_stay_thanks(engine: BuiltinEngine) -> None:
    assert engine.understand("thanks", language="en", last_topic="health.doctor").topic == "chat.thanks"
