"""Danger: numbers first, nothing stored beyond the count. And an open case: a person talks, the bot is quiet."""

from __future__ import annotations

import pytest

from bot.conversation.model import Event, OpenCase, Person
from tests.factories import environment, library, understood, unsure
from tests.fakes import Chat, data_of, said

DANGER = understood("school.registration", safety="safety.violence")


async def test_the_numbers_come_first_and_alone(german: Chat) -> None:
    replies = await german.says("mein mann schlägt mich", DANGER)
    assert len(replies) == 1 and said(replies).startswith("110")


async def test_after_the_numbers_only_counselling_and_a_person_are_offered(german: Chat) -> None:
    assert data_of(await german.says("er schlägt mich", DANGER)) == ["s|safety.violence", "pd"]


async def test_nothing_is_stored_of_a_message_about_danger(german: Chat) -> None:
    before = german.person
    await german.says("mein mann schlägt mich, ich wohne in Wegberg, mein sohn ist 3",
                      understood(safety="safety.violence", entities={"child_age": 3, "without_papers": True}))
    assert german.turn is not None and german.turn.keep_words is False
    assert german.counts == [("safety", "safety.violence")]
    assert (german.person.town, german.person.child_age, german.person.without_papers) == (before.town, None, False)


async def test_somebody_new_gets_the_numbers_without_introduction_or_menu(chat: Chat) -> None:
    replies = await chat.says("he hits me", understood(language="en", safety="safety.violence"))
    assert len(replies) == 1 and said(replies).startswith("110")


async def test_numbers_are_there_even_where_the_content_is_missing() -> None:
    content = library()
    content._answers.clear()
    chat = Chat(environment(content), Person(language="de"))
    assert said(await chat.says("er schlägt mich", DANGER)).startswith("110")


async def test_a_safety_topic_that_only_the_model_saw_is_answered_as_danger(german: Chat) -> None:
    replies = await german.says("hilfe er kommt", understood("safety.violence"))
    assert said(replies).startswith("110") and len(replies) == 1
    assert german.turn is not None and german.turn.keep_words is False and german.turn.report["action"] == "safety"


async def test_danger_comes_before_the_question_for_a_town(chat: Chat) -> None:
    await chat.command("town")
    assert said(await chat.says("Wegberg er schlägt mich", DANGER)).startswith("110")


async def test_danger_in_the_middle_of_a_form_comes_first_and_stays_out_of_the_form(german: Chat) -> None:
    await german.command("human")
    await german.presses("consent|yes")
    replies = await german.says("er schlägt mich", DANGER)
    assert said(replies).startswith("110") and german.person.intake is not None and not german.person.intake.words


async def test_danger_in_a_language_the_bot_lacks_is_answered_too(chat: Chat) -> None:
    assert said(await chat.says("on mnie bije", understood(language="other", safety="safety.violence"))).startswith("110")


async def test_danger_in_the_words_under_a_picture_is_answered(german: Chat) -> None:
    replies = await german.does(Event("unreadable", name="photo", text="er schlägt mich"), DANGER)
    assert said(replies).startswith("110") and german.turn is not None and not german.turn.keep_words


async def test_counselling_after_the_numbers_names_services_and_keeps_nothing(german: Chat) -> None:
    await german.says("er schlägt mich", DANGER)
    replies = await german.presses("s|safety.violence")
    assert "Integrationszentrum" in said(replies) and german.text("case.counselling").splitlines()[0] in said(replies)
    assert german.turn is not None and not german.turn.keep_words


async def test_a_safety_topic_of_the_menu_shows_the_numbers(german: Chat) -> None:
    await german.data("m|emergency")
    assert said(await german.presses("t|safety.violence")).startswith("110")


@pytest.mark.parametrize("language", ["de", "en", "ar"])
async def test_the_reply_to_danger_follows_the_language_of_the_message(chat: Chat, language: str) -> None:
    await chat.says("x y", understood(language=language, safety="safety.emergency"))
    assert chat.text("button.counselling", language) in [b.label for b in chat.shown[-1][1].keyboard[0]]


# --- an open case -----------------------------------------------------------------------------------------------------


@pytest.fixture
def with_case(german: Chat) -> Chat:
    german.cases.open = [OpenCase("c1", "TL-2026-0001", "KIM Nord")]
    return german


async def test_words_go_to_the_case_and_the_bot_is_quiet(with_case: Chat) -> None:
    assert await with_case.says("Wann ist der Termin?") == []
    assert with_case.cases.messages == [("TL-2026-0001", "Wann ist der Termin?")]
    assert with_case.turn is not None and not with_case.turn.keep_words


@pytest.mark.parametrize("found", [unsure(), understood("chat.human"), understood("chat.greeting"),
                                   understood(language="other"), understood("out_of_scope")])
async def test_nothing_else_makes_the_bot_speak_while_a_person_talks(with_case: Chat, found: object) -> None:
    assert await with_case.says("ja gut", found) == []  # type: ignore[arg-type]


async def test_danger_is_answered_also_while_a_person_talks_and_the_office_sees_it(with_case: Chat) -> None:
    assert said(await with_case.says("er schlägt mich", DANGER)).startswith("110")
    assert with_case.cases.messages == [("TL-2026-0001", "er schlägt mich")]


async def test_a_thumb_up_reaches_the_case_manager(with_case: Chat) -> None:
    assert await with_case.says("👍") == []
    assert with_case.cases.messages == [("TL-2026-0001", "👍")]


async def test_the_words_under_a_picture_reach_the_case_manager(with_case: Chat) -> None:
    assert await with_case.does(Event("unreadable", name="photo", text="Das ist der Brief"), understood())
    assert with_case.cases.messages == [("TL-2026-0001", "Das ist der Brief")]


async def test_edited_words_reach_the_case_too(with_case: Chat) -> None:
    await with_case.does(Event("edited", text="um 10 Uhr"), understood())
    assert with_case.cases.messages == [("TL-2026-0001", f"{with_case.text('case.edited')} um 10 Uhr")]


async def test_commands_work_while_a_person_talks(with_case: Chat) -> None:
    assert with_case.text("menu.title") in said(await with_case.command("menu"))


async def test_asking_for_a_person_again_shows_the_number_of_the_case(with_case: Chat) -> None:
    replies = await with_case.command("human")
    assert "TL-2026-0001" in said(replies) and with_case.person.intake is None


async def test_a_case_is_withdrawn_after_one_question(with_case: Chat) -> None:
    await with_case.command("human")
    assert "TL-2026-0001" in said(await with_case.presses("i|0|withdraw|ask"))
    assert with_case.cases.withdrawn == []
    await with_case.presses("i|0|withdraw|TL-2026-0001")
    assert with_case.cases.withdrawn == ["TL-2026-0001"]


async def test_an_old_button_does_not_withdraw_another_case_and_says_something(with_case: Chat) -> None:
    assert await with_case.data("i|0|withdraw|TL-2025-0009")
    assert with_case.cases.withdrawn == []


async def test_after_the_case_the_bot_answers_again(with_case: Chat) -> None:
    with_case.cases.open = []
    assert "Titel tun" in said(await with_case.says("Schule?"))
