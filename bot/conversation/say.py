"""Small helpers every dialogue uses: a text in the person's language, buttons in rows, a reply."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bot.conversation.environment import Environment
from bot.conversation.model import Button, Person, Reply, Turn
from core.languages import is_rtl

LABEL = 38  # longer labels are cut off on small phones


def language_of(person: Person, env: Environment) -> str:
    """The language the person is answered in."""
    return env.language_or_fallback(person.language)


def text(turn: Turn, env: Environment, key: str, /, **values: object) -> str:
    """One of the bot's own texts in the person's language."""
    return env.texts(key, language_of(turn.person, env), **values)


def say(turn: Turn, env: Environment, markdown: str, keyboard: Iterable[Sequence[Button]] = (),
        language: str | None = None) -> None:
    """Add one message to the answer; direction follows the language."""
    rows = tuple(tuple(row) for row in keyboard if row)
    turn.replies.append(Reply(markdown, rows, rtl=is_rtl(language or language_of(turn.person, env))))


def button(turn: Turn, env: Environment, key: str, data: str) -> Button:
    """A button with one of the bot's own labels."""
    return Button(text(turn, env, key), data)


def in_rows(buttons: Sequence[Button], per_row: int = 2, narrow: int = 18) -> list[list[Button]]:
    """Short labels side by side, long ones each in a row of their own."""
    rows: list[list[Button]] = []
    for item in buttons:
        short = len(item.label) <= narrow
        if short and rows and len(rows[-1]) < per_row and all(len(b.label) <= narrow for b in rows[-1]):
            rows[-1].append(item)
        else:
            rows.append([item])
    return rows


def title_of(env: Environment, topic: str, language: str) -> str | None:
    """What a topic is called on a button, in the language or in English."""
    title = env.library.title(topic, language) or env.library.title(topic, "en")
    return title if title is None or len(title) <= LABEL else title[: LABEL - 1].rstrip() + "…"


def person_button(turn: Turn, env: Environment) -> Button:
    """The way to a human, offered under every answer."""
    return button(turn, env, "button.person", "p")


def menu_button(turn: Turn, env: Environment) -> Button:
    """Back to the menu."""
    return button(turn, env, "button.menu", "m")


def means(env: Environment, key: str, words: str) -> bool:
    """Whether a short message is one of the listed words (`words.yes`, `words.no`, `words.cancel`) of any language."""
    said = " ".join(words.casefold().strip(" .!?,;\u060c\u061f").split())
    return any(said in [word.strip().casefold() for word in env.texts(key, code).split(",")] for code in env.languages)
