"""Handing over to a person: town, consent, language, how to reach, own words, the card, send.

`ask_person.mmd` beside this file draws the steps. Every step is a function that asks (`_ask_<step>`); answers come as
buttons `i|<nonce>|<step>|<value>` or as typed words. A form that is over, or another one, is recognised by the nonce.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Awaitable, Callable

from bot.conversation.environment import Environment
from bot.conversation.menu import AREAS
from bot.conversation.model import Button, CaseDraft, CaseRefused, Count, Intake, OpenCase, Reply, Turn
from bot.conversation.onboarding import town_rows
from bot.conversation.say import button, in_rows, language_of, means, menu_button, say, text, title_of
from core.languages import BY_CODE, CURATED, OTHERS, german_name, is_rtl
from core.markdown import escape
from handoff.triage import REASONS, Situation, decide
from knowledge.model import Office

LONGEST_WORDS = 3000
LONGEST_SHOWN = 1000  # what the person just wrote need not be repeated in full
_PHONE = re.compile(r"\+?[\d\s()/.\-]{6,24}")


async def start(turn: Turn, env: Environment, reasons: tuple[str, ...] = (), *, interpreter: bool = False) -> None:
    """Somebody wants a person, or has accepted the offer."""
    person = turn.person
    existing = await turn.cases.open_cases(person)
    if existing:
        await show_status(turn, env, existing[0])
        return
    if person.without_papers and not person.papers_warned:
        warn_without_papers(turn, env)
        return
    if person.intake is not None and person.intake.consent and person.intake.town == person.town:
        await go_on(turn, env)
        return
    person.intake = Intake(
        nonce=secrets.token_hex(3),
        reasons=[*reasons, *(reason for reason in person.offered_reasons if reason not in reasons)],
        topic=person.last_topic,
        town=person.town,
        interpreter=True if interpreter else None,
    )
    await _after_town(turn, env)


def warn_without_papers(turn: Turn, env: Environment) -> None:
    """Independent, non-state counselling first, with the warning; a case only if the person goes on after it."""
    turn.person.papers_warned = True
    say(
        turn,
        env,
        text(turn, env, "papers.warning"),
        [[button(turn, env, "button.go_on_anyway", "p")], [menu_button(turn, env)]],
    )


async def show_status(turn: Turn, env: Environment, case: OpenCase) -> None:
    """There is a case already: its number, and that words written here reach the office."""
    say(
        turn,
        env,
        text(turn, env, "case.status", number=case.number, office=escape(case.office)),
        [[button(turn, env, "button.withdraw", "i|0|withdraw|ask")], [menu_button(turn, env)]],
    )


async def _after_town(turn: Turn, env: Environment) -> None:
    intake = _intake(turn)
    if not intake.town:
        await _ask_town(turn, env)
        return
    office = env.library.office_for(intake.town)
    if office is None or office.id not in await turn.cases.staffed_offices():
        await nobody_here(turn, env, intake.town)
        return
    intake.office = office.id
    await _ask_consent(turn, env)


def _intake(turn: Turn) -> Intake:
    if turn.person.intake is None:
        turn.person.intake = Intake(nonce=secrets.token_hex(3))
    return turn.person.intake


async def nobody_here(turn: Turn, env: Environment, town: str) -> None:
    """Say honestly that nobody can take a case here, and name counselling that exists."""
    person = turn.person
    person.intake, person.expecting = None, ""
    turn.counts.append(Count("nobody_on_duty"))
    say(
        turn,
        env,
        text(turn, env, "case.nobody", town=escape(town)) if town else text(turn, env, "case.nobody_anywhere"),
    )
    await counselling_services(turn, env, "advice.kim")


async def counselling_services(turn: Turn, env: Environment, topic: str) -> None:
    """Counselling near the person, and the nationwide services that exist everywhere."""
    from bot.conversation.compose import service_block

    person = turn.person
    language = language_of(person, env)
    services = env.library.services_for(topic, person.town or None, limit=3)
    if not services and topic.startswith("safety."):
        services = env.library.services_for("advice.kim", person.town or None, limit=2)
    blocks = [service_block(env, service, person.town, language) for service in services]
    if services:
        blocks.append(text(turn, env, "service.unconfirmed"))
    say(turn, env, "\n\n".join([*blocks, text(turn, env, "case.counselling")]), [[menu_button(turn, env)]])


# --- asking -------------------------------------------------------------------------------------------------------


def _data(turn: Turn, step: str, value: str) -> str:
    return f"i|{_intake(turn).nonce}|{step}|{value}"


def _step_button(turn: Turn, env: Environment, key: str, step: str, value: str) -> Button:
    return button(turn, env, key, _data(turn, step, value))


def _cancel_row(turn: Turn, env: Environment) -> list[Button]:
    return [_step_button(turn, env, "button.cancel", "cancel", "-")]


async def _ask_town(turn: Turn, env: Environment) -> None:
    _intake(turn).step, turn.person.expecting = "town", "intake"
    say(
        turn,
        env,
        text(turn, env, "intake.town"),
        [
            *town_rows(turn, env, _data(turn, "town", "")),
            [_step_button(turn, env, "button.other_place", "town", "-")],
            _cancel_row(turn, env),
        ],
    )


def consent_wording(env: Environment, office: Office, language: str) -> str:
    """The consent in the person's language: names the office and its carrier, and what the people rules ask for."""
    parts = [env.texts("consent.head", language, office=escape(office.name), carrier=escape(office.carrier))]
    if env.carries_telegram:
        parts.append(env.texts("consent.telegram", language))
    parts.append(env.texts("consent.text", language, days=env.operator.cases_days))
    return "\n".join(parts)


async def _ask_consent(turn: Turn, env: Environment) -> None:
    intake = _intake(turn)
    office = _office(env, intake)
    intake.step, turn.person.expecting = "consent", "intake"
    intake.consent_language = language_of(turn.person, env)
    say(
        turn,
        env,
        consent_wording(env, office, intake.consent_language),
        [
            [
                _step_button(turn, env, "button.agree", "consent", "yes"),
                _step_button(turn, env, "button.no", "consent", "no"),
            ],
            [_step_button(turn, env, "button.read_more", "consent", "more")],
        ],
    )


def _office(env: Environment, intake: Intake) -> Office:
    office = env.library.office_for(intake.town)
    if office is None:
        raise LookupError("the town of this form has no office any more")
    return office


async def _office_is_gone(turn: Turn, env: Environment) -> bool:
    """The regions have changed while the form was open: say that nobody here can take it any more."""
    intake = _intake(turn)
    if intake.step in {"", "town"} or env.library.office_for(intake.town) is not None:
        return False
    await nobody_here(turn, env, intake.town)
    return True


async def _ask_topic(turn: Turn, env: Environment) -> None:
    intake = _intake(turn)
    if intake.topic:
        await _ask_language(turn, env)
        return
    intake.step, turn.person.expecting = "topic", "intake"
    areas = [_step_button(turn, env, f"menu.{area}", "topic", area) for area in AREAS]
    say(
        turn,
        env,
        text(turn, env, "intake.topic"),
        [*in_rows(areas), [_step_button(turn, env, "button.skip", "topic", "-")], _cancel_row(turn, env)],
    )


async def _ask_language(turn: Turn, env: Environment) -> None:
    intake = _intake(turn)
    intake.step, turn.person.expecting = "language", "intake"
    own = language_of(turn.person, env)
    first = [Button(BY_CODE[own].native, _data(turn, "language", own))]
    more = [
        Button(language.native, _data(turn, "language", language.code))
        for language in CURATED
        if language.code != own and language.code in {"de", "en", *env.languages}
    ]
    say(
        turn,
        env,
        text(turn, env, "intake.language"),
        [
            *in_rows(first + more),
            [_step_button(turn, env, "button.more_languages", "language", "?")],
            _cancel_row(turn, env),
        ],
    )


async def _ask_more_languages(turn: Turn, env: Environment) -> None:
    others = [
        Button(language.native, _data(turn, "language", language.code))
        for language in (*CURATED, *OTHERS)
        if language.code not in env.languages
    ]
    say(turn, env, text(turn, env, "intake.language"), [*in_rows(others, per_row=3), _cancel_row(turn, env)])


async def _ask_interpreter(turn: Turn, env: Environment) -> None:
    _intake(turn).step = "interpreter"
    say(
        turn,
        env,
        text(turn, env, "intake.interpreter"),
        [
            [
                _step_button(turn, env, "button.yes", "interpreter", "yes"),
                _step_button(turn, env, "button.no", "interpreter", "no"),
            ],
            _cancel_row(turn, env),
        ],
    )


async def _ask_contact(turn: Turn, env: Environment) -> None:
    _intake(turn).step, turn.person.expecting = "contact", "intake"
    say(
        turn,
        env,
        text(turn, env, "intake.contact"),
        [
            [_step_button(turn, env, "button.by_chat", "contact", "chat")],
            [
                _step_button(turn, env, "button.by_call", "contact", "call"),
                _step_button(turn, env, "button.by_visit", "contact", "visit"),
            ],
            _cancel_row(turn, env),
        ],
    )


async def _ask_phone(turn: Turn, env: Environment) -> None:
    _intake(turn).step, turn.person.expecting = "phone", "intake"
    say(
        turn,
        env,
        text(turn, env, "intake.phone"),
        [[_step_button(turn, env, "button.by_chat_instead", "contact", "chat")], _cancel_row(turn, env)],
    )


async def _ask_words(turn: Turn, env: Environment) -> None:
    _intake(turn).step, turn.person.expecting = "words", "intake"
    say(
        turn,
        env,
        text(turn, env, "intake.words"),
        [[_step_button(turn, env, "button.skip", "words", "-")], _cancel_row(turn, env)],
    )


async def _ask_name(turn: Turn, env: Environment) -> None:
    _intake(turn).step, turn.person.expecting = "name", "intake"
    say(turn, env, text(turn, env, "intake.name"), [[_step_button(turn, env, "button.skip", "name", "-")]])


async def _show_card(turn: Turn, env: Environment) -> None:
    intake = _intake(turn)
    if not intake.language:
        await _ask_language(turn, env)
        return
    intake.step, turn.person.expecting = "card", "intake"
    none = text(turn, env, "card.none")
    topic = _topic_label(env, intake.topic, language_of(turn.person, env))
    contact = text(turn, env, f"card.contact_{intake.contact or 'chat'}")
    if intake.phone:
        contact += f" ({escape(intake.phone)})"
    lines = [
        text(turn, env, "card.title", office=escape(_office(env, intake).name)),
        text(turn, env, "card.town", value=escape(intake.town)),
        text(turn, env, "card.topic", value=escape(topic) if topic else none),
        text(turn, env, "card.language", value=BY_CODE[intake.language].native)
        + (" · " + text(turn, env, "card.interpreter") if intake.interpreter else ""),
        text(turn, env, "card.contact", value=contact),
        text(turn, env, "card.words", value=escape(_beginning(intake.words)) or none),
    ]
    if intake.name:
        lines.append(text(turn, env, "card.name", value=escape(intake.name)))
    lines.append(text(turn, env, "card.recent"))
    say(
        turn,
        env,
        "\n".join(lines),
        [
            [_step_button(turn, env, "button.send", "send", "-")],
            [
                _step_button(turn, env, "button.change", "change", "?"),
                _step_button(turn, env, "button.cancel", "cancel", "-"),
            ],
        ],
    )


def _beginning(words: str) -> str:
    """As much as fits the card; the office gets everything."""
    return words if len(words) <= LONGEST_SHOWN else words[:LONGEST_SHOWN].rstrip() + " …"


def _topic_label(env: Environment, topic: str, language: str) -> str | None:
    """What the case is about: an area of the menu, or the title of a topic."""
    if topic in AREAS:
        return env.texts(f"menu.{topic}", language)
    return title_of(env, topic, language) if topic else None


async def _ask_what_to_change(turn: Turn, env: Environment) -> None:
    fields = ("town", "topic", "language", "contact", "words", "name")
    say(
        turn,
        env,
        text(turn, env, "intake.change"),
        in_rows([_step_button(turn, env, f"field.{name}", "change", name) for name in fields]),
    )


# --- answers ------------------------------------------------------------------------------------------------------


async def pressed(turn: Turn, env: Environment, nonce: str, step: str, value: str) -> None:
    """A button of the form; one of an old or finished form gets a kind sentence and changes nothing."""
    if step == "withdraw":
        await _withdraw(turn, env, value)
        return
    intake = turn.person.intake
    if intake is None or intake.nonce != nonce:
        existing = await turn.cases.open_cases(turn.person)
        if existing and step == "send":
            await show_status(turn, env, existing[0])
            return
        if intake is not None:
            await go_on(turn, env)
            return
        say(
            turn,
            env,
            text(turn, env, "intake.over"),
            [[button(turn, env, "button.person", "p"), menu_button(turn, env)]],
        )
        return
    handlers: dict[str, Callable[[Turn, Environment, str], Awaitable[None]]] = {
        "town": _town_pressed,
        "consent": _consent_pressed,
        "topic": _topic_pressed,
        "language": _language_pressed,
        "interpreter": _interpreter_pressed,
        "contact": _contact_pressed,
        "words": _words_skipped,
        "name": _name_skipped,
        "change": _change_pressed,
        "send": _send,
        "cancel": _cancelled,
    }
    if await _office_is_gone(turn, env):
        return
    needs_consent = step not in {"town", "consent", "cancel"}
    if step not in handlers or (needs_consent and not intake.consent):
        await _repeat(turn, env)
        return
    await handlers[step](turn, env, value)


async def _town_pressed(turn: Turn, env: Environment, slug: str) -> None:
    town = env.library.town_by_slug(slug)
    if town is None:
        turn.person.town, turn.person.other_place = "", True
        await nobody_here(turn, env, "")
        return
    await _town_known(turn, env, town.name)


async def _town_known(turn: Turn, env: Environment, name: str) -> None:
    """Another town may mean another office and carrier: that needs a new consent."""
    intake, person = _intake(turn), turn.person
    person.town, person.town_asked, person.other_place = name, True, False
    office = env.library.office_for(name)
    intake.town = name
    if office is not None and intake.consent and intake.office == office.id:
        await _show_card(turn, env)
        return
    # With a new name, so that "I agree" under the wording for the other office cannot count for this one.
    intake.consent, intake.office, intake.nonce = "", "", secrets.token_hex(3)
    await _after_town(turn, env)


async def _consent_pressed(turn: Turn, env: Environment, value: str) -> None:
    intake = _intake(turn)
    if not intake.office:
        await _after_town(turn, env)
        return
    if value == "more":
        say(
            turn,
            env,
            text(turn, env, "consent.more"),
            [
                [
                    _step_button(turn, env, "button.agree", "consent", "yes"),
                    _step_button(turn, env, "button.no", "consent", "no"),
                ]
            ],
        )
        return
    if value != "yes":
        turn.person.intake, turn.person.expecting = None, ""
        say(turn, env, text(turn, env, "consent.refused"))
        await counselling_services(turn, env, "advice.kim")
        return
    wording = consent_wording(env, _office(env, intake), intake.consent_language)
    intake.consent, intake.consent_at = _digest(wording), turn.at.isoformat()
    if intake.language:
        await _show_card(turn, env)
    else:
        await _ask_topic(turn, env)


def _digest(wording: str) -> str:
    return hashlib.sha256(wording.encode()).hexdigest()


async def _topic_pressed(turn: Turn, env: Environment, area: str) -> None:
    _intake(turn).topic = area if area in AREAS else ""
    await _next(turn, env, _ask_language)


async def _language_pressed(turn: Turn, env: Environment, code: str) -> None:
    intake = _intake(turn)
    if code == "?" or code not in BY_CODE:
        await _ask_more_languages(turn, env)
        return
    intake.language = code
    if code == "de":
        intake.interpreter = False
        await _next(turn, env, _ask_contact)
    elif intake.interpreter is None:
        await _ask_interpreter(turn, env)
    else:
        await _next(turn, env, _ask_contact)


async def _interpreter_pressed(turn: Turn, env: Environment, value: str) -> None:
    _intake(turn).interpreter = value == "yes"
    await _next(turn, env, _ask_contact)


async def _contact_pressed(turn: Turn, env: Environment, value: str) -> None:
    intake = _intake(turn)
    intake.contact = value if value in {"chat", "call", "visit"} else "chat"
    if intake.contact == "call":
        await _ask_phone(turn, env)
        return
    intake.phone = ""
    await _next(turn, env, _ask_words)


async def _next(turn: Turn, env: Environment, ask: Callable[[Turn, Environment], Awaitable[None]]) -> None:
    """The next question; back to the card where only one thing was changed."""
    intake = _intake(turn)
    if intake.editing:
        intake.editing = False
        await _show_card(turn, env)
    else:
        await ask(turn, env)


async def _words_skipped(turn: Turn, env: Environment, _value: str) -> None:
    await _show_card(turn, env)


async def _name_skipped(turn: Turn, env: Environment, _value: str) -> None:
    _intake(turn).name = ""
    await _show_card(turn, env)


async def _change_pressed(turn: Turn, env: Environment, field: str) -> None:
    intake = _intake(turn)
    if field == "topic":
        intake.topic = ""
    asks = {
        "town": _ask_town,
        "topic": _ask_topic,
        "language": _ask_language,
        "contact": _ask_contact,
        "words": _ask_words,
        "name": _ask_name,
    }
    if field not in asks:
        await _ask_what_to_change(turn, env)
        return
    intake.editing = True
    if field == "language":
        intake.interpreter = None
    await asks[field](turn, env)


async def _cancelled(turn: Turn, env: Environment, _value: str) -> None:
    turn.person.intake, turn.person.expecting = None, ""
    say(turn, env, text(turn, env, "cancel.done"), [[menu_button(turn, env)]])


async def typed(turn: Turn, env: Environment, words: str) -> bool:
    """Typed words while the form is open. False if the step has only buttons: then they are read as a question."""
    intake = _intake(turn)
    if turn.event.kind == "edited":
        await go_on(turn, env)  # an older message was changed: that is no answer to this step
        return True
    if intake.step not in {"words", "name"} and means(env, "words.cancel", words):
        await _cancelled(turn, env, "-")
        return True
    if await _office_is_gone(turn, env):
        return True
    if await _yes_or_no_typed(turn, env, words):
        return True
    if intake.step == "town":
        return await _town_typed(turn, env, words)
    if turn.person.without_papers and not turn.person.papers_warned and intake.step in {"words", "name"}:
        # Said only now: nothing more goes into the form before the warning has been read.
        warn_without_papers(turn, env)
        if intake.step == "words":
            intake.words = words[:LONGEST_WORDS]
        intake.step = "card"
        return True
    if intake.step == "words":
        intake.words, intake.editing = words[:LONGEST_WORDS], False
        await _show_card(turn, env)
        return True
    if intake.step == "name":
        intake.name, intake.editing = " ".join(words.split())[:60], False
        await _show_card(turn, env)
        return True
    if intake.step == "phone":
        return await _phone_typed(turn, env, words)
    return False


async def _yes_or_no_typed(turn: Turn, env: Environment, words: str) -> bool:
    """A typed yes or no where the step has such buttons."""
    step = _intake(turn).step
    answers = {"consent": _consent_pressed, "interpreter": _interpreter_pressed}
    if means(env, "words.yes", words):
        value = "yes"
    elif means(env, "words.no", words):
        value = "no"
    else:
        return False
    if step in answers:
        await answers[step](turn, env, value)
        return True
    if step == "card" and value == "yes":
        await _send(turn, env, "-")
        return True
    return False


async def _town_typed(turn: Turn, env: Environment, words: str) -> bool:
    matches = env.towns.typed(words)
    certain = next((match.town for match in matches if match.certain and match.town), None)
    if certain is not None:
        await _town_known(turn, env, certain.name)
        return True
    unknown = next((match for match in matches if not match.known), None)
    if unknown is not None:
        turn.person.town, turn.person.other_place = "", True
        await nobody_here(turn, env, unknown.text)
        return True
    guesses = [match.town for match in matches if match.town]
    if not guesses or len(words.split()) > 3:
        return False
    rows = [[Button(town.name, _data(turn, "town", town.slug))] for town in guesses]
    say(
        turn,
        env,
        text(turn, env, "town.maybe"),
        [*rows, [_step_button(turn, env, "button.other_place", "town", "-")], _cancel_row(turn, env)],
    )
    return True


async def _phone_typed(turn: Turn, env: Environment, words: str) -> bool:
    found = _PHONE.search(words)
    if not found or sum(c.isdigit() for c in found.group()) < 6:
        say(
            turn,
            env,
            text(turn, env, "intake.phone_wrong"),
            [[_step_button(turn, env, "button.by_chat_instead", "contact", "chat")], _cancel_row(turn, env)],
        )
        return True
    _intake(turn).phone = " ".join(found.group().split())
    await _next(turn, env, _ask_words)
    return True


async def go_on(turn: Turn, env: Environment) -> None:
    """Something came in between, such as a question; the form goes on where it was."""
    if turn.person.intake is not None:
        if await _office_is_gone(turn, env):
            return
        say(turn, env, text(turn, env, "intake.goes_on"))
        await _repeat(turn, env)


async def town_corrected(turn: Turn, env: Environment, name: str) -> None:
    """Another town was chosen while the form is open."""
    await _town_known(turn, env, name)


async def _repeat(turn: Turn, env: Environment) -> None:
    steps: dict[str, Callable[[Turn, Environment], Awaitable[None]]] = {
        "town": _ask_town,
        "consent": _ask_consent,
        "topic": _ask_topic,
        "language": _ask_language,
        "interpreter": _ask_interpreter,
        "contact": _ask_contact,
        "phone": _ask_phone,
        "words": _ask_words,
        "name": _ask_name,
        "card": _show_card,
    }
    await steps.get(_intake(turn).step, _ask_town)(turn, env)


async def _withdraw(turn: Turn, env: Environment, value: str) -> None:
    existing = await turn.cases.open_cases(turn.person)
    if not existing:
        say(turn, env, text(turn, env, "intake.over"), [[menu_button(turn, env)]])
    elif value == "ask":
        say(
            turn,
            env,
            text(turn, env, "withdraw.ask", number=existing[0].number),
            [
                [
                    button(turn, env, "button.withdraw_yes", f"i|0|withdraw|{existing[0].number}"),
                    button(turn, env, "button.no", "m"),
                ]
            ],
        )
    elif value == existing[0].number:
        await turn.cases.withdraw(existing[0])
        turn.person.open_ticket = ""
        say(turn, env, text(turn, env, "withdraw.done", number=existing[0].number), [[menu_button(turn, env)]])
    else:
        await show_status(turn, env, existing[0])


# --- sending ------------------------------------------------------------------------------------------------------


async def _send(turn: Turn, env: Environment, _value: str) -> None:
    intake, person = _intake(turn), turn.person
    office = _office(env, intake)
    if office.id != intake.office or office.id not in await turn.cases.staffed_offices():
        await nobody_here(turn, env, intake.town)
        return
    if intake.consent != _digest(consent_wording(env, office, intake.consent_language)):
        # What was agreed to has changed since, for example the carrier or how long it is kept.
        intake.consent = ""
        await _ask_consent(turn, env)
        return
    draft = await _draft(turn, env, intake, office)
    try:
        case = await turn.cases.open_case(person, draft)
    except CaseRefused:
        await nobody_here(turn, env, intake.town)
        return
    person.intake, person.expecting, person.open_ticket = None, "", case.id
    person.deadline, person.unhelpful = False, 0  # they stand on the ticket now
    turn.counts.append(Count("case_opened", draft.topic))
    reach = text(turn, env, f"sent.{intake.contact or 'chat'}")
    lines = [text(turn, env, "sent.number", number=case.number), reach, text(turn, env, "sent.more")]
    if draft.urgent and office.phone:
        lines[2:2] = [text(turn, env, "sent.urgent"), escape(office.phone)]
    elif draft.urgent:
        lines[2:2] = [text(turn, env, "sent.urgent_no_number")]
    say(turn, env, "\n".join(lines))


async def _draft(turn: Turn, env: Environment, intake: Intake, office: Office) -> CaseDraft:
    person = turn.person
    kind = env.library.topics[intake.topic].kind if intake.topic in env.library.topics else "answer"
    decision = decide(
        Situation(
            asked_for_person="asked_for_person" in intake.reasons,
            complex_topic=kind == "complex",
            misunderstood=person.misunderstood,
            areas=len(person.areas),
            deadline_within_14_days=person.deadline,
            not_helped=person.unhelpful,
            distress="distress" in intake.reasons,
        )
    )
    region = env.library.regions[office.region]
    wording = consent_wording(env, office, intake.consent_language)
    return CaseDraft(
        office=office.id,
        carrier=office.carrier,
        region=region.id,
        prefix=region.prefix,
        town=intake.town,
        language=intake.language,
        topic=intake.topic,
        urgent=decision.urgent,
        reasons=tuple(reason for reason in REASONS if reason in {*decision.reasons, *intake.reasons})
        or ("asked_for_person",),
        consent_wording=wording,
        consent_language=intake.consent_language,
        card={
            "topic": _topic_label(env, intake.topic, "de") or "",
            "language": german_name(intake.language),
            "interpreter": bool(intake.interpreter),
            "contact": intake.contact or "chat",
            "phone": intake.phone,
            "name": intake.name,
            "words": intake.words,
            "bot_language": language_of(person, env),
            "child_age": person.child_age,
            "recent": await turn.records.recent_words(person),
        },
    )


def staff_replies(env: Environment, language: str, office: str, words: str) -> list[Reply]:
    """A case manager's words as the person sees them: who speaks is the office, not a name; long ones in two."""
    code = env.language_or_fallback(language)
    pieces = _in_pieces(words, LONGEST_WORDS if not is_rtl(code) else LONGEST_WORDS // 2)
    heading = env.texts("staff.says", code, office=escape(office))
    return [
        Reply((f"{heading}\n\n" if first else "") + escape(piece), rtl=is_rtl(code))
        for first, piece in zip([True] + [False] * len(pieces), pieces, strict=False)
    ]


def _in_pieces(words: str, longest: int) -> list[str]:
    """A long text cut at a line or a word; right-to-left text grows by its isolates, so its pieces are shorter."""
    pieces: list[str] = []
    while len(words) > longest:
        cut = max(words.rfind("\n", longest // 2, longest), words.rfind(" ", longest // 2, longest))
        cut = cut if cut > 0 else longest
        pieces.append(words[:cut].rstrip())
        words = words[cut:].lstrip()
    return [*pieces, words] if words else pieces


def handed_back(env: Environment, language: str, number: str) -> Reply:
    """The case is closed; the bot speaks again."""
    code = env.language_or_fallback(language)
    return Reply(
        env.texts("staff.handed_back", code, number=number),
        ((Button(env.texts("button.menu", code), "m"),),),
        rtl=is_rtl(code),
    )
