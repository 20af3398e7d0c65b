"""Which dialogue an event belongs to, in order of precedence."""

from __future__ import annotations

import unicodedata
from collections.abc import Awaitable, Callable
from datetime import timedelta

from bot.conversation import answering, ask_person, commands, my_data, onboarding, safety, unreadable
from bot.conversation.environment import Environment
from bot.conversation.menu import menu_for_old_button, show_menu
from bot.conversation.model import Event, Person, Turn
from bot.conversation.say import button, language_of, menu_button, person_button, say, text
from core.languages import BY_CODE
from knowledge.model import Town
from nlu.model import Understanding

DOUBLE_PRESS = timedelta(seconds=4)


async def converse(turn: Turn, env: Environment, understanding: Understanding | None) -> None:
    """Answer one event. `understanding` is given for typed words that `needs_understanding` asked for."""
    event = turn.event
    turn.in_form = turn.person.intake is not None
    if event.kind == "group":
        _in_group(turn, env)
    elif event.kind == "command":
        await commands.run(turn, env, event.name, event.text)
    elif event.kind == "button":
        await _button(turn, env)
    elif event.kind == "unreadable":
        await _unreadable(turn, env, understanding)
    elif event.kind in {"text", "edited"} and understanding is not None:
        await _words(turn, env, understanding)
    elif event.kind in {"text", "edited"}:
        await _no_words(turn, env)
    turn.in_form = turn.in_form or turn.person.intake is not None
    turn.person.last_seen = turn.at.isoformat()


def needs_understanding(event: Event) -> bool:
    """Whether there are words to understand: at least one letter or digit of any script."""
    return event.kind in {"text", "edited", "unreadable"} and any(
        unicodedata.category(c)[0] in "LN" for c in event.text
    )


def _in_group(turn: Turn, env: Environment) -> None:
    """Say once in a group that this is for a private chat; then be quiet."""
    if turn.person.group_told:
        return
    turn.person.group_told = True
    turn.keep_words = False
    say(turn, env, "\n".join(env.texts("group", code) for code in env.languages[:4]), language="de")


async def _unreadable(turn: Turn, env: Environment, understanding: Understanding | None) -> None:
    """A picture or voice message; the words under a picture are read for danger, and go to an open case."""
    if turn.event.text:
        existing = await turn.cases.open_cases(turn.person)
        if existing:
            await turn.cases.add_message(existing[0], turn.event.text)
        if understanding is not None and understanding.safety:
            _adopt_language(turn.person, env, understanding)
            _report_safety(turn, understanding)
            await safety.help_now(turn, env, understanding.safety)
            return
    await unreadable.cannot_read(turn, env, turn.event.name)


async def _no_words(turn: Turn, env: Environment) -> None:
    """Only emoji or signs: in an open case an answer to the case manager like any other."""
    existing = await turn.cases.open_cases(turn.person)
    if existing and turn.event.text.strip():
        await turn.cases.add_message(existing[0], turn.event.text)
        turn.keep_words = False
        return
    await unreadable.no_words(turn, env)


async def _words(turn: Turn, env: Environment, understanding: Understanding) -> None:
    person, words = turn.person, turn.event.text
    _adopt_language(person, env, understanding)
    existing = await turn.cases.open_cases(person)
    if existing:
        # A case manager must see the words even when the bot answers with emergency numbers.
        await turn.cases.add_message(existing[0], words)
        if understanding.safety:
            await safety.help_now(turn, env, understanding.safety)
        turn.keep_words = False
        return
    person.open_ticket = ""
    if understanding.safety:
        _report_safety(turn, understanding)
        await safety.help_now(turn, env, understanding.safety)
        return
    if person.expecting == "town" and _is_clear_question(turn, env, understanding):
        person.expecting = ""
    _adopt_town(person, env, words)
    if person.expecting == "intake" and person.intake is not None:
        answering.remember(turn, understanding)
        if await ask_person.typed(turn, env, words):
            return
        await _question(turn, env, understanding)
        if turn.report.get("topic") != "chat.human":  # which has put the form's question again already
            await ask_person.go_on(turn, env)
        return
    if person.expecting == "town" and await onboarding.town_typed(turn, env, words):
        return
    town = _only_a_town(env, words)
    if town is not None and (understanding.is_unsure or understanding.language == "other"):
        await onboarding.town_set(turn, env, town.slug)
    elif understanding.language == "other":
        _foreign(turn, env, understanding)
    else:
        await _question(turn, env, understanding)


def _is_clear_question(turn: Turn, env: Environment, understanding: Understanding) -> bool:
    """A question typed where a town was asked for, even if it names one, is answered."""
    topic = env.library.topics.get(understanding.topic or "")
    return (
        not understanding.is_unsure
        and topic is not None
        and topic.kind in {"answer", "complex"}
        and len(turn.event.text.split()) > 3
    )


def _only_a_town(env: Environment, words: str) -> Town | None:
    """The town where a message is nothing but its name."""
    if len(words.split()) > 3:
        return None
    return next((match.town for match in env.towns.typed(words) if match.certain), None)


async def _question(turn: Turn, env: Environment, understanding: Understanding) -> None:
    person = turn.person
    chosen = person.language
    spoken = understanding.language
    other = (
        spoken in env.languages
        and spoken != chosen
        and understanding.language_confidence >= SWITCH_CONFIDENCE
        and len(turn.event.text.split()) > 1
    )
    if not other:
        await answering.question(turn, env, understanding)
        return
    # Answered in the language of the message; the chosen one stays until the person says otherwise.
    person.language = spoken
    await answering.question(turn, env, understanding)
    person.language = chosen
    last = turn.replies[-1]
    switch = button(turn, env, "button.switch_to", f"l|{spoken}")
    label = env.texts("button.switch_to", spoken, language=BY_CODE[spoken].native)
    turn.replies[-1] = type(last)(
        last.markdown, (*last.keyboard, (type(switch)(label, switch.data),)), last.rtl, last.attachment
    )


SWITCH_CONFIDENCE = 0.8


def _adopt_language(person: Person, env: Environment, understanding: Understanding) -> None:
    """Before a language is chosen, the language of the first messages is taken."""
    if (
        not person.language_chosen
        and understanding.language in env.languages
        and (not person.language or understanding.language_confidence >= SWITCH_CONFIDENCE)
    ):
        person.language = understanding.language


def _adopt_town(person: Person, env: Environment, words: str) -> None:
    """A town named in passing is remembered, and changes an earlier one."""
    match = env.towns.in_passing(words)
    if match is None or person.expecting:
        return
    if match.town is not None and match.certain:
        person.town, person.other_place, person.other_town = match.town.name, False, ""
    elif match.certain:
        person.town, person.other_place, person.town_asked, person.other_town = "", True, True, match.text


def _report_safety(turn: Turn, understanding: Understanding) -> None:
    turn.report.update(
        {
            "language": understanding.language,
            "confidence": round(understanding.confidence, 4),
            "alternatives": [],
            "reasons": [],
        }
    )


def _foreign(turn: Turn, env: Environment, understanding: Understanding) -> None:
    """A language the bot does not have: which ones it has, and a person with an interpreter in one tap."""
    turn.report.update(
        {
            "language": "other",
            "topic": understanding.topic,
            "action": "unsure",
            "aspect": None,
            "confidence": round(understanding.confidence, 4),
            "alternatives": [],
            "aspects": [],
            "services": [],
            "sources": [],
            "reasons": ["foreign language"],
        }
    )
    lines = [env.texts("card.other_language", code) for code in env.languages]
    buttons = [
        [type(button(turn, env, "button.menu", "m"))(BY_CODE[code].native, f"l|{code}")] for code in env.languages
    ]
    say(
        turn, env, "\n\n".join(lines), [*buttons, [button(turn, env, "button.person_interpreter", "pi")]], language="de"
    )


async def _button(turn: Turn, env: Environment) -> None:
    """A pressed button; one that is unknown or from an older release gets the menu, a double press nothing."""
    if _is_double_press(turn):
        return
    kind, *values = turn.event.data.split("|")
    values += [""] * 3
    first, second, third = values[:3]
    person = turn.person
    handlers: dict[str, Callable[[], Awaitable[None]]] = {
        "a": lambda: answering.show(turn, env, first, second or "do"),
        "t": lambda: _topic_chosen(turn, env, first),
        "h": lambda: answering.feedback(turn, env, first, second == "1"),
        "m": lambda: show_menu(turn, env, first),
        "l": lambda: _language_button(turn, env, first),
        "w": lambda: onboarding.town_set(turn, env, first),
        "p": lambda: ask_person.start(turn, env, reasons=("asked_for_person",)),
        "pi": lambda: ask_person.start(turn, env, reasons=("asked_for_person",), interpreter=True),
        "i": lambda: ask_person.pressed(turn, env, first, second, third),
        "d": lambda: my_data.delete(turn, env, first),
        "s": lambda: safety.counselling(turn, env, first),
        "ok": lambda: onboarding.understood_right(turn, env),
        "e": lambda: _something_else(turn, env),
        "n": lambda: _not_now(turn, env),
    }
    if not person.language:
        person.language = env.language_or_fallback(turn.event.profile_language or "")
    if kind not in handlers:
        await menu_for_old_button(turn, env)
        return
    await handlers[kind]()


def _is_double_press(turn: Turn) -> bool:
    person, event = turn.person, turn.event
    press = f"{event.message}:{event.data}"
    from datetime import datetime

    again = (
        press == person.last_press
        and bool(person.last_press_at)
        and (turn.at - datetime.fromisoformat(person.last_press_at) < DOUBLE_PRESS)
    )
    person.last_press, person.last_press_at = press, turn.at.isoformat()
    return again


async def _topic_chosen(turn: Turn, env: Environment, topic: str) -> None:
    person = turn.person
    person.misunderstood = 0
    known = env.library.topics.get(topic)
    if known is not None and known.kind == "safety":
        await safety.help_now(turn, env, topic)
        return
    await answering.show(turn, env, topic, "do")
    if known is not None:
        await answering.offer_person_if_due(turn, env, kind=known.kind)
    await onboarding.introduce_if_new(turn, env)


async def _language_button(turn: Turn, env: Environment, code: str) -> None:
    if code == "?":
        await onboarding.ask_language(turn, env)
    else:
        await onboarding.language_chosen(turn, env, code)


async def _something_else(turn: Turn, env: Environment) -> None:
    say(turn, env, text(turn, env, "unsure.other_words"), [[person_button(turn, env), menu_button(turn, env)]])


async def _not_now(turn: Turn, env: Environment) -> None:
    say(turn, env, text(turn, env, "offer.later"), [[menu_button(turn, env)]])


__all__ = ["converse", "language_of", "needs_understanding"]
