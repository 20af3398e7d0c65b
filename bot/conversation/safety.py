"""Danger: the numbers first, nothing else before them, nothing stored beyond the count."""

from __future__ import annotations

from bot.conversation.compose import find_answer
from bot.conversation.environment import Environment
from bot.conversation.model import Count, Turn
from bot.conversation.say import button, language_of, say, text
from core.clock import today


async def help_now(turn: Turn, env: Environment, topic: str) -> None:
    """Send the numbers for this danger. Works even where the content is missing: 110 and 112 are in the bot's texts."""
    turn.keep_words = False
    turn.counts.append(Count("safety", topic))
    answer = find_answer(env, topic, language_of(turn.person, env))
    markdown = answer.section("do", today()) if answer else None
    say(turn, env, markdown or text(turn, env, "safety.numbers"), language=answer.language if answer else None,
        keyboard=[[button(turn, env, "button.counselling", f"s|{topic}"), button(turn, env, "button.person", "pd")]])
    turn.report.update({"topic": topic, "action": "safety", "aspect": None, "aspects": ["do"], "services": [],
                        "sources": [source.url for source in answer.sources] if answer else []})


async def counselling(turn: Turn, env: Environment, topic: str) -> None:
    """Local counselling after the numbers, if the person asks for it."""
    from bot.conversation.ask_person import counselling_services

    turn.keep_words = False
    await counselling_services(turn, env, topic)
