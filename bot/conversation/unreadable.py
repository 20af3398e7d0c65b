"""What the bot cannot read gets a kind answer and a way on."""

from __future__ import annotations

from bot.conversation.environment import Environment
from bot.conversation.model import Count, Turn
from bot.conversation.say import menu_button, person_button, say, text

KNOWN = {"voice", "photo", "document", "sticker", "location", "contact"}


async def cannot_read(turn: Turn, env: Environment, kind: str) -> None:
    """Name what was sent, ask for words; for documents and pictures the warning that nothing was looked at."""
    turn.counts.append(Count("unreadable"))
    kind = kind if kind in KNOWN else "other"
    if kind == "sticker":
        say(turn, env, text(turn, env, "unreadable.sticker"), [[menu_button(turn, env)]])
        return
    say(turn, env, text(turn, env, f"unreadable.{kind}"), [[menu_button(turn, env), person_button(turn, env)]])


async def no_words(turn: Turn, env: Environment) -> None:
    """A message without any letter or digit: emoji, dots, invisible characters."""
    say(turn, env, text(turn, env, "unreadable.empty"), [[menu_button(turn, env)]])
