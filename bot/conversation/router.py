"""Which dialogue an event belongs to, in order of precedence."""

from __future__ import annotations

import unicodedata
from collections.abc import Awaitable, Callable
from datetime import timedelta

from bot.conversation import answering, ask_person, commands, my_data, onboarding, safety, unreadable
from bot.conversation.environment import Environment
from bot.conversation.menu import menu_for_old_button, show_menu
from bot.conversation.model import Event, OpenCase, Person, Turn
from bot.conversation.say import button, language_of, means, menu_button, person_button, say, text
from core.languages import BY_CODE, from_profile
from knowledge.model import Town
from nlu.model import Understanding

DOUBLE_PRESS = timedelta(seconds=4)
ABOUT_LIVING = {"residence.moving", "residence.registration", "housing.search"}  # "I live in ..." sounds like these
NO_QUESTION = {"out_of_scope", "chat.greeting", "residence.moving"}  # what "I live in ..." is taken for
EMERGENCY_LINE = "110 · 112"


async def converse(turn: Turn, env: Environment, understanding: Understanding | None) -> None:
    """Answer one event. `understanding` is given for typed words that `needs_understanding` asked for."""
    event = turn.event
    turn.in_form = turn.person.intake is not None
    if not turn.person.language:
        turn.person.language = _offered(env, from_profile(event.profile_language))
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


def _offered(env: Environment, code: str | None) -> str:
    return code if code in env.languages and code else ""


async def _unreadable(turn: Turn, env: Environment, understanding: Understanding | None) -> None:
    """A picture or voice message; the words under a picture are read for danger, and go to an open case."""
    if turn.event.text:
        existing = await turn.cases.open_cases(turn.person)
        if existing:
            await turn.cases.add_message(existing[0], turn.event.text)
        if understanding is not None and understanding.safety:
            await _danger(turn, env, understanding)
            return
        if understanding is not None:
            _adopt_language(turn, env, understanding)
    await unreadable.cannot_read(turn, env, turn.event.name)
    if turn.event.text and understanding is not None and not existing and not turn.in_form:
        await _question(turn, env, understanding)


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
    _adopt_language(turn, env, understanding)
    if person.expecting == "town" and _is_one_town(env, words) and await onboarding.town_typed(turn, env, words):
        return
    existing = await turn.cases.open_cases(person)
    if existing:
        await _for_the_office(turn, env, understanding, existing[0])
        return
    person.open_ticket = ""
    if _is_short_answer(env, words) and await _short_answer(turn, env):
        return
    if understanding.safety:
        await _danger(turn, env, understanding)
        return
    if person.expecting == "offer":
        person.expecting = ""
    if person.expecting == "town" and _is_clear_question(turn, env, understanding):
        person.expecting = ""
    _adopt_town(person, env, words)
    if person.expecting == "intake" and person.intake is not None:
        await _in_form(turn, env, understanding)
        return
    if person.expecting == "town" and await onboarding.town_typed(turn, env, words):
        return
    town = _only_a_town(env, words) or _lives_in(env, words)
    if town is not None and (
        understanding.is_unsure or understanding.language == "other" or understanding.topic in NO_QUESTION
    ):
        await onboarding.town_set(turn, env, town.slug)
    elif understanding.language == "other":
        _foreign(turn, env, understanding)
    else:
        await _question(turn, env, understanding)


async def _in_form(turn: Turn, env: Environment, understanding: Understanding) -> None:
    """Words while a case is being prepared: an answer to its step, else a question, after which the form goes on."""
    answering.remember(turn, understanding)
    if await ask_person.typed(turn, env, turn.event.text):
        return
    await _question(turn, env, understanding)
    if turn.report.get("topic") != "chat.human":  # which has put the form's question again already
        await ask_person.go_on(turn, env)


async def _for_the_office(turn: Turn, env: Environment, understanding: Understanding, case: OpenCase) -> None:
    """Words of somebody with an open case: the case manager sees them even when emergency numbers are sent."""
    edited = text(turn, env, "case.edited") + " " if turn.event.kind == "edited" else ""
    await turn.cases.add_message(case, edited + turn.event.text)
    if understanding.safety:
        await _danger(turn, env, understanding)
    turn.keep_words = False


async def _danger(turn: Turn, env: Environment, understanding: Understanding) -> None:
    """Numbers in the language of the cry, whatever language was chosen before."""
    _report_safety(turn, understanding)
    chosen = turn.person.language
    if understanding.language in env.languages and len(turn.event.text.split()) > 1:
        turn.person.language = understanding.language
    await safety.help_now(turn, env, understanding.safety or "safety.emergency")
    turn.person.language = chosen or turn.person.language


def _is_short_answer(env: Environment, words: str) -> bool:
    return any(means(env, key, words) for key in ("words.yes", "words.no", "words.cancel"))


async def _short_answer(turn: Turn, env: Environment) -> bool:
    """Yes, no and stop outside of a form's questions: they answer an offer, or nothing that was asked."""
    person, words = turn.person, turn.event.text
    if person.expecting in {"intake", "town"}:
        return False
    offered, person.expecting = person.expecting == "offer", ""
    if offered and means(env, "words.yes", words):
        await ask_person.start(turn, env, reasons=("asked_for_person",))
    elif offered:
        await _not_now(turn, env)
    elif means(env, "words.cancel", words):
        await commands.cancel(turn, env)
    else:
        say(turn, env, text(turn, env, "yes_no.nothing"), [[menu_button(turn, env)]])
    return True


def _is_one_town(env: Environment, words: str) -> bool:
    """Nothing but one word that is a town: then it is no question and no danger, however it is spelt."""
    return len(words.split()) == 1 and any(match.certain and match.town for match in env.towns.typed(words))


def _lives_in(env: Environment, words: str) -> Town | None:
    """The town of a short message that names one and may say nothing else."""
    match = env.towns.in_passing(words) if len(words.split()) <= 6 else None
    return match.town if match is not None and match.certain else None


def _is_clear_question(turn: Turn, env: Environment, understanding: Understanding) -> bool:
    """A question typed where a town was asked for, even if it names one, is answered."""
    topic = env.library.topics.get(understanding.topic or "")
    if understanding.topic in ABOUT_LIVING and env.towns.in_passing(turn.event.text) is not None:
        return False
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


def _adopt_language(turn: Turn, env: Environment, understanding: Understanding) -> None:
    """Take the language of the first messages until one is chosen.

    Figures and one short word decide nothing where the profile names a language, unless the script itself speaks.
    """
    person, words = turn.person, turn.event.text
    if person.language_chosen or understanding.language not in env.languages:
        return
    letters = [c for c in words if c.isalpha()]
    own_script = any(unicodedata.bidirectional(c) in {"R", "AL"} for c in letters)
    tells = bool(letters) and (len(words.split()) > 1 or own_script)
    if (tells and understanding.language_confidence >= SWITCH_CONFIDENCE) or (letters and not person.language):
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
    lines = [*(env.texts("card.other_language", code) for code in env.languages), f"SOS: {EMERGENCY_LINE}"]
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
    handlers: dict[str, Callable[[], Awaitable[None]]] = {
        "a": lambda: answering.show(turn, env, first, second or "do"),
        "t": lambda: _topic_chosen(turn, env, first),
        "h": lambda: answering.feedback(turn, env, first, second == "1"),
        "m": lambda: show_menu(turn, env, first),
        "l": lambda: _language_button(turn, env, first),
        "w": lambda: onboarding.town_set(turn, env, first),
        "p": lambda: ask_person.start(turn, env, reasons=("asked_for_person",)),
        "pd": lambda: ask_person.start(turn, env, reasons=("distress",)),
        "pi": lambda: ask_person.start(turn, env, reasons=("asked_for_person",), interpreter=True),
        "i": lambda: ask_person.pressed(turn, env, first, second, third),
        "d": lambda: my_data.delete(turn, env, first),
        "s": lambda: safety.counselling(turn, env, first),
        "ok": lambda: onboarding.understood_right(turn, env),
        "e": lambda: _something_else(turn, env),
        "n": lambda: _not_now(turn, env),
    }
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
