"""Language, who speaks, town; deep links; never a wall."""

from __future__ import annotations

import pytest

from bot.conversation.model import Person
from bot.conversation.onboarding import read_start
from tests.factories import environment, library, region, understood
from tests.fakes import Chat, data_of, labels, said


async def test_the_first_start_greets_in_the_profile_language_and_offers_it_first(chat: Chat) -> None:
    chat.profile = "ar"
    replies = await chat.command("start")
    assert len(replies) == 1 and replies[0].rtl
    assert replies[0].markdown.startswith(chat.text("welcome", "ar"))
    assert labels(replies)[0] == "العربية" and set(labels(replies)) == {"العربية", "Deutsch", "English"}


@pytest.mark.parametrize("profile", [None, "", "zh-hans", "fr", "x" * 200])
async def test_a_profile_language_the_bot_lacks_still_gets_all_languages(chat: Chat, profile: str | None) -> None:
    chat.profile = profile
    assert len(labels(await chat.command("start"))) == 3


async def test_after_the_language_comes_who_speaks_and_the_town_in_one_message(chat: Chat) -> None:
    await chat.command("start")
    replies = await chat.presses("English")
    assert len(replies) == 1
    assert chat.text("introduction", "en", operator="Kreis Test") in said(replies) and "/privacy" in said(replies)
    assert chat.text("town.ask") in said(replies)
    assert {"w|wegberg", "w|-", "w|."} <= set(data_of(replies))


async def test_the_operator_is_a_neutral_word_where_it_is_not_set() -> None:
    chat = Chat(environment(operator=type(environment().operator)()))
    await chat.command("start")
    assert chat.text("operator.unset", "de") in said(await chat.presses("Deutsch"))


async def test_after_the_town_comes_the_menu(chat: Chat) -> None:
    await chat.command("start")
    await chat.presses("Deutsch")
    replies = await chat.presses("Wegberg")
    assert chat.person.town == "Wegberg" and chat.person.expecting == ""
    assert chat.text("menu.title") in said(replies)


async def test_the_town_can_be_skipped_and_is_not_asked_again(chat: Chat) -> None:
    await chat.command("start")
    await chat.presses("Deutsch")
    assert chat.text("menu.title") in said(await chat.presses("w|."))
    assert chat.text("town.ask") not in said(await chat.command("start"))
    assert not chat.person.other_place


async def test_another_place_is_remembered_so_that_no_addresses_are_offered(chat: Chat) -> None:
    await chat.command("start")
    await chat.presses("Deutsch")
    await chat.presses("w|-")
    assert chat.person.other_place
    assert "w|?" not in data_of(await chat.says("Schule?"))


async def test_a_typed_town_with_a_typo_is_understood(chat: Chat) -> None:
    await chat.command("town")
    await chat.says("Bergish Gladbach", understood("out_of_scope"))
    assert chat.person.town == "Bergisch Gladbach"


async def test_a_town_spelled_far_off_is_asked_back_with_buttons(chat: Chat) -> None:
    await chat.command("town")
    replies = await chat.says("Wegbr", understood("out_of_scope"))
    assert chat.text("town.maybe") in said(replies) and "w|wegberg" in data_of(replies)
    await chat.presses("w|wegberg")
    assert chat.person.town == "Wegberg"


async def test_a_place_without_data_is_said_so_kindly(chat: Chat) -> None:
    await chat.command("town")
    replies = await chat.says("Köln", understood("out_of_scope"))
    assert "Köln" in said(replies) and chat.person.other_place and chat.person.town == ""


async def test_a_question_typed_instead_of_a_town_is_answered(chat: Chat) -> None:
    await chat.command("town")
    replies = await chat.says("Wo melde ich mein Kind an?", understood("school.registration"))
    assert "Titel tun: school.registration" in said(replies)


async def test_a_question_that_names_the_town_is_answered_too_where_the_town_was_asked_for(chat: Chat) -> None:
    await chat.command("town")
    replies = await chat.says("Wir wohnen in Wegberg, wo melde ich mein Kind an?", understood("school.registration"))
    assert chat.person.town == "Wegberg"
    assert "Titel tun: school.registration" in said(replies) and "Marktplatz 1" in said(replies)


async def test_a_town_said_in_a_sentence_is_only_the_town(chat: Chat) -> None:
    await chat.command("town")
    await chat.says("Ich wohne jetzt in Wegberg", understood("chat.greeting", is_unsure=True))
    assert chat.person.town == "Wegberg"


async def test_nonsense_where_a_town_was_asked_for_does_not_hold_the_person_up(chat: Chat) -> None:
    await chat.command("town")
    replies = await chat.says("xqzw", understood("out_of_scope", 0.2, is_unsure=True))
    assert replies and chat.person.expecting == ""


async def test_a_question_before_any_set_up_is_answered_first_and_introduced_after(chat: Chat) -> None:
    replies = await chat.says("Wir wohnen in Wegberg, wo ist die Schule?", understood("school.registration"))
    assert "Titel tun" in said(replies[:1])
    assert "Kreis Test" in said(replies[1:]) and "Deutsch · Wegberg" in said(replies[1:])
    assert len(replies) == 2
    assert "Kreis Test" not in said(await chat.says("und die Papiere?", understood("school.documents")))


async def test_the_town_of_the_first_message_is_not_asked_for_again(chat: Chat) -> None:
    await chat.says("Wir wohnen in Wegberg, wo ist die Schule?")
    await chat.presses("ok")
    assert chat.person.language_chosen
    assert chat.text("town.ask") not in said(await chat.command("start"))


async def test_a_place_only_talked_about_does_not_change_the_town(german: Chat) -> None:
    await german.says("Darf ich nach Hamburg umziehen?", understood("residence.renewal"))
    assert german.person.town == "Neudorf"


async def test_a_town_named_in_passing_changes_an_earlier_one(german: Chat) -> None:
    await german.says("Ich wohne jetzt in Wegberg. Welche Schule?", understood())
    assert german.person.town == "Wegberg"


async def test_a_greeting_from_somebody_new_gets_one_message_and_not_two(chat: Chat) -> None:
    replies = await chat.says("hallo", understood("chat.greeting"))
    assert len(replies) == 1 and set(labels(replies)) == {"Deutsch", "English", "العربية"}


@pytest.mark.parametrize(("payload", "expected"), [
    ("", ("", "", "")),
    ("--", ("", "", "")),
    ("ar", ("ar", "", "")),
    ("ar--", ("ar", "", "")),
    ("ar-wegberg", ("ar", "Wegberg", "")),
    ("ar-wegberg-", ("ar", "Wegberg", "")),
    ("-wegberg-", ("", "Wegberg", "")),
    ("--school__registration", ("", "", "school.registration")),
    ("ar-bergisch-gladbach-school__registration", ("ar", "Bergisch Gladbach", "school.registration")),
    ("ar-bergisch-gladbach-", ("ar", "Bergisch Gladbach", "")),
    ("-bergisch-gladbach-school__registration", ("", "Bergisch Gladbach", "school.registration")),
    ("xx-nirgends-no__topic", ("", "", "")),
    ("-----", ("", "", "")),
    ("ar-wegberg-housing__search", ("ar", "Wegberg", "")),
])
def test_a_deep_link_is_read_with_empty_parts_and_hyphens(payload: str, expected: tuple[str, str, str]) -> None:
    assert read_start(payload, environment()) == expected


async def test_a_deep_link_with_a_topic_answers_at_once_in_its_language(chat: Chat) -> None:
    replies = await chat.command("start", "ar-wegberg-school__registration")
    assert "عنوان tun: school.registration" in said(replies[:1]) and "Marktplatz 1" in said(replies[:1])
    assert chat.person.language_chosen and chat.person.town == "Wegberg"
    assert chat.text("introduction", "ar", operator="Kreis Test") in said(replies[1:])


async def test_a_deep_link_skips_only_what_it_answers(chat: Chat) -> None:
    replies = await chat.command("start", "en-wegberg-")
    assert chat.text("menu.title", "en") in said(replies)
    other = Chat()
    assert other.env.texts("town.ask", "en") in said(await other.command("start", "en--"))


async def test_a_deep_link_to_an_emergency_shows_the_numbers_and_asks_nothing(chat: Chat) -> None:
    replies = await chat.command("start", "de--safety__violence")
    assert len(replies) == 1 and said(replies).startswith("110")
    assert not any(data.startswith("h|") for data in data_of(replies))
    assert chat.turn is not None and not chat.turn.keep_words


async def test_the_default_town_is_taken_without_asking() -> None:
    chat = Chat(environment(default_town="Neudorf"))
    await chat.command("start")
    replies = await chat.presses("Deutsch")
    assert chat.person.town == "Neudorf" and chat.env.texts("town.ask", "de") not in said(replies)


async def test_a_default_town_in_no_region_is_ignored() -> None:
    chat = Chat(environment(default_town="Atlantis"))
    await chat.command("start")
    assert chat.env.texts("town.ask", "de") in said(await chat.presses("Deutsch"))


async def test_many_towns_are_typed_instead_of_shown_as_a_wall_of_buttons() -> None:
    towns = tuple(type(region().towns[0])(f"Stadt {n}", f"stadt-{n}", "testland") for n in range(30))
    chat = Chat(environment(library(regions=[region(towns=towns)])))
    assert data_of(await chat.command("town")) == ["w|-", "w|."]


async def test_choosing_the_town_after_an_answer_shows_that_answer_with_addresses(chat: Chat) -> None:
    await chat.says("Schule?", understood())
    await chat.presses("w|?")
    assert "Marktplatz 1" in said(await chat.presses("w|wegberg"))


async def test_a_changed_language_is_confirmed_in_that_language(german: Chat) -> None:
    await german.command("language")
    replies = await german.presses("العربية")
    assert replies[0].rtl and german.text("language.changed", "ar") in said(replies)


async def test_an_unknown_language_button_offers_the_languages_again(german: Chat) -> None:
    assert "l|ar" in data_of(await german.data("l|klingon"))


async def test_a_language_the_bot_lacks_gets_a_person_with_interpreter_in_one_tap(chat: Chat) -> None:
    replies = await chat.says("Dzień dobry, szukam szkoły", understood(language="other"))
    assert "pi" in data_of(replies)
    await chat.presses("pi")
    assert chat.person.intake is not None and chat.person.intake.interpreter is True


async def test_the_person_is_introduced_only_once_whatever_they_do(chat: Chat) -> None:
    told = 0
    for replies in (await chat.command("start"), await chat.presses("Deutsch"), await chat.presses("w|."),
                    await chat.says("Schule?"), await chat.command("start"), await chat.says("Kita?")):
        told += chat.env.texts("introduction", "de", operator="Kreis Test") in said(replies)
    assert told == 1


async def test_start_again_keeps_what_was_chosen() -> None:
    chat = Chat(person=Person(id="n", language="ar", language_chosen=True, town="Wegberg", town_asked=True, introduced=True))
    await chat.command("start")
    assert (chat.person.language, chat.person.town) == ("ar", "Wegberg")
