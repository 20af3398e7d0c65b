"""Whatever comes in: nothing raises, and there is always a reply, except where the bot is meant to be quiet."""

from __future__ import annotations

import asyncio
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.conversation.commands import NAMES
from bot.conversation.model import Event, Intake, Person, Reply
from bot.conversation.say import in_rows
from bot.people import person_from_json, person_to_json
from core.languages import CODES
from nlu.model import ASPECTS
from tests.factories import TOPICS, UNANSWERED, environment, understood
from tests.fakes import Chat

ENVIRONMENT = environment()
WORDS = st.text(alphabet=st.characters(exclude_categories=("Cs",)), max_size=300) | st.sampled_from((
    "*" * 4096, "<b>&amp;</b>", "[a](javascript:x)", "Wegberg", "ich wohne in Köln", "\u202e\u2066x", "/start", "1. a\n2. b", "{town}"))
TOPIC = st.sampled_from([topic.id for topic in TOPICS] + [UNANSWERED, "no.topic"])
LANGUAGE = st.sampled_from(["de", "en", "ar", "fr", "other"])
UNDERSTANDINGS = st.builds(
    understood, topic=TOPIC | st.none(), probability=st.floats(0, 1), language=LANGUAGE,
    language_confidence=st.floats(0, 1), others=st.lists(st.tuples(TOPIC, st.floats(0, 1)), max_size=4).map(tuple),
    safety=st.none() | st.none() | st.sampled_from(["safety.violence", "safety.unknown"]),
    aspect=st.none() | st.sampled_from(ASPECTS), is_followup=st.booleans(), is_unsure=st.booleans(),
    entities=st.fixed_dictionaries({}, optional={
        "child_age": st.integers(0, 20), "deadline_days": st.integers(0, 400), "without_papers": st.booleans(),
        "minor_alone": st.booleans()}))
STEPS = ("town", "consent", "topic", "language", "interpreter", "contact", "phone", "words", "name", "card", "", "odd")
INTAKES = st.builds(
    Intake, nonce=st.just("abc"), step=st.sampled_from(STEPS), town=st.sampled_from(["Neudorf", "Ohneamt", "Weg", ""]),
    office=st.sampled_from(["nord", ""]), consent=st.sampled_from(["", "0" * 64]), topic=st.sampled_from(["", "school", "no.topic"]),
    language=st.sampled_from(["", "ar", "pl"]), interpreter=st.none() | st.booleans(),
    contact=st.sampled_from(["", "chat", "call", "visit"]), phone=WORDS.map(lambda words: words[:24]),
    name=WORDS.map(lambda words: words[:60]), words=WORDS.map(lambda words: words[:3000]), editing=st.booleans())
PEOPLE = st.builds(
    Person, language=st.sampled_from(["", "de", "ar", "fr"]), language_chosen=st.booleans(),
    town=st.sampled_from(["", "Neudorf", "Ohneamt", "Gone *town*"]), town_asked=st.booleans(), introduced=st.booleans(),
    expecting=st.sampled_from(["", "town", "intake"]), last_topic=st.sampled_from(["", "school.registration", "gone.topic"]),
    misunderstood=st.integers(0, 3), unhelpful=st.integers(0, 3), without_papers=st.booleans(), papers_warned=st.booleans(),
    confirming_delete=st.sampled_from(["", "abcd"]), intake=st.none() | INTAKES, child_age=st.none() | st.integers(0, 20),
    areas=st.lists(st.sampled_from(["school", "work", "health"]), max_size=6), deadline=st.booleans(),
    last_seen=st.sampled_from(["", "2026-01-01T00:00:00+00:00"]))
PART = st.sampled_from([
    "a", "t", "h", "m", "l", "w", "p", "pi", "i", "d", "s", "ok", "e", "n", "abc", "0", "?", "-", ".", "do", "cost", "yes",
    "no", "more", "send", "change", "card", "consent", "town", "topic", "language", "interpreter", "contact", "words",
    "name", "cancel", "withdraw", "call", "ar", "pl", "neudorf", "suedheim", "school", "school.registration", "safety.violence",
    "gone.topic", "1", "emergency", "abcd", "odd", ""]) | WORDS
DATA = st.lists(PART, max_size=5).map("|".join).map(lambda data: data.encode()[:64].decode(errors="ignore"))


def done(event: Event, person: Person, understanding: Any = None) -> list[Reply]:
    chat = Chat(ENVIRONMENT, person)
    return asyncio.run(chat.does(event, understanding))


@given(WORDS, PEOPLE, UNDERSTANDINGS)
@settings(max_examples=400, deadline=None, derandomize=True)
def test_any_words_get_a_reply(words: str, person: Person, understanding: Any) -> None:
    assert done(Event("text", text=words), person, understanding)


@given(DATA, PEOPLE)
@settings(max_examples=600, deadline=None, derandomize=True)
def test_any_button_gets_a_reply(data: str, person: Person) -> None:
    assert done(Event("button", data=data, message="1"), person)


@given(st.sampled_from(NAMES) | WORDS, WORDS | st.from_regex(r"[a-z]{0,2}-[a-z-]{0,20}-[a-z_]{0,20}", fullmatch=True), PEOPLE)
@settings(max_examples=300, deadline=None, derandomize=True)
def test_any_command_with_any_argument_gets_a_reply(name: str, argument: str, person: Person) -> None:
    assert done(Event("command", name=name, text=argument, profile_language="de"), person)


@given(WORDS, PEOPLE)
@settings(max_examples=60, deadline=None, derandomize=True)
def test_anything_unreadable_gets_a_reply(kind: str, person: Person) -> None:
    assert done(Event("unreadable", name=kind), person)


@given(PEOPLE)
@settings(max_examples=200, deadline=None, derandomize=True)
def test_a_stored_person_comes_back_the_same(person: Person) -> None:
    import json
    assert person_from_json(person.id, json.loads(json.dumps(person_to_json(person)))) == person


def test_a_fresh_person_is_stored_as_nothing() -> None:
    assert person_to_json(Person(id="n1")) == {}


def test_fields_of_a_later_release_are_ignored() -> None:
    data = {"town": "Neudorf", "of_the_future": 1, "intake": {"step": "town", "of_the_future": [1]}}
    person = person_from_json("n1", data)
    assert person.town == "Neudorf" and person.intake is not None and person.intake.step == "town"


@given(st.lists(st.text(min_size=1, max_size=40), max_size=30), st.integers(1, 4))
@settings(deadline=None)
def test_no_button_is_lost_when_they_are_put_in_rows(names: list[str], per_row: int) -> None:
    from bot.conversation.model import Button
    buttons = [Button(name, "x") for name in names]
    rows = in_rows(buttons, per_row)
    assert [button for row in rows for button in row] == buttons and all(0 < len(row) <= per_row for row in rows)


def test_every_curated_language_can_be_proposed_by_a_profile() -> None:
    for code in (*CODES, "en-GB", "de_AT", "prs", "xx", "-", "_"):
        assert asyncio.run(Chat(ENVIRONMENT, profile=code).command("start"))
