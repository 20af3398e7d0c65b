"""Answers, asking back, admitting; feedback; the language of one message."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from bot.conversation.compose import LONGEST
from bot.conversation.model import Event, Person
from core.clock import today
from knowledge.model import Figure, Topic
from tests.factories import TITLES, UNANSWERED, answer, environment, library, region, service, understood, unsure
from tests.fakes import Chat, data_of, labels, said


def person(**changes: object) -> Person:
    values = {"id": "n1", "language": "de", "language_chosen": True, "town": "Neudorf", "town_asked": True, "introduced": True}
    return Person(**{**values, **changes})


async def test_an_answer_is_the_section_do_with_local_services_and_source(german: Chat) -> None:
    text = said(await german.says("Schule?"))
    assert text.index("Titel tun") < text.index("Integrationszentrum") < text.index("Schulamt")
    assert "+49 2999 6789" in text.splitlines() and "ki@example.org" in text.splitlines()


async def test_an_answer_offers_its_other_sections_feedback_a_person_and_the_menu(german: Chat) -> None:
    data = data_of(await german.says("Schule?"))
    assert data == ["a|school.registration|papers", "a|school.registration|cost", "h|school.registration|1",
                    "h|school.registration|0", "p", "m"]


async def test_a_section_shows_only_that_section(german: Chat) -> None:
    await german.says("Schule?")
    text = said(await german.presses("a|school.registration|papers"))
    assert "Titel Papiere" in text and "Titel tun" not in text and "Integrationszentrum" not in text


async def test_a_short_follow_up_shows_the_section_of_the_last_topic(german: Chat) -> None:
    await german.says("Schule?")
    text = said(await german.says("was kostet das?", aspect="cost", is_followup=True))
    assert "Titel Kosten" in text


async def test_an_aspect_nothing_is_known_about_is_admitted_with_the_others_as_buttons(german: Chat) -> None:
    await german.says("Schule?")
    replies = await german.says("wo?", aspect="place", is_followup=True)
    assert german.text("aspect.missing") in said(replies)
    assert "a|school.registration|papers" in data_of(replies) and "p" in data_of(replies)
    assert ("aspect_missing", "school.registration") in german.counts


async def test_services_of_another_town_are_not_shown() -> None:
    env = environment(library(regions=[region(services=(service(covers=("Wegberg",)), service("Überall")))]))
    assert "Integrationszentrum" not in said(await Chat(env, person()).says("Schule?"))
    assert "Integrationszentrum" in said(await Chat(env, person(town="Wegberg")).says("Schule?"))


async def test_hidden_services_stay_hidden() -> None:
    env = environment(library(regions=[region(services=(service(shown=False),))]))
    assert "Integrationszentrum" not in said(await Chat(env, person()).says("Schule?"))


async def test_without_a_town_the_answer_asks_for_none_but_offers_to_add_one() -> None:
    replies = await Chat(person=person(town="")).says("Schule?")
    assert "Integrationszentrum" not in said(replies) and "w|?" in data_of(replies)


@pytest.mark.parametrize("language", TITLES)
async def test_unconfirmed_answers_say_so_and_never_that_they_are_checked(language: str) -> None:
    chat = Chat(person=person(language=language))
    text = said(await chat.says("Schule?", understood(language=language)))
    assert chat.text("source.unconfirmed", source="", as_of="").replace("؛", ";").split(";")[-1].strip(" .،؛") in text


async def test_a_confirmed_answer_names_who_confirmed_it() -> None:
    chat = Chat(environment(library(answers=[answer(checked_by="Stadt Neudorf")])), person())
    text = said(await chat.says("Schule?"))
    assert "Stadt Neudorf" in text
    assert chat.text("source.confirmed", source="Schulamt (https://www.example.org/schule)", as_of="10.1.2026",
                     by="Stadt Neudorf") in text


@pytest.mark.parametrize(("days", "is_overdue"), [(-1, True), (0, False), (1, False)])
async def test_an_answer_past_its_review_says_that_it_is_older(days: int, is_overdue: bool) -> None:
    due = today() + timedelta(days=days)
    chat = Chat(environment(library(answers=[answer(review_due=due)])), person())
    assert (chat.text("source.overdue") in said(await chat.says("Schule?"))) is is_overdue


@pytest.mark.parametrize(("days", "text"), [(-1, "Das kostet etwas."), (0, "Das kostet 5 Euro."), (None, "Das kostet 5 Euro.")])
async def test_a_figure_out_of_date_falls_back_to_its_wording_without(days: int | None, text: str) -> None:
    until = None if days is None else today() + timedelta(days=days)
    figure = Figure("fee", "5 Euro", "etwas", date(2026, 1, 1), until, "https://www.example.org")
    env = environment(library(answers=[answer(figures=(figure,), sections={"do": "Das kostet {{fee}}."})]))
    assert text in said(await Chat(env, person()).says("Schule?"))


async def test_a_long_answer_drops_services_to_stay_within_1800_characters() -> None:
    many = tuple(service(f"Amt {n}", address="Weg " * 90) for n in range(3))
    env = environment(library(answers=[answer(sections={"do": "w" * 900})], regions=[region(services=many)]))
    chat = Chat(env, person())
    replies = await chat.says("Schule?")
    assert len(replies[0].markdown) <= LONGEST
    assert "Amt 0" in said(replies) and "Amt 1" not in said(replies)
    assert chat.turn is not None and chat.turn.report["services"] == ["tl.amt 0"]


@pytest.mark.parametrize("length", range(560, 700, 7))
async def test_no_answer_with_services_is_longer_than_1800_characters(length: int) -> None:
    many = tuple(service(f"Amt {n}", address="w" * length) for n in range(2))
    env = environment(library(answers=[answer(sections={"do": "w" * 500})], regions=[region(services=many)]))
    replies = await Chat(env, person()).says("Schule?")
    assert len(replies[0].markdown) <= LONGEST


async def test_markup_in_content_of_services_is_shown_as_words() -> None:
    env = environment(library(regions=[region(services=(service("Amt *für* [alle](x) <b>"),))]))
    assert "Amt *für* [alle](x) <b>" in said(await Chat(env, person()).says("Schule?"))


async def test_related_topics_are_offered_with_their_titles_but_not_unanswered_ones() -> None:
    related = ("childcare.kita", UNANSWERED, "work.search", "health.doctor")
    env = environment(library(answers=[answer(related=related)]))
    data = data_of(await Chat(env, person()).says("Schule?"))
    assert "t|childcare.kita" in data and f"t|{UNANSWERED}" not in data
    assert sum(item.startswith("t|") for item in data) <= 2


async def test_an_answer_missing_in_the_language_is_given_in_english_then_in_german() -> None:
    german_only = Topic("money.account", "answer", "")
    content = library(topics=[german_only], answers=[answer("money.account", "de")])
    content._answers.pop(("money.account", "ar")), content._answers.pop(("money.account", "en"))
    chat = Chat(environment(content), person(language="ar"))
    replies = await chat.says("حساب", understood("money.account", language="ar"))
    assert "Titel tun" in said(replies) and not replies[0].rtl
    assert "عنوان tun" not in said(replies)


# --- not sure ---------------------------------------------------------------------------------------------------------


async def test_unsure_once_proposes_topics_something_else_and_a_person(german: Chat) -> None:
    replies = await german.says("das ding von gestern", unsure())
    assert german.text("unsure.maybe") in said(replies)
    assert data_of(replies) == ["t|school.registration", "t|school.documents", "e", "p"]
    assert german.counts == [("clarified", "")]


async def test_unsure_twice_in_a_row_offers_a_person_by_itself(german: Chat) -> None:
    await german.says("das ding", unsure())
    replies = await german.says("nein das andere", unsure())
    assert german.text("unsure.twice") in said(replies) and "p" in data_of(replies)
    assert not any(data.startswith("t|") for data in data_of(replies))
    assert german.turn is not None and "misunderstood_twice" in german.turn.report["reasons"]


async def test_an_understood_message_in_between_starts_the_count_anew(german: Chat) -> None:
    await german.says("das ding", unsure())
    await german.says("Schule?")
    assert german.text("unsure.maybe") in said(await german.says("das ding", unsure()))


async def test_a_chosen_proposal_is_answered_and_starts_the_count_anew(german: Chat) -> None:
    await german.says("das ding", unsure())
    assert "Titel tun: school.documents" in said(await german.presses("t|school.documents"))
    assert german.person.misunderstood == 0


async def test_something_else_asks_for_other_words(german: Chat) -> None:
    await german.says("das ding", unsure())
    replies = await german.presses("e")
    assert german.text("unsure.other_words") in said(replies) and "p" in data_of(replies)


async def test_nothing_likely_at_all_is_admitted_with_a_way_on(german: Chat) -> None:
    replies = await german.says("qwertz", understood("out_of_scope", 0.2, is_unsure=True, reason="low probability"))
    assert german.text("unsure.nothing") in said(replies) and {"p", "m"} <= set(data_of(replies))


async def test_a_topic_without_an_answer_is_admitted_and_not_stretched(german: Chat) -> None:
    replies = await german.says("Wohnung?", understood(UNANSWERED))
    assert german.text("unknown.topic") in said(replies) and "p" in data_of(replies)
    assert german.counts == [("no_answer_yet", UNANSWERED)]
    assert german.person.misunderstood == 0


async def test_something_out_of_scope_is_said_so_with_a_way_on(german: Chat) -> None:
    replies = await german.says("Wer wird Meister?", understood("out_of_scope"))
    assert german.text("chat.out_of_scope") in said(replies) and {"p", "m"} <= set(data_of(replies))


@pytest.mark.parametrize(("topic", "key"), [
    ("chat.thanks", "chat.thanks"), ("chat.goodbye", "chat.goodbye"), ("chat.greeting", "chat.greeting"),
    ("chat.complaint", "chat.complaint"), ("chat.language", "language.ask")])
async def test_small_talk_gets_its_short_reply(german: Chat, topic: str, key: str) -> None:
    assert german.text(key) in said(await german.says("...a", understood(topic)))


async def test_what_are_you_names_the_operator(german: Chat) -> None:
    assert "Kreis Test" in said(await german.says("wer bist du", understood("chat.capabilities")))


async def test_what_happens_with_my_data_shows_the_privacy_text(german: Chat) -> None:
    assert "30" in said(await german.says("was passiert mit meinen daten", understood("chat.privacy")))


# --- offering a person ------------------------------------------------------------------------------------------------


async def test_a_complex_topic_is_answered_and_a_person_offered_once(german: Chat) -> None:
    replies = await german.says("Aufenthalt abgelehnt", understood("residence.rejection"))
    assert "Titel tun" in said(replies[:1]) and german.text("offer.person") in said(replies[1:])
    again = await german.says("was kostet das", understood("residence.rejection", aspect="cost", is_followup=True))
    assert german.text("offer.person") not in said(again)


async def test_a_near_deadline_makes_the_offer_urgent_and_says_that_the_date_on_the_letter_counts(german: Chat) -> None:
    replies = await german.says("eine Woche Frist", understood(entities={"deadline": True, "deadline_days": 7}))
    assert german.text("offer.urgent") in said(replies)


@pytest.mark.parametrize(("days", "offered"), [(0, True), (14, True), (15, False), (None, False)])
async def test_only_a_deadline_within_14_days_is_near(german: Chat, days: int | None, offered: bool) -> None:
    replies = await german.says("Frist", understood(entities={"deadline": True, "deadline_days": days}))
    assert (german.text("offer.urgent") in said(replies)) is offered


async def test_three_areas_of_life_lead_to_the_offer_of_a_person(german: Chat) -> None:
    await german.says("Schule?", understood("school.registration"))
    await german.says("Arzt?", understood("health.doctor"))
    assert german.text("offer.person") in said(await german.says("Arbeit?", understood("work.search")))


async def test_not_now_is_accepted_without_asking_why(german: Chat) -> None:
    await german.says("abgelehnt", understood("residence.rejection"))
    assert german.text("offer.later") in said(await german.presses("n"))


@pytest.mark.parametrize("found", [understood(), unsure(), understood("out_of_scope"), understood("chat.greeting")])
async def test_a_minor_alone_gets_the_youth_office_whatever_else_was_understood(german: Chat, found: object) -> None:
    import dataclasses

    from nlu.model import Entities
    alone = dataclasses.replace(found, entities=Entities(minor_alone=True))  # type: ignore[type-var]
    replies = await german.says("ich bin 16 und allein hier", alone)
    assert said(replies).count(german.text("minor.alone")) == 1 and german.text("minor.alone") in said(replies[:1])


async def test_for_a_minor_in_danger_the_numbers_come_first(german: Chat) -> None:
    replies = await german.says("er schlägt mich", understood("safety.violence", entities={"minor_alone": True}))
    assert said(replies).startswith("110")


# --- feedback ---------------------------------------------------------------------------------------------------------


async def test_helped_is_counted_and_thanked_for(german: Chat) -> None:
    await german.says("Schule?")
    assert german.text("feedback.thanks") in said(await german.presses("h|school.registration|1"))
    assert german.counts == [("helped", "school.registration")]


async def test_not_helped_twice_leads_to_a_person(german: Chat) -> None:
    await german.says("Schule?")
    assert german.text("feedback.sorry") in said(await german.presses("h|school.registration|0"))
    replies = await german.presses("h|school.registration|0")
    assert german.text("feedback.sorry_twice") in said(replies) and "p" in data_of(replies)


async def test_helped_starts_the_count_of_not_helped_anew(german: Chat) -> None:
    await german.says("Schule?")
    for value in "010":
        replies = await german.presses(f"h|school.registration|{value}")
    assert german.text("feedback.sorry") in said(replies)


async def test_feedback_on_an_unknown_topic_is_not_counted(german: Chat) -> None:
    replies = await german.data("h|" + "x" * 62)
    assert german.counts == [] and german.text("button.old") in said(replies)


# --- the language of a message ----------------------------------------------------------------------------------------


async def test_a_message_in_another_language_is_answered_in_it_with_a_button_to_switch(german: Chat) -> None:
    replies = await german.says("how do I register my child", understood(language="en"))
    assert "Title tun" in said(replies)
    assert data_of(replies)[-1] == "l|en" and labels(replies)[-1] == german.text("button.switch_to", "en")
    assert german.person.language == "de"


async def test_the_next_message_is_again_in_the_chosen_language(german: Chat) -> None:
    await german.says("how do I register my child", understood(language="en"))
    assert "Titel tun" in said(await german.says("Schule?"))


async def test_the_switch_button_changes_the_language_for_good(german: Chat) -> None:
    await german.says("how do I register my child", understood(language="en"))
    await german.presses("l|en")
    assert german.person.language == "en"


async def test_a_message_in_the_chosen_language_gets_no_switch_button(german: Chat) -> None:
    assert not any(data.startswith("l|") for data in data_of(await german.says("wo ist die Schule bitte")))


async def test_one_short_word_never_switches(german: Chat) -> None:
    assert "Titel tun" in said(await german.says("school", understood(language="en")))


async def test_a_doubtful_language_never_switches(german: Chat) -> None:
    replies = await german.says("school bitte wo", understood(language="en", language_confidence=0.79))
    assert "Titel tun" in said(replies)


async def test_before_a_language_is_chosen_the_message_decides(chat: Chat) -> None:
    await chat.says("أين المدرسة من فضلك", understood(language="ar"))
    assert chat.person.language == "ar" and not chat.person.language_chosen


async def test_right_to_left_replies_are_marked_as_such(chat: Chat) -> None:
    replies = await chat.says("أين المدرسة من فضلك", understood(language="ar"))
    assert all(reply.rtl for reply in replies)


# --- what cannot be read ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["voice", "photo", "document", "sticker", "location", "contact", "other", "poll", ""])
async def test_what_cannot_be_read_gets_a_kind_answer_and_a_way_on(german: Chat, kind: str) -> None:
    replies = await german.does(Event("unreadable", name=kind))
    assert len(replies) == 1 and "m" in data_of(replies)


@pytest.mark.parametrize("words", ["🙏🙏", "...", "\u200b\u200f", "\x00\x01", "?!", "—", "‼️"])
async def test_a_message_without_words_gets_a_kind_answer(german: Chat, words: str) -> None:
    assert german.text("unreadable.empty") in said(await german.says(words))


async def test_an_edited_message_is_answered_like_a_new_one(german: Chat) -> None:
    assert "Titel tun" in said(await german.does(Event("edited", text="Schule?"), understood()))


async def test_in_a_group_the_bot_says_once_that_it_answers_in_private_only(chat: Chat) -> None:
    first = await chat.does(Event("group"))
    assert len(first) == 1 and chat.env.texts("group", "ar") in said(first)
    assert await chat.does(Event("group")) == []


async def test_somebody_who_comes_back_is_not_talked_at(german: Chat) -> None:
    assert await german.does(Event("unblocked")) == []


# --- buttons ----------------------------------------------------------------------------------------------------------


async def test_a_button_pressed_twice_is_answered_once(german: Chat) -> None:
    await german.says("Schule?")
    assert await german.presses("h|school.registration|1")
    assert await german.presses("h|school.registration|1", again=True) == []
    assert german.counts == []


async def test_the_same_button_later_is_answered_again(german: Chat) -> None:
    await german.says("Schule?")
    await german.presses("a|school.registration|cost")
    assert await german.presses("a|school.registration|cost")


async def test_the_same_label_under_another_message_is_no_double_press(german: Chat) -> None:
    await german.data("m", message="1")
    assert await german.data("m", message="2", seconds=0)


@pytest.mark.parametrize("data", ["", "|", "zz", "zz|1|2", "x" * 64, "🙂", "\x00", "t", "t|", "a||", "a|nothing|do",
                                  "t|nothing", "h||", "l|", "w|nirgends", "i|||", "d|", "s|", "s|nothing"])
async def test_a_button_nobody_knows_leads_on_all_the_same(german: Chat, data: str) -> None:
    assert await german.data(data)


@pytest.mark.parametrize("area", ["school", "german", "residence", "everyday", "emergency"])
async def test_each_area_of_the_menu_lists_topics_and_a_way_back(german: Chat, area: str) -> None:
    await german.command("menu")
    data = data_of(await german.presses(f"m|{area}"))
    assert any(item.startswith("t|") for item in data) and data[-1] == "m"


async def test_the_emergency_menu_begins_with_the_numbers(german: Chat) -> None:
    await german.command("menu")
    lines = said(await german.presses("m|emergency")).splitlines()
    assert any(line.startswith("110") for line in lines) and any(line.startswith("112") for line in lines)


async def test_topics_without_an_answer_are_not_in_the_menu(german: Chat) -> None:
    assert f"t|{UNANSWERED}" not in data_of(await german.data("m|everyday"))


@pytest.mark.parametrize("name", ["help", "nonsense", "", "x" * 300])
async def test_help_and_unknown_commands_list_the_commands(german: Chat, name: str) -> None:
    assert "/mydata" in said(await german.command(name))


async def test_cancel_says_honestly_when_there_is_nothing_to_stop(german: Chat) -> None:
    assert german.text("cancel.nothing") in said(await german.command("cancel"))


async def test_cancel_stops_waiting_for_a_town(german: Chat) -> None:
    await german.command("town")
    assert german.text("cancel.done") in said(await german.command("cancel"))
    assert german.person.expecting == ""
