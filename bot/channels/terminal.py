"""The conversation in a terminal: typed lines in, messages out, buttons by their number."""

from __future__ import annotations

import asyncio

from bot.asking import Asker
from bot.cli_tools import console, note
from bot.conversation.commands import NAMES
from bot.conversation.model import Button, Event, Person, Reply
from core.markdown import to_plain


def talk(asker: Asker, language: str | None) -> None:
    """Until Ctrl-D or /quit. A number presses that button; a message that is a number needs a word more."""
    asyncio.run(_talk(asker, language))


async def _talk(asker: Asker, language: str | None) -> None:
    person = Person(id="terminal")
    buttons: list[Button] = []
    event = Event("command", name="start", profile_language=language)
    note("Type a message, the number of a button, or /quit.")
    while True:
        turn = await asker.turn(event, person)
        shown: list[Button] = []
        for reply in turn.replies:
            shown += _show(reply, len(shown))
        buttons = shown or buttons
        try:
            typed = await asyncio.to_thread(input, "> ")
        except EOFError:
            return
        if typed.strip() == "/quit":
            return
        event = _event(typed, buttons, language)


def _show(reply: Reply, first: int) -> list[Button]:
    console.print()
    console.print(to_plain(reply.markdown, rtl=reply.rtl), markup=False, highlight=False)
    if reply.attachment:
        console.print(reply.attachment.content, markup=False, highlight=False)
    buttons = [button for row in reply.keyboard for button in row]
    for number, button in enumerate(buttons, first + 1):
        console.print(f"  [{number}] {button.label}", markup=False, highlight=False)
    return buttons


def _event(typed: str, buttons: list[Button], language: str | None) -> Event:
    if typed.strip().isdecimal() and 1 <= int(typed) <= len(buttons):
        return Event("button", data=buttons[int(typed) - 1].data, profile_language=language)
    if typed.startswith("/"):
        name, _, argument = typed[1:].partition(" ")
        if name.lower() in NAMES:
            return Event("command", name=name.lower(), text=argument, profile_language=language)
    return Event("text", text=typed, profile_language=language)
