"""What an engine makes of whole messages."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlu.engine import BuiltinEngine
from nlu.examples import read_topics
from nlu.training import DATA


@pytest.mark.parametrize(("text", "topic"), [
    ("schulplatz für meinen sohn, 9 jahre", "school.registration"),
    ("kita platz für meine tochter", "childcare.kita"),
    ("I want to talk to a person", "chat.human"),
    ("my residence permit expires soon, how do I extend it?", "residence.renewal"),
    ("بدي موعد عند دائرة الأجانب", "residence.appointment"),
    ("وصلتني رسالة من الجوب سنتر وما فهمتها", "documents.letter"),
])
def test_a_plain_question_is_understood(engine: BuiltinEngine, text: str, topic: str) -> None:
    found = engine.understand(text)
    assert found.topic == topic and not found.is_unsure and found.reason == "clear"


def test_every_topic_of_the_list_is_a_class(engine: BuiltinEngine) -> None:
    assert set(engine.topics) == set(read_topics(DATA))


def test_probabilities_are_in_order_and_sum_to_one_at_most(engine: BuiltinEngine) -> None:
    shares = [share for _, share in engine.understand("Schule Papiere").topics]
    assert shares == sorted(shares, reverse=True) and len(shares) >= 4 and 0 < sum(shares) <= 1.0001


@pytest.mark.parametrize("text", ["", "  ", "🙂", "???", "\u200b", "\x00"])
def test_an_empty_message_is_unsure_without_topics(engine: BuiltinEngine, text: str) -> None:
    found = engine.understand(text)
    assert found.is_unsure and found.reason == "empty" and found.topics == () and found.topic is None


def test_another_language_is_a_reason_of_its_own(engine: BuiltinEngine) -> None:
    found = engine.understand("Gdzie mogę się uczyć niemieckiego i ile to kosztuje?")
    assert found.is_unsure and found.reason == "foreign language"


def test_a_message_out_of_scope_is_not_answered_as_a_topic(engine: BuiltinEngine) -> None:
    found = engine.understand("Who will win the football match on Saturday?")
    assert found.is_unsure or found.topic == "out_of_scope"


def test_two_needs_in_one_message_are_both_named(engine: BuiltinEngine) -> None:
    found = engine.understand("I need a doctor and my residence permit expires next week")
    assert set(found.entities.needs) == {"health.doctor", "residence.renewal"}
    assert set(found.entities.areas) == {"health", "residence"}


@settings(max_examples=300, deadline=None)
@given(text=st.text(max_size=4096), language=st.sampled_from([None, "de", "en", "ar", "fa", "xx"]),
       last=st.sampled_from([None, "school.registration", "chat.greeting", "nonsense"]))
def test_understanding_never_raises(engine: BuiltinEngine, text: str, language: str | None, last: str | None) -> None:
    found = engine.understand(text, language=language, last_topic=last)
    assert found.language and (found.topics or found.reason == "empty")
