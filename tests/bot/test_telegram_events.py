"""Telegram updates as events: every kind that Telegram sends to a bot, and malformed ones."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.channels.model import Arrival
from bot.channels.telegram import TelegramChannel
from bot.channels.telegram_events import chat_of, to_arrival
from core.crypto import Vault

PRIVATE = {"id": 42, "type": "private", "first_name": "A"}
GROUP = {"id": -100, "type": "supergroup", "title": "G"}
SOMEBODY = {"id": 42, "is_bot": False, "first_name": "A", "language_code": "ar"}
FILE = {"file_id": "f", "file_unique_id": "u"}



def message(key: str = "message", chat: dict[str, Any] = PRIVATE, **content: Any) -> dict[str, Any]:
    return {"update_id": 7, key: {"message_id": 5, "date": 1_700_000_000, "chat": chat, "from": SOMEBODY, **content}}


def pressed(data: str | None = "m", chat: dict[str, Any] | None = PRIVATE, **extra: Any) -> dict[str, Any]:
    query: dict[str, Any] = {"id": "q", "from": SOMEBODY, "chat_instance": "c", **extra}
    if data is not None:
        query["data"] = data
    if chat is not None:
        query["message"] = {"message_id": 9, "date": 1_700_000_000, "chat": chat, "text": "x"}
    return {"update_id": 7, "callback_query": query}


def member(status: str, chat: dict[str, Any] = PRIVATE) -> dict[str, Any]:
    bot = {"id": 1, "is_bot": True, "first_name": "L"}
    extra = {"until_date": 0} if status == "kicked" else {}
    return {"update_id": 7, "my_chat_member": {
        "chat": chat, "from": SOMEBODY, "date": 1_700_000_000, "old_chat_member": {"user": bot, "status": "member"},
        "new_chat_member": {"user": bot, "status": status, **extra}}}


def arrived(update: dict[str, Any]) -> Arrival:
    arrival = to_arrival(update)
    assert arrival is not None and arrival.address == "42"
    return arrival


def test_words_become_a_text_with_the_language_of_the_profile() -> None:
    event = arrived(message(text="Hallo <b>du</b>")).event
    assert (event.kind, event.text, event.profile_language) == ("text", "Hallo <b>du</b>", "ar")


def test_an_edited_message_is_one_and_a_command_in_it_stays_text() -> None:
    assert arrived(message("edited_message", text="/delete")).event.kind == "edited"


@pytest.mark.parametrize(("text", "name", "argument"), [
    ("/start", "start", ""), ("/start ar-wegberg-", "start", "ar-wegberg-"), ("/START@LotseBot  x ", "start", "x"),
    pytest.param("/help\nbitte", "help", "bitte"),
    pytest.param("/delete\t", "delete", "")])
def test_commands_are_read_with_bot_name_and_argument(text: str, name: str, argument: str) -> None:
    event = arrived(message(text=text)).event
    assert (event.kind, event.name, event.text) == ("command", name, argument)


@pytest.mark.parametrize("text", ["/", "/ start", "/@bot"])
def test_a_slash_alone_is_text(text: str) -> None:
    assert arrived(message(text=text)).event.kind == "text"


def test_somebody_without_a_name_or_language_is_read_too() -> None:
    update = message(text="x")
    update["message"]["from"] = {"id": 42, "is_bot": False, "first_name": ""}
    assert arrived(update).event.profile_language is None
    del update["message"]["from"]
    assert arrived(update).event.text == "x"


@pytest.mark.parametrize(("content", "kind"), [
    ({"voice": {**FILE, "duration": 3}}, "voice"), ({"audio": {**FILE, "duration": 3}}, "voice"),
    ({"video_note": {**FILE, "length": 1, "duration": 3}}, "voice"),
    ({"photo": [{**FILE, "width": 1, "height": 1}]}, "photo"),
    ({"video": {**FILE, "width": 1, "height": 1, "duration": 1}}, "photo"),
    ({"document": FILE}, "document"),
    ({"sticker": {**FILE, "type": "regular", "width": 1, "height": 1, "is_animated": False, "is_video": False}}, "sticker"),
    ({"dice": {"emoji": "🎲", "value": 3}}, "sticker"),
    ({"location": {"latitude": 51.0, "longitude": 6.0}}, "location"),
    ({"contact": {"phone_number": "1", "first_name": "B"}}, "contact"),
    ({"poll": {"id": "p", "question": "?", "options": [], "total_voter_count": 0, "is_closed": False,
               "is_anonymous": True, "type": "regular", "allows_multiple_answers": False,
               "allows_revoting": False, "members_only": False}}, "other"),
    ({"new_chat_title": "x"}, "other"), ({}, "other")])
def test_what_is_no_text_is_named(content: dict[str, Any], kind: str) -> None:
    event = arrived(message(**content)).event
    assert (event.kind, event.name) == ("unreadable", kind)


def test_the_words_under_a_picture_are_kept() -> None:
    assert arrived(message(photo=[{**FILE, "width": 1, "height": 1}], caption="Hilfe")).event.text == "Hilfe"


def test_a_pressed_button_carries_its_data_and_its_message() -> None:
    event = arrived(pressed("a|x|do")).event
    assert (event.kind, event.data, event.message, event.profile_language) == ("button", "a|x|do", "9", "ar")


def test_a_button_on_a_message_too_old_to_be_told_is_answered_to_the_person() -> None:
    event = arrived(pressed("m", None)).event
    assert event.data == "m" and event.message is None


def test_a_button_on_an_inaccessible_message_is_read() -> None:
    update = pressed("m")
    update["callback_query"]["message"]["date"] = 0
    assert arrived(update).event.data == "m"


def test_a_button_without_data_is_no_crash() -> None:
    assert arrived(pressed(None, game_short_name="g")).event.data == ""


@pytest.mark.parametrize(("status", "kind"), [("kicked", "blocked"), ("left", "blocked"), ("member", "unblocked")])
def test_blocking_and_coming_back_are_told(status: str, kind: str) -> None:
    assert arrived(member(status)).event.kind == kind


def test_in_a_group_only_a_command_is_answered() -> None:
    arrival = to_arrival(message(chat=GROUP, text="/help"))
    assert arrival is not None and arrival.event.kind == "group" and arrival.address == "-100"
    assert to_arrival(message(chat=GROUP, text="Hallo")) is None
    assert to_arrival(message(chat=GROUP, voice={**FILE, "duration": 1})) is None
    assert to_arrival(pressed("m", GROUP)) is None
    assert to_arrival(member("kicked", GROUP)) is None


@pytest.mark.parametrize("update", [
    {"update_id": 1},
    {"update_id": 1, "channel_post": message()["message"]}, {"update_id": 1, "something_new": {"a": 1}}])
def test_updates_that_need_no_answer_are_left_alone(update: dict[str, Any]) -> None:
    assert to_arrival(update) is None


@pytest.mark.parametrize("update", [
    {}, {"update_id": None}, {"message": {}}, {"update_id": 1, "message": {"message_id": "x"}},
    {"update_id": 1, "message": {"chat": 5}}, {"update_id": 1, "callback_query": {"id": 1}}])
def test_a_malformed_update_raises_or_needs_no_answer_but_has_a_lane(update: dict[str, Any]) -> None:
    assert chat_of(update) == "-"
    with contextlib.suppress(TypeError, KeyError, AttributeError, ValueError):  # parked by the worker
        assert to_arrival(update) is None


@pytest.mark.parametrize("update", [message(text="x"), message("edited_message", text="x"), pressed(), pressed("m", None),
                                    member("kicked")])
def test_the_lane_is_that_of_the_chat_the_answer_goes_to(update: dict[str, Any]) -> None:
    assert chat_of(update) == arrived(update).address == "42"


JSON = st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=5),
                    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
                        st.sampled_from(["message", "chat", "id", "from", "text", "callback_query", "update_id"]), inner, max_size=4),
                    max_leaves=12)


@given(st.dictionaries(st.sampled_from(["update_id", "message", "edited_message", "callback_query", "my_chat_member"]), JSON))
@settings(max_examples=300, deadline=None, derandomize=True)
def test_any_json_object_gets_an_id_and_a_lane(update: dict[str, Any]) -> None:
    channel = TelegramChannel("telegram", None, None, None, Vault(b"k" * 32), lambda: None)  # type: ignore[arg-type]
    received = channel.received(update)
    assert received.update_id and len(received.update_id) <= 64 and len(received.lane) == 32


def test_an_update_without_an_id_gets_the_same_one_each_time() -> None:
    channel = TelegramChannel("telegram", None, None, None, Vault(b"k" * 32), lambda: None)  # type: ignore[arg-type]
    first, second = channel.received({"a": 1, "b": 2}), channel.received({"b": 2, "a": 1})
    assert first.update_id == second.update_id != channel.received({"a": 2}).update_id
