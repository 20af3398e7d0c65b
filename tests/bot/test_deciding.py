"""What happens with an understood message, along the borders."""

from __future__ import annotations

import pytest

from bot.conversation.deciding import PLAUSIBLE, Decision, decide
from nlu.model import Understanding
from tests.factories import TOPICS, UNANSWERED, library, understood, unsure

KINDS = {topic.id: topic.kind for topic in TOPICS} | {UNANSWERED: "answer"}
CONTENT = library()


def decided(understanding: Understanding, last_topic: str = "") -> Decision:
    return decide(understanding, lambda topic: KINDS.get(topic, "chat"), CONTENT.has_answer, last_topic=last_topic)


def test_safety_wins_over_everything_else() -> None:
    assert decided(understood("chat.human", safety="safety.violence")).action == "safety"
    assert decided(understood(None, safety="safety.violence")) == Decision("safety", "safety.violence")


def test_an_empty_message_is_unsure_without_a_topic() -> None:
    assert decided(understood(None)) == Decision("unsure", None, reasons=("empty",))


@pytest.mark.parametrize(("topic", "action"), [
    ("school.registration", "answer"), ("residence.rejection", "handoff"), ("chat.thanks", "chat"),
    ("chat.human", "handoff"), ("out_of_scope", "chat"), ("safety.violence", "safety"), (UNANSWERED, "unsure"),
    ("never.heard", "chat")])
def test_each_kind_of_topic_has_its_action(topic: str, action: str) -> None:
    assert decided(understood(topic)).action == action


def test_a_topic_without_answer_says_why() -> None:
    assert decided(understood(UNANSWERED)).reasons == ("no answer yet",)


def test_a_complex_topic_is_offered_a_person_with_the_reason() -> None:
    assert decided(understood("residence.rejection")).reasons == ("complex_topic",)


def test_unsure_with_plausible_topics_is_asked_back() -> None:
    decision = decided(unsure())
    assert (decision.action, decision.proposals) == ("clarify", ("school.registration", "school.documents"))
    assert decision.reasons == ("no clear winner",)


@pytest.mark.parametrize(("probability", "proposed"), [(PLAUSIBLE, True), (PLAUSIBLE - 1e-9, False), (0.0, False)])
def test_only_plausible_topics_are_proposed(probability: float, proposed: bool) -> None:
    found = unsure(others=(("health.doctor", probability),))
    assert ("health.doctor" in decided(found).proposals) is proposed


def test_at_most_three_topics_are_proposed_and_only_ones_with_an_answer() -> None:
    others = ((UNANSWERED, 0.2), ("chat.greeting", 0.2), ("health.doctor", 0.1), ("work.search", 0.1), ("advice.kim", 0.1))
    decision = decided(unsure(others=others))
    assert decision.proposals == ("school.registration", "health.doctor", "work.search")


@pytest.mark.parametrize("found", [
    understood("out_of_scope", 0.3, others=(("school.registration", 0.2),), is_unsure=True, reason="no clear winner"),
    understood("chat.greeting", 0.02, is_unsure=True, reason="low probability"),
    understood("school.registration", 0.01, is_unsure=True, reason="low probability")])
def test_unsure_without_a_proposal_is_admitted(found: Understanding) -> None:
    assert decided(found).action == "unsure"


def test_a_follow_up_shows_its_aspect_even_where_the_engine_is_unsure() -> None:
    found = understood(aspect="cost", is_followup=True, is_unsure=True, reason="low probability")
    assert decided(found, "school.registration") == Decision("answer", "school.registration", aspect="cost")


def test_a_follow_up_without_an_aspect_shows_what_to_do() -> None:
    assert decided(understood(is_followup=True), "school.registration").aspect == "do"


def test_a_follow_up_to_a_complex_topic_stays_one_for_a_person() -> None:
    decision = decided(understood("residence.renewal", is_followup=True), "residence.renewal")
    assert (decision.action, decision.reasons) == ("handoff", ("complex_topic",))


@pytest.mark.parametrize("last_topic", ["", "health.doctor"])
def test_a_follow_up_to_another_topic_is_no_follow_up(last_topic: str) -> None:
    found = understood(aspect="cost", is_followup=True, is_unsure=True)
    assert decided(found, last_topic).action == "clarify"
