"""The commands: the same names in every language, described in each."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from bot.conversation import ask_person, my_data, onboarding
from bot.conversation.environment import Environment
from bot.conversation.menu import show_help, show_menu
from bot.conversation.model import Turn
from bot.conversation.say import menu_button, say, text
from core.languages import FALLBACK, from_profile

NAMES = ("start", "menu", "language", "town", "human", "privacy", "mydata", "delete", "help", "cancel")


async def run(turn: Turn, env: Environment, name: str, argument: str) -> None:
    """Carry a command out; an unknown one gets the help."""
    person = turn.person
    if not person.language:
        person.language = from_profile(turn.event.profile_language) or FALLBACK
    if name != "delete":
        person.confirming_delete = ""
    handlers: dict[str, Callable[[], Awaitable[None]]] = {
        "start": lambda: onboarding.start(turn, env, argument),
        "menu": lambda: show_menu(turn, env, ""),
        "language": lambda: onboarding.ask_language(turn, env),
        "town": lambda: onboarding.ask_town(turn, env),
        "human": lambda: ask_person.start(turn, env, reasons=("asked_for_person",)),
        "privacy": lambda: my_data.privacy(turn, env),
        "mydata": lambda: my_data.my_data(turn, env),
        "delete": lambda: my_data.ask_delete(turn, env),
        "help": lambda: show_help(turn, env),
        "cancel": lambda: cancel(turn, env),
    }
    await handlers.get(name, handlers["help"])()


async def cancel(turn: Turn, env: Environment) -> None:
    """Stop whatever form is open; say so honestly when there is none."""
    person = turn.person
    was_open = person.intake is not None or person.expecting or person.confirming_delete
    person.intake, person.expecting, person.confirming_delete = None, "", ""
    say(turn, env, text(turn, env, "cancel.done" if was_open else "cancel.nothing"), [[menu_button(turn, env)]])
