"""What people and clients really send: media, edits, groups, strange buttons, strange characters, malformed updates."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from tgemu import TelegramWorld, Update, User

from tests.acceptance.conftest import NewPerson
from tests.acceptance.support import Installation, answers, got, heard, label, says, until

QUESTION = "How do I register my child for school?"


def telegram(lotse: Installation) -> TelegramWorld:
    """The world of the shared Lotse."""
    assert lotse.world is not None
    return lotse.world


async def settled(ada: User) -> None:
    """Somebody who is known already and speaks English."""
    await ada.start("en-wegberg-")
    await heard(ada, "menu.title", "en")


async def still_answers(ada: User) -> None:
    """The lane goes on."""
    assert label("button.helped", "en") in (await answers(ada, QUESTION))[0].labels, ada.transcript()


# --- what cannot be read ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("sent", "key"), [
    ("voice", "unreadable.voice"), ("audio", "unreadable.voice"), ("photo", "unreadable.photo"),
    ("video", "unreadable.photo"), ("document", "unreadable.document"), ("sticker", "unreadable.sticker"),
    ("location", "unreadable.location"), ("contact", "unreadable.contact")])
async def test_what_cannot_be_read_gets_a_kind_answer(person: NewPerson, sent: str, key: str) -> None:
    ada = person("en")
    await settled(ada)
    arguments = {"location": (51.2, 6.2)}.get(sent, ())
    await getattr(ada, f"send_{sent}")(*arguments)
    message = await heard(ada, key, "en")
    assert label("button.menu", "en") in message.labels


async def test_a_phone_number_sent_as_a_contact_is_not_stored(person: NewPerson, lotse: Installation) -> None:
    ada = person("en")
    await ada.send_contact("+491761234598")
    await heard(ada, "unreadable.contact", "en")
    await until(lambda: lotse.number("SELECT count(*) FROM inbox WHERE state = 'open'") == 0)
    assert not lotse.holds("491761234598")


@pytest.mark.parametrize("text", ["😀🎉👨‍👩‍👧‍👦", "\u200b\u200d\u2060", "…", "؟؟", "\u202e\u202c!", "\u0301", "\u2800"],
                         ids=["emoji", "zero-width", "dots", "question-marks", "direction", "combining", "blank"])
async def test_a_message_without_any_word_is_answered(person: NewPerson, text: str) -> None:
    ada = person("en")
    await settled(ada)
    assert says((await answers(ada, text))[0], "unreadable.empty", "en"), ada.transcript()


@pytest.mark.parametrize("text", [
    "x" * 4096, "كيف أسجل ابني في المدرسة؟ " * 157, "How \x00do \x07I re\u200bgis\u00adter my child for school?\x1b[31m",
    "<b>How</b> do I register <script>alert(1)</script> my child & for school </a>?", "*How* _do_ `I` [register](tg://user?id=1) my child for school? ||x|| ~y~ \\",
    "1. - # > + How do I register my child for school?\n\n\n---\n```", "😀" * 4096, "a\n" * 2048,
], ids=["one-word", "arabic", "controls", "html", "markdown", "lists", "emoji", "lines"])
async def test_the_longest_and_strangest_messages_are_answered(person: NewPerson, text: str) -> None:
    ada = person("en")
    await settled(ada)
    assert await answers(ada, text[:4096])
    await still_answers(ada)


async def test_words_that_look_like_markup_come_back_as_they_were_written(person: NewPerson) -> None:
    ada = person("en", first_name="<b>Ada</b> & *Co*_[x](y)")
    await ada.start("en")
    await heard(ada, "town.ask", "en")
    await ada.send("Köln <i>&amp; *x* _y_ [z](http://a.b)")
    first = (await got(ada))[0]
    assert "<i>" not in (first.text if first.entities else "") or "&lt;i&gt;" in first.text, ada.transcript()


async def test_unpaired_surrogates_in_an_update_do_not_stop_the_bot(person: NewPerson, lotse: Installation) -> None:
    ada = person("en")
    await settled(ada)
    message = ada._message({"text": "@"})
    update = telegram(lotse).emu.push("message", message, ada.id)
    assert update is not None
    update.data = update.data.replace(b'"text":"@"', b'"text":"How do I \\ud800 register my child for school?"')
    assert (await got(ada))[0]
    await still_answers(ada)


# --- who writes, and where --------------------------------------------------------------------------------------------


async def test_an_edited_message_is_read_again(person: NewPerson) -> None:
    ada = person("en")
    await settled(ada)
    await answers(ada, "Flumpf")
    ada.skip()
    await ada.edit_message(QUESTION)
    assert label("button.helped", "en") in (await got(ada))[0].labels, ada.transcript()


async def test_a_group_hears_once_that_this_is_for_private_chats(person: NewPerson, lotse: Installation) -> None:
    ada, bert = person("de"), person("de", first_name="Bert")
    group = telegram(lotse).group("Familie", [ada, bert])
    in_group = group.by(ada)
    await in_group.command("/start")
    assert says(await in_group.reply(timeout=60), "group", "de")
    in_group.skip()
    await in_group.send("@acceptance_test_bot Mein Name ist Geheim")
    await group.by(bert).command("/help")
    await settled(ada)
    assert await in_group.replies(timeout=0.3) == [], "once is enough"
    assert not lotse.holds("Mein Name ist Geheim")


async def test_whoever_blocks_and_comes_back_is_answered_again(person: NewPerson, lotse: Installation) -> None:
    ada = person("en")
    await settled(ada)
    await ada.block_bot()
    await until(lambda: lotse.number("SELECT count(*) FROM newcomer WHERE unreachable_at IS NOT NULL") >= 1)
    await ada.unblock_bot()
    await still_answers(ada)
    await until(lambda: lotse.number("SELECT count(*) FROM newcomer WHERE unreachable_at IS NOT NULL") == 0)


@pytest.mark.parametrize("change", ["no name", "empty name", "no sender", "no language", "unknown language"])
async def test_people_without_a_name_or_a_language_are_answered(person: NewPerson, lotse: Installation, change: str) -> None:
    ada = person("en")
    message = ada._message({"text": "How do I register my child for school?"})
    sender = dict(message["from"])
    if change == "no name":
        sender.pop("first_name")
    elif change == "empty name":
        sender["first_name"] = ""
    elif change == "no language":
        sender.pop("language_code")
    elif change == "unknown language":
        sender["language_code"] = "tlh"
    message["from"] = sender
    if change == "no sender":
        message.pop("from")
    ada.chat.known = True
    telegram(lotse).emu.push("message", message, ada.id)
    assert label("button.helped", "en") in (await got(ada))[0].labels, ada.transcript()


# --- buttons ----------------------------------------------------------------------------------------------------------


async def test_a_button_pressed_twice_acts_once_and_both_presses_are_acknowledged(person: NewPerson) -> None:
    ada = person("en")
    await settled(ada)
    first, second = await ada.press("m|school"), await ada.press("m|school")
    await heard(ada, "menu.area", "en")
    assert await first.answer(60) is not None and await second.answer(60) is not None
    await settled(ada)
    assert sum(says(message, "menu.area", "en") for message in ada.messages()) == 1


async def test_an_unknown_or_old_button_leads_to_the_menu(person: NewPerson) -> None:
    ada = person("en")
    await settled(ada)
    message = ada.messages()[-1].message_id
    for data in ("x|nothing", "", "a|no.such.topic|do", "a|school.registration|nonsense", "t|", "w|atlantis", "l|xx",
                 "i|abcdef|send|-", "i|0|withdraw|HS-2026-9999", "d|wrong", "m|nowhere", "h||", "|||||||", "\u202e" * 20):
        ada.skip()
        press = await ada.press_stale(data, message)
        assert await press.answer(60) is not None
        assert await got(ada), f"{data!r} was not answered"
    assert says((await got_menu(ada)), "menu.title", "en")


async def got_menu(ada: User) -> Any:
    """Ask for the menu."""
    ada.skip()
    await ada.command("/menu")
    return await heard(ada, "menu.title", "en")


async def test_a_button_on_an_old_message_still_works(person: NewPerson) -> None:
    ada = person("en")
    await settled(ada)
    old = ada.messages()[-1].message_id
    await answers(ada, QUESTION)
    await ada.press("m|residence", message_id=old)
    await heard(ada, "menu.area", "en")


async def test_a_button_on_a_message_that_telegram_no_longer_shows_works_too(person: NewPerson, lotse: Installation) -> None:
    ada = person("en")
    await settled(ada)
    ada.skip()
    telegram(lotse).emu.push("callback_query", {
        "id": "1", "from": ada.user, "chat_instance": "1", "data": "m|school",
        "message": {"chat": ada.chat.json(), "message_id": 3, "date": 0}}, ada.id)
    # The emulator does not know this press, so it refuses to acknowledge it; the answer comes all the same.
    await heard(ada, "menu.area", "en")
    calls = [call for call in telegram(lotse).calls("answercallbackquery") if call.params.get("callback_query_id") == "1"]
    await until(lambda: calls[0].status)
    calls[0].fault = "meant to be refused"


# --- malformed updates ------------------------------------------------------------------------------------------------


def broken_updates(ada: User) -> list[tuple[str, Any]]:
    """Bodies with missing fields and wrong types."""
    whole = ada._message({"text": "How do I register my child for school?"})
    return [
        ("message", {}), ("message", {"chat": ada.chat.json()}), ("message", {**whole, "chat": {"id": ada.id}}),
        ("message", {**whole, "chat": None}), ("message", {**whole, "chat": "me"}), ("message", {**whole, "date": "soon"}),
        ("message", {**whole, "text": 5}), ("message", {**whole, "text": ["a"]}), ("message", {**whole, "from": 7}),
        ("message", {**whole, "message_id": None}), ("message", {**whole, "photo": "x", "text": None}),
        ("message", []), ("message", None), ("message", "hello"), ("message", 12),
        ("callback_query", {"id": 1, "from": ada.user}), ("callback_query", {"from": ada.user, "data": "m"}),
        ("callback_query", {"id": "z", "data": {"a": 1}, "from": ada.user, "message": {"chat": {"id": "x"}}}),
        ("my_chat_member", {"chat": ada.chat.json()}), ("edited_message", {"chat": {"id": 10**30}}),
    ]


async def test_malformed_updates_are_parked_and_the_chat_goes_on(person: NewPerson, lotse: Installation) -> None:
    ada, emu = person("en"), telegram(lotse).emu
    await settled(ada)
    dead = lotse.number("SELECT count(*) FROM inbox WHERE state = 'dead'")
    since, stored = len(emu.calls), lotse.number("SELECT count(*) FROM inbox")
    others = [person() for _ in broken_updates(ada)]
    broken = [broken_updates(ada)[5], *(broken_updates(other)[n] for n, other in enumerate(others))]
    for other in others:
        other.chat.known = True
    for kind, body in broken:
        emu.push(kind, body, ada.id)
    await until(lambda: lotse.number("SELECT count(*) FROM inbox") == stored + len(broken), "all are stored")
    await until(lambda: lotse.number("SELECT count(*) FROM inbox WHERE state = 'open'") == 0, "all are done or parked")
    assert lotse.number("SELECT count(*) FROM inbox WHERE state = 'dead'") > dead
    assert lotse.number("SELECT count(*) FROM inbox WHERE state = 'dead' AND attempts <> 3") == 0
    await until(lambda: any(says(message, "error.sorry", "en") for message in ada.messages()), "one honest sentence")
    await still_answers(ada)
    for call in emu.calls[since:]:
        if call.method == "answercallbackquery" and call.status == 400:
            call.fault = "these presses are invented"  # and Telegram does not know them


async def test_an_update_without_an_id_or_with_a_strange_one_is_stored_and_holds_up_nobody(
        person: NewPerson, lotse: Installation) -> None:
    ada, emu = person("en"), telegram(lotse).emu
    await settled(ada)
    for body in ({"nothing": 1}, {"update_id": "abc", "message": {}}, {"update_id": 10**40}, {"update_id": True}, {"update_id": None}):
        at = emu.last_update = emu.last_update + 1
        emu.queue[at] = Update(at, "message", json.dumps(body).encode(), None, ("message", None), time.monotonic())
    await still_answers(ada)


async def test_fifty_messages_at_once_in_one_chat_are_answered_in_order(person: NewPerson) -> None:
    ada = person("en")
    await settled(ada)
    ada.skip()
    for number in range(50):
        await ada.send("/help" if number % 2 else "/menu")
    messages = await got(ada, at_least=50)
    assert [says(message, "help.text", "en") for message in messages] == [bool(n % 2) for n in range(50)]


async def test_what_was_said_is_not_in_the_log(person: NewPerson, lotse: Installation) -> None:
    ada = person("en", first_name="Quittenmus")
    await answers(ada, "Pflaumenbaum: how do I register my child for school?")
    log = "\n".join([*lotse.shared_process.stdout, *lotse.shared_process.stderr])
    assert "Pflaumenbaum" not in log and "Quittenmus" not in log and str(ada.id) not in log
    assert telegram(lotse).token not in log
