import pytest

from handoff.triage import REASONS, Situation, decide, wording


def test_an_ordinary_question_is_no_reason_to_offer_a_person():
    decision = decide(Situation(misunderstood=1, areas=2, not_helped=1))
    assert (decision.offer, decision.urgent, decision.reasons) == (False, False, ())


@pytest.mark.parametrize(("situation", "reason"), [
    (Situation(asked_for_person=True), "asked_for_person"),
    (Situation(complex_topic=True), "complex_topic"),
    (Situation(misunderstood=2), "misunderstood_twice"),
    (Situation(areas=3), "several_areas"),
    (Situation(deadline_within_14_days=True), "deadline_14_days"),
    (Situation(not_helped=2), "not_helped_twice"),
    (Situation(distress=True), "distress"),
])
def test_each_reason_alone_offers_a_person_and_is_named(situation, reason):
    decision = decide(situation)
    assert decision.offer
    assert decision.reasons == (reason,)


@pytest.mark.parametrize(("situation", "urgent"), [
    (Situation(complex_topic=True, asked_for_person=True, misunderstood=5), False),
    (Situation(complex_topic=True, deadline_within_14_days=True), True),
    (Situation(distress=True), True),
])
def test_only_a_near_deadline_or_distress_is_urgent(situation, urgent):
    assert decide(situation).urgent is urgent


def test_all_reasons_together_keep_their_order():
    everything = Situation(True, True, 2, 3, True, 2, True)
    assert decide(everything).reasons == tuple(REASONS)


def test_every_reason_has_german_and_english_words():
    for words in REASONS.values():
        assert set(words) == {"de", "en"}
    assert wording("distress", "de") == "Notlage"
    assert wording("from_a_newer_release", "de") == "from_a_newer_release"
