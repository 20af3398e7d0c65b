"""The menu: areas, then the topics of an area; and the help text."""

from __future__ import annotations

from bot.conversation.environment import Environment
from bot.conversation.model import Button, Turn
from bot.conversation.say import button, in_rows, language_of, person_button, say, text, title_of

AREAS: dict[str, tuple[str, ...]] = {
    "school": ("school", "childcare", "training"),
    "german": ("language",),
    "residence": ("residence",),
    "everyday": ("health", "benefits", "housing", "work", "mobility", "money", "documents", "advice", "community"),
}


async def show_menu(turn: Turn, env: Environment, area: str) -> None:
    """The menu itself (`area` empty), or the topics of one area that have an answer."""
    if area == "emergency":
        topics = [topic.id for topic in env.library.topics.values() if topic.kind == "safety"]
    else:
        topics = [topic.id for topic in env.library.topics.values()
                  if topic.kind in {"answer", "complex"} and topic.area in AREAS.get(area, ())]
    language = language_of(turn.person, env)
    if not topics:
        say(turn, env, text(turn, env, "menu.title"), [
            [button(turn, env, "menu.school", "m|school"), button(turn, env, "menu.german", "m|german")],
            [button(turn, env, "menu.residence", "m|residence"), button(turn, env, "menu.everyday", "m|everyday")],
            [person_button(turn, env), button(turn, env, "menu.emergency", "m|emergency")]])
        return
    buttons = [Button(title, f"t|{topic}") for topic in topics
               if env.library.has_answer(topic) and (title := title_of(env, topic, language))]
    say(turn, env, text(turn, env, "menu.emergency_title" if area == "emergency" else "menu.area"),
        [*in_rows(buttons), [button(turn, env, "button.back", "m")]])


async def menu_for_old_button(turn: Turn, env: Environment) -> None:
    """A button that no longer means anything leads on all the same."""
    say(turn, env, text(turn, env, "button.old"))
    await show_menu(turn, env, "")


async def show_help(turn: Turn, env: Environment) -> None:
    """What the commands do."""
    say(turn, env, text(turn, env, "help.text"), [[button(turn, env, "button.menu", "m"), person_button(turn, env)]])
