"""What is stored, shown and deleted."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bot.conversation.environment import Operator
from bot.conversation.model import Person
from tests.factories import environment
from tests.fakes import Chat, data_of, said

CASE: dict[str, Any] = {"number": "TL-2026-0001", "office": "KIM *Nord*", "internal_notes": 2,
                        "looked": [{"office": "KIM Nord", "at": f"2026-03-{day:02d}T09:00:00"} for day in range(1, 29)] * 4}


async def test_mydata_is_a_readable_summary_and_a_file_with_everything(german: Chat) -> None:
    german.records.data = {"messages": [{"text": "سلام", "at": "x"}], "cases": [CASE], "consents": []}
    replies = await german.command("mydata")
    assert "TL-2026-0001" in said(replies) and "Deutsch" in said(replies) and "Neudorf" in said(replies)
    attachment = replies[-1].attachment
    assert attachment is not None and json.loads(attachment.content) == german.records.data
    assert "سلام" in attachment.content


async def test_mydata_names_internal_notes_and_the_way_to_ask_for_them(german: Chat) -> None:
    german.records.data["cases"] = [CASE]
    text = said(await german.command("mydata"))
    assert german.text("mydata.notes", number=2, office="KIM *Nord*") in text


async def test_many_cases_and_many_looks_still_fit_a_message(german: Chat) -> None:
    german.records.data["cases"] = [CASE] * 40
    assert len(said((await german.command("mydata"))[:1])) < 4096


async def test_mydata_itself_is_not_kept(german: Chat) -> None:
    await german.command("mydata")
    assert german.turn is not None and not german.turn.keep_words


async def test_privacy_states_the_settings_and_only_what_is_set() -> None:
    chat = Chat(environment(operator=Operator("Kreis *Test*", "k@example.org", "", "javascript:alert(1)", 11, 22, 33)),
                Person(language="de"))
    text = said(await chat.command("privacy"))
    assert all(words in text for words in ("Kreis *Test*", "k@example.org", "11", "22", "33", "/mydata", "/delete"))
    assert "javascript" not in text and chat.text("privacy.dpo", dpo="") not in text
    chat.env = environment(operator=Operator("K", "k", "dpo@example.org", "https://example.org/imprint"))
    text = said(await chat.command("privacy"))
    assert "dpo@example.org" in text and "https://example.org/imprint" in text


@pytest.mark.parametrize(("telegram", "named"), [(True, True), (False, False)])
async def test_privacy_speaks_of_telegram_only_where_it_carries(telegram: bool, named: bool) -> None:
    chat = Chat(environment(carries_telegram=telegram), Person(language="en"))
    assert ("Telegram" in said(await chat.command("privacy"))) is named


async def test_delete_asks_once_and_then_deletes(german: Chat) -> None:
    assert german.text("delete.ask") in said(await german.command("delete"))
    assert german.records.erased == 0
    replies = await german.presses(german.text("button.delete_yes"))
    assert german.env.texts("delete.done", "de") in said(replies)
    assert german.records.erased == 1 and german.turn is not None
    assert german.turn.erased and not german.turn.keep_words


async def test_no_keeps_everything(german: Chat) -> None:
    await german.command("delete")
    assert german.text("delete.kept") in said(await german.presses("d|no"))
    assert german.records.erased == 0 and german.person.confirming_delete == ""


@pytest.mark.parametrize("name", ["menu", "cancel", "start", "mydata", "help"])
async def test_an_old_delete_button_asks_again(german: Chat, name: str) -> None:
    await german.command("delete")
    yes = data_of([german.shown[-1][1]])[0]
    await german.command(name)
    assert german.text("delete.ask") in said(await german.data(yes))
    assert german.records.erased == 0


async def test_the_button_of_an_earlier_question_does_not_count_for_a_later_one(german: Chat) -> None:
    await german.command("delete")
    old = data_of([german.shown[-1][1]])[0]
    await german.command("delete")
    await german.data(old)
    assert german.records.erased == 0


async def test_delete_pressed_twice_says_twice_that_everything_is_gone(german: Chat) -> None:
    await german.command("delete")
    await german.presses(german.text("button.delete_yes"))
    german.person = Person(id="n2")
    replies = await german.presses(german.env.texts("button.delete_yes", "de"), again=True)
    assert german.env.texts("delete.done", "de") in said(replies)
    assert german.turn is not None and german.turn.erased


async def test_the_button_under_mydata_asks_before_deleting(german: Chat) -> None:
    await german.command("mydata")
    assert german.text("delete.ask") in said(await german.presses("d|?"))


async def test_a_held_case_is_named_with_reason_and_date(german: Chat) -> None:
    german.records.held = (("TL-2026-0001", "Klage *läuft*", "31.12.2026"),)
    await german.command("delete")
    text = said(await german.presses(german.text("button.delete_yes")))
    assert german.env.texts("delete.held", "de") in text
    assert all(words in text for words in ("TL-2026-0001", "Klage *läuft*", "31.12.2026"))


async def test_deleting_works_for_somebody_who_has_never_written(chat: Chat) -> None:
    await chat.command("delete")
    assert chat.env.texts("delete.done", "de") in said(await chat.presses(chat.env.texts("button.delete_yes", "de")))
