"""Whole conversations in the three languages: question first, set-up, deep link, aspects, being unsure, commands."""

from __future__ import annotations

import json
from dataclasses import dataclass

import pytest
import pytest_asyncio
from tgemu.world import BotMessage

from core.languages import is_rtl
from nlu.training import VALIDATION
from tests.acceptance.conftest import NewPerson
from tests.acceptance.support import (
    Installation,
    answers,
    choose_language,
    got,
    heard,
    label,
    reads,
    says,
    type_town,
    until,
    words,
)

EVALUATION = VALIDATION.parent / "evaluation"


@dataclass(frozen=True)
class Speech:
    """How somebody of a language talks in these scenes."""

    code: str
    native: str
    question: str
    town_with_typo: str
    town: str


SPEECHES = [
    Speech("de", "Deutsch", "Wie kann ich mein Kind in der Schule anmelden?", "Wegbreg", "Wegberg"),
    Speech("en", "English", "How do I register my child for school?", "Hueckelhofen", "Hückelhoven"),
    Speech("ar", "العربية", "كيف أسجل ابني في المدرسة؟", "هينسبرغ", "Heinsberg"),
]
each_language = pytest.mark.parametrize("speech", SPEECHES, ids=[speech.code for speech in SPEECHES])


def is_answer(message: BotMessage, language: str) -> bool:
    """An answer ends with its source and asks whether it helped."""
    return label("button.helped", language) in message.labels and says(message, "source.unconfirmed", language)


@each_language
async def test_a_question_typed_first_is_answered_at_once_and_then_the_bot_says_who_speaks(
        person: NewPerson, speech: Speech) -> None:
    ada = person(speech.code)
    messages = await answers(ada, speech.question, at_least=2)
    assert is_answer(messages[0], speech.code), ada.transcript()
    assert says(messages[-1], "introduction", speech.code)
    assert says(messages[-1], "understood", speech.code)
    await ada.press(label("button.right", speech.code))
    await heard(ada, "understood.thanks", speech.code)


@each_language
async def test_set_up_leads_from_start_over_a_misspelt_town_to_a_menu_an_answer_and_its_aspects(
        person: NewPerson, speech: Speech) -> None:
    ada = person(speech.code)
    await ada.start()
    welcome = await ada.reply(timeout=60)
    assert welcome.labels[0] == speech.native, "the language of the profile comes first"
    assert says(welcome, "welcome", speech.code)
    await ada.press(speech.native)
    asked = await heard(ada, "town.ask", speech.code)
    assert says(asked, "introduction", speech.code), "who speaks is said before anything is asked"

    await type_town(ada, speech.code, speech.town_with_typo, speech.town)
    menu = await until(lambda: next((m for m in ada.messages() if says(m, "menu.title", speech.code)), None))
    assert menu.labels == [label(f"menu.{name}", speech.code) for name in ("school", "german", "residence", "everyday")] + [
        label("button.person", speech.code), label("menu.emergency", speech.code)]

    await ada.press(label("menu.school", speech.code))
    area = await heard(ada, "menu.area", speech.code)
    await ada.press("t|school.registration", message_id=area.message_id)
    answer = (await got(ada))[0]
    assert is_answer(answer, speech.code), ada.transcript()
    assert speech.town in reads(answer), "the local service of the town is shown"
    assert len(answer.plain) <= 1800

    await ada.press("a|school.registration|papers")
    papers = (await got(ada))[0]
    assert reads(papers) != reads(answer) and "a|school.registration|do" in [
        button.callback_data for row in papers.buttons for button in row]
    await ada.press("h|school.registration|1", message_id=papers.message_id)
    await heard(ada, "feedback.thanks", speech.code)


@each_language
async def test_a_deep_link_skips_language_town_and_topic(person: NewPerson, speech: Speech) -> None:
    ada = person("fr")
    await ada.start(f"{speech.code}-bergisch-gladbach-school__registration")
    messages = await got(ada, at_least=2)
    assert is_answer(messages[0], speech.code), ada.transcript()
    assert says(messages[-1], "introduction", speech.code) and "Bergisch Gladbach" in reads(messages[-1])


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def not_understood(lotse: Installation) -> dict[str, list[str]]:
    """Messages that this understanding is unsure about, per language: it is asked, as it may learn them some day."""
    rows = [json.loads(line) for speech in SPEECHES
            for line in (EVALUATION / f"{speech.code}.jsonl").read_text(encoding="utf-8").splitlines()]
    asked = "\n".join(json.dumps({"text": row["text"], "language": row["lang"]}) for row in rows)
    done = await lotse.command("ask", "--jsonl", given=asked)
    found: dict[str, list[str]] = {speech.code: [] for speech in SPEECHES}
    for row, answer in zip(rows, map(json.loads, done.out.splitlines()), strict=True):
        if answer["action"] in {"clarify", "unsure"} and answer["reasons"] != ["no answer yet"] and (
                answer["language"] == row["lang"]):
            found[row["lang"]].append(row["text"])
    return found


@each_language
async def test_not_understood_twice_in_a_row_offers_a_person_by_itself(
        person: NewPerson, speech: Speech, not_understood: dict[str, list[str]]) -> None:
    ada = person(speech.code)
    await choose_language(ada, speech.code, speech.native)
    await ada.press(label("button.skip", speech.code))
    await heard(ada, "menu.title", speech.code)
    unclear = not_understood[speech.code]
    assert len(unclear) >= 2, "there is always something that is not understood"
    first = (await answers(ada, unclear[0]))[-1]
    assert says(first, "unsure.maybe", speech.code) or says(first, "unsure.nothing", speech.code), ada.transcript()
    second = (await answers(ada, unclear[1]))[-1]
    assert says(second, "unsure.twice", speech.code), ada.transcript()
    assert second.labels[0] == label("button.person", speech.code)


@each_language
async def test_two_times_no_help_leads_to_a_person(person: NewPerson, speech: Speech) -> None:
    ada = person(speech.code)
    await ada.start(f"{speech.code}-wegberg-school__registration")
    await got(ada, at_least=2)
    await ada.press("h|school.registration|0")
    await heard(ada, "feedback.sorry", speech.code)
    await ada.start(f"{speech.code}-wegberg-language__costs")
    await got(ada)
    await ada.press("h|language.costs|0")
    sorry = await heard(ada, "feedback.sorry_twice", speech.code)
    assert label("button.person", speech.code) in sorry.labels


@each_language
async def test_every_command_works_in_every_language(person: NewPerson, speech: Speech, lotse: Installation) -> None:
    ada, code = person(speech.code), speech.code
    await choose_language(ada, code, speech.native)
    await ada.command("/cancel")
    await heard(ada, "cancel.done", code)
    await ada.command("/cancel")
    await heard(ada, "cancel.nothing", code)
    for command, key in (("/help", "help.text"), ("/menu", "menu.title"), ("/language", "language.ask"),
                         ("/town", "town.ask"), ("/privacy", "privacy.telegram"), ("/nosuchcommand", "help.text")):
        await ada.command(command)
        await heard(ada, key, code)
    privacy = next(m for m in ada.messages() if says(m, "privacy.telegram", code))
    assert "30" in privacy.plain and "180" in privacy.plain and "Kreis Musterland" in privacy.plain
    await ada.command("/town")
    await heard(ada, "town.ask", code)
    await ada.press("Meerbusch")
    await heard(ada, "town.set", code, town="Meerbusch")
    await ada.command("/human")
    await heard(ada, "case.nobody", code, town="Meerbusch")
    await ada.start()
    await heard(ada, "menu.title", code)


@each_language
async def test_the_commands_are_registered_with_telegram_in_the_language(lotse: Installation, speech: Speech) -> None:
    world = lotse.world
    assert world is not None
    calls = [call for call in world.calls("setmycommands", ok=True) if call.params.get("language_code") == speech.code]
    listed = {item["command"]: item["description"] for item in json.loads(calls[-1].params["commands"])}
    assert list(listed) == ["start", "menu", "language", "town", "human", "privacy", "mydata", "delete", "help", "cancel"]
    assert listed["delete"] == label("command.delete", speech.code)


@each_language
async def test_my_data_gives_everything_and_delete_leaves_nothing_that_opens(
        person: NewPerson, lotse: Installation, speech: Speech) -> None:
    ada = person(speech.code)
    await answers(ada, speech.question, at_least=2)
    await ada.command("/mydata")
    summary = await heard(ada, "mydata.title", speech.code)
    assert speech.native in reads(summary)
    document = await until(lambda: next((m for m in ada.messages() if m.content == "document"), None))
    world = lotse.world
    assert world is not None and document.file_id
    stored = json.loads(world.file(document.file_id))
    assert [said["text"] for said in stored["messages"] if said["speaker"] == "person"] == [speech.question]
    assert lotse.holds(str(ada.id)), "the chat's address is stored, encrypted"

    await ada.command("/delete")
    await heard(ada, "delete.ask", speech.code)
    await ada.press(label("button.no", speech.code))
    await heard(ada, "delete.kept", speech.code)
    await ada.command("/delete")
    await heard(ada, "delete.ask", speech.code)
    await ada.press(label("button.delete_yes", speech.code))
    await heard(ada, "delete.done", speech.code)
    await until(lambda: not lotse.holds(str(ada.id)), "nothing that can be opened names the chat any more")
    await ada.start()
    assert says(await ada.reply(timeout=60), "welcome", speech.code), "whoever comes back begins anew"


async def test_a_message_clearly_in_another_language_is_answered_in_that_one_with_a_button_to_switch(person: NewPerson) -> None:
    ada = person("de")
    await choose_language(ada, "de", "Deutsch")
    await ada.press(label("button.skip", "de"))
    await heard(ada, "menu.title", "de")
    answer = (await answers(ada, "How do I register my child for school in Germany?"))[-1]
    assert is_answer(answer, "en"), ada.transcript()
    await ada.press(label("button.switch_to", "en"))
    await heard(ada, "language.changed", "en")
    await ada.command("/menu")
    await heard(ada, "menu.title", "en")


async def test_a_short_follow_up_is_read_against_the_last_topic(person: NewPerson) -> None:
    ada = person("en")
    await answers(ada, "How do I register my child for school?", at_least=2)
    cost = (await answers(ada, "How much does it cost?"))[0]
    assert "a|school.registration|do" in [b.callback_data for row in cost.buttons for b in row], ada.transcript()


async def test_a_question_in_the_middle_of_the_set_up_is_answered(person: NewPerson) -> None:
    ada = person("en")
    await choose_language(ada, "en", "English")
    answer = (await answers(ada, "Which documents do I need for the school registration?"))[0]
    assert label("button.helped", "en") in answer.labels, ada.transcript()


async def test_arabic_text_keeps_numbers_and_german_words_in_isolates(person: NewPerson) -> None:
    ada = person("ar")
    await ada.start("ar-heinsberg-school__registration")
    answer = (await got(ada))[0]
    assert is_rtl("ar") and "\u2066" in answer.plain and "\u2069" in answer.plain
    assert answer.plain.count("\u2066") == answer.plain.count("\u2069")
    assert all(line.startswith("\u200f") for line in answer.plain.split("\n") if line.strip())
    assert words("source.unconfirmed", "ar", source="", as_of="").split()[0] in reads(answer)
