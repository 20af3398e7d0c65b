"""Language, who speaks, town: short, skippable, and never before a question is answered."""

from __future__ import annotations

from bot.conversation.environment import Environment
from bot.conversation.menu import show_menu
from bot.conversation.model import Button, Turn
from bot.conversation.say import button, in_rows, language_of, menu_button, say, text
from core.languages import BY_CODE, FALLBACK, from_profile
from core.markdown import escape

MOST_TOWN_BUTTONS = 24


def operator_name(turn: Turn, env: Environment) -> str:
    """Who runs the bot, as Markdown; a neutral word where the operator has not set it."""
    return escape(env.operator.name) or text(turn, env, "operator.unset")


def read_start(payload: str, env: Environment) -> tuple[str, str, str]:
    """Language, town name and topic of a deep link; empty strings for what is missing or unknown.

    The town slug may itself contain `-`, so the first part is the language and the last one the topic.
    """
    parts = payload.strip().split("-")
    parts += [""] * (3 - len(parts))
    language, slug, topic = parts[0], "-".join(parts[1:-1]), parts[-1].replace("__", ".")
    if topic and not env.library.has_answer(topic) and env.library.town_by_slug("-".join(parts[1:])):
        slug, topic = "-".join(parts[1:]), ""
    town = env.library.town_by_slug(slug)
    return (language if language in env.languages else "", town.name if town else "",
            topic if topic in env.library.topics and env.library.has_answer(topic) else "")


async def start(turn: Turn, env: Environment, payload: str) -> None:
    """The /start command: skip what the link or an earlier conversation has answered."""
    from bot.conversation.answering import show
    from bot.conversation.safety import help_now

    person = turn.person
    language, town, topic = read_start(payload, env)
    if language:
        person.language, person.language_chosen = language, True
    if town:
        person.town, person.town_asked, person.other_place = town, True, False
    if topic:
        if not person.language:
            person.language = from_profile(turn.event.profile_language) or FALLBACK
        if env.library.topics[topic].kind == "safety":
            await help_now(turn, env, topic)
            return
        await show(turn, env, topic, "do")
        await introduce_if_new(turn, env)
        return
    if not person.language_chosen:
        await welcome(turn, env, proposed=from_profile(turn.event.profile_language) or person.language)
        return
    await next_step(turn, env)


async def welcome(turn: Turn, env: Environment, proposed: str = "") -> None:
    """The first message: the language, the proposed one first and in its own words."""
    codes = [code for code in env.languages if code == proposed] + [c for c in env.languages if c != proposed]
    greeting = env.texts("welcome", codes[0])
    others = "\n".join(env.texts("language.ask", code) for code in codes[1:4])
    buttons = [Button(BY_CODE[code].native, f"l|{code}") for code in codes]
    say(turn, env, f"{greeting}\n\n{others}", in_rows(buttons), language=codes[0])


async def ask_language(turn: Turn, env: Environment) -> None:
    """Offer all languages, and a person with an interpreter for those the bot does not speak."""
    buttons = [Button(BY_CODE[code].native, f"l|{code}") for code in env.languages]
    say(turn, env, text(turn, env, "language.ask"),
        [*in_rows(buttons), [button(turn, env, "button.person_interpreter", "pi")]])


async def language_chosen(turn: Turn, env: Environment, code: str) -> None:
    """Keep the language; then whatever is still to be told or asked."""
    from bot.conversation.ask_person import go_on

    person = turn.person
    if code not in env.languages:
        await ask_language(turn, env)
        return
    person.language, person.language_chosen = code, True
    if person.intake is not None:
        say(turn, env, text(turn, env, "language.changed"))
        await go_on(turn, env)
        return
    if person.introduced and person.town_asked:
        say(turn, env, text(turn, env, "language.changed"), [[menu_button(turn, env)]])
        return
    await next_step(turn, env)


async def next_step(turn: Turn, env: Environment) -> None:
    """Who speaks, then the town, then the menu; each only once."""
    person = turn.person
    if not person.town_asked and env.default_town and env.library.town(env.default_town):
        person.town, person.town_asked = env.default_town, True
    if not person.town_asked:
        introduction = "" if person.introduced else _who_speaks(turn, env) + "\n\n"
        person.introduced = True
        await ask_town(turn, env, prefix=introduction)
        return
    if not person.introduced:
        person.introduced = True
        say(turn, env, _who_speaks(turn, env))
    await show_menu(turn, env, "")


def _who_speaks(turn: Turn, env: Environment) -> str:
    return text(turn, env, "introduction", operator=operator_name(turn, env))


async def introduce_if_new(turn: Turn, env: Environment) -> None:
    """After the first answer: who speaks, and what was understood of language and town, in one message."""
    person = turn.person
    if person.introduced or not turn.keep_words:
        return
    person.introduced = True
    if person.town:
        person.town_asked = True
    native = BY_CODE[language_of(person, env)].native
    understood = " · ".join(part for part in (native, escape(person.town)) if part)
    last = [button(turn, env, "button.change_town" if person.town else "button.choose_town", "w|?")]
    say(turn, env, _who_speaks(turn, env) + "\n\n" + text(turn, env, "understood", what=understood),
        [[button(turn, env, "button.right", "ok"), button(turn, env, "button.change_language", "l|?")], last])


async def understood_right(turn: Turn, env: Environment) -> None:
    """The person confirms what the bot took from the first message."""
    turn.person.language_chosen = True
    say(turn, env, text(turn, env, "understood.thanks"), [[menu_button(turn, env)]])


def town_rows(turn: Turn, env: Environment, data: str) -> list[list[Button]]:
    """Buttons for the towns, where there are not too many; `data` is put before the slug."""
    towns = env.library.towns
    if len(towns) > MOST_TOWN_BUTTONS:
        return []
    return in_rows([Button(town.name, f"{data}{town.slug}") for town in towns], per_row=2)


async def ask_town(turn: Turn, env: Environment, prefix: str = "") -> None:
    """Where do you live: by button, typed, or skipped."""
    person = turn.person
    person.town_asked, person.expecting = True, "town"
    say(turn, env, prefix + text(turn, env, "town.ask"),
        [*town_rows(turn, env, "w|"), [button(turn, env, "button.other_place", "w|-"),
                                       button(turn, env, "button.skip", "w|.")]])


async def town_typed(turn: Turn, env: Environment, typed: str) -> bool:
    """Typed words after the question for the town. False if they are no town, so that they are read as a question."""
    matches = list(env.towns.typed(typed))
    certain = [match for match in matches if match.certain and match.town]
    if certain and certain[0].town:
        await town_set(turn, env, certain[0].town.slug)
        return True
    unknown = [match for match in matches if not match.known]
    if unknown:
        turn.person.expecting, turn.person.other_place, turn.person.town = "", True, ""
        turn.person.other_town = unknown[0].text
        say(turn, env, text(turn, env, "town.not_covered", town=escape(unknown[0].text)), [[menu_button(turn, env)]])
        return True
    guesses = [match.town for match in matches if match.town]
    if guesses and len(typed.split()) <= 3:
        rows = [[Button(town.name, f"w|{town.slug}")] for town in guesses]
        say(turn, env, text(turn, env, "town.maybe"), [*rows, [button(turn, env, "button.other_place", "w|-")]])
        return True
    turn.person.expecting = ""
    return False


async def town_set(turn: Turn, env: Environment, slug: str) -> None:
    """A town button: a town, `-` (another place), `.` (skip) or `?` (ask)."""
    from bot.conversation.answering import show
    from bot.conversation.ask_person import go_on, town_corrected

    person = turn.person
    if slug == "?":
        await ask_town(turn, env)
        return
    person.expecting, person.town_asked = "", True
    if slug in {"-", "."}:
        person.town, person.other_place = "", slug == "-"
        say(turn, env, text(turn, env, "town.other" if slug == "-" else "town.skipped"))
        await (go_on(turn, env) if person.intake is not None else show_menu(turn, env, ""))
        return
    town = env.library.town_by_slug(slug)
    if town is None:
        await ask_town(turn, env)
        return
    if person.intake is not None:
        await town_corrected(turn, env, town.name)
        return
    changed = person.town != town.name
    person.town, person.other_place, person.other_town = town.name, False, ""
    say(turn, env, text(turn, env, "town.set", town=escape(town.name)))
    if changed and person.last_topic and person.last_aspects and env.library.services_for(person.last_topic, town.name):
        await show(turn, env, person.last_topic, "do")
    else:
        await show_menu(turn, env, "")
