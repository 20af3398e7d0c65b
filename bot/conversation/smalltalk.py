"""Greetings, thanks, questions about the bot itself: short, and always with a way on."""

from __future__ import annotations

from bot.conversation import my_data, onboarding
from bot.conversation.environment import Environment
from bot.conversation.menu import show_menu
from bot.conversation.model import Count, Turn
from bot.conversation.say import button, language_of, menu_button, person_button, say, text
from nlu.model import Understanding


async def reply(turn: Turn, env: Environment, topic: str, understanding: Understanding) -> None:
    """Answer a message about the conversation itself."""
    person = turn.person
    if topic == "out_of_scope":
        turn.counts.append(Count("out_of_scope"))
        say(turn, env, text(turn, env, "chat.out_of_scope"), [[menu_button(turn, env), person_button(turn, env)]])
        return
    person.misunderstood = 0
    if topic == "chat.language":
        await onboarding.ask_language(turn, env)
    elif topic == "chat.privacy":
        await my_data.privacy(turn, env)
    elif topic == "chat.capabilities":
        say(turn, env, text(turn, env, "chat.capabilities", operator=onboarding.operator_name(turn, env)),
            [[menu_button(turn, env), person_button(turn, env)]])
    elif topic == "chat.complaint":
        person.unhelpful += 1
        turn.counts.append(Count("complaint"))
        say(turn, env, text(turn, env, "chat.complaint"),
            [[person_button(turn, env), menu_button(turn, env)]])
    elif topic == "chat.greeting":
        if not person.introduced:
            await onboarding.welcome(turn, env, proposed=language_of(person, env))
            return
        say(turn, env, text(turn, env, "chat.greeting"))
        await show_menu(turn, env, "")
    elif topic == "chat.thanks":
        say(turn, env, text(turn, env, "chat.thanks"))
    else:
        say(turn, env, text(turn, env, "chat.goodbye"), [[button(turn, env, "button.menu", "m")]])
