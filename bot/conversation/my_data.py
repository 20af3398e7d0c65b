"""What is stored, who sees it, and how it is deleted: /privacy, /mydata, /delete."""

from __future__ import annotations

import json
import secrets
from typing import Any

from bot.conversation.environment import Environment
from bot.conversation.model import Attachment, Reply, Turn
from bot.conversation.onboarding import operator_name
from bot.conversation.say import button, language_of, menu_button, say, text
from core.languages import BY_CODE, is_rtl
from core.markdown import escape

# The summary stays short; the file that goes with it holds everything.
CASES_SHOWN, LOOKS_SHOWN = 5, 5


async def privacy(turn: Turn, env: Environment) -> None:
    """The privacy text, generated from the settings, so that it cannot promise what the installation does not do."""
    operator = env.operator
    parts = [
        text(
            turn,
            env,
            "privacy.text",
            operator=operator_name(turn, env),
            contact=escape(operator.contact) or text(turn, env, "contact.unset"),
            dialogue_days=operator.dialogue_days,
            cases_days=operator.cases_days,
            access_days=operator.access_days,
        )
    ]
    if env.carries_telegram:
        parts.append(text(turn, env, "privacy.telegram"))
    if operator.dpo:
        parts.append(text(turn, env, "privacy.dpo", dpo=escape(operator.dpo)))
    if operator.imprint.startswith(("https://", "http://")):
        parts.append(text(turn, env, "privacy.imprint", url=operator.imprint))
    parts.append(text(turn, env, "privacy.commands"))
    say(turn, env, "\n\n".join(parts), [[menu_button(turn, env)]])


async def my_data(turn: Turn, env: Environment) -> None:
    """Everything stored about the person: a readable summary, and the whole as a JSON file."""
    data = await turn.records.export(turn.person)
    language = language_of(turn.person, env)
    lines = [
        text(turn, env, "mydata.title"),
        text(
            turn,
            env,
            "mydata.profile",
            language=BY_CODE[language].native,
            town=escape(turn.person.town) or "–",
            messages=len(data["messages"]),
            cases=len(data["cases"]),
        ),
    ]
    lines += [_case_lines(turn, env, case) for case in data["cases"][-CASES_SHOWN:]]
    say(turn, env, "\n\n".join(lines))
    content = json.dumps(data, ensure_ascii=False, indent=2)
    turn.replies.append(
        Reply(
            text(turn, env, "mydata.file"),
            ((button(turn, env, "button.delete_all", "d|?"),),),
            rtl=is_rtl(language),
            attachment=Attachment("lotse-my-data.json", content),
        )
    )
    turn.keep_words = False


def _case_lines(turn: Turn, env: Environment, case: dict[str, Any]) -> str:
    days = dict.fromkeys(f"{escape(look['office'])} ({look['at'][:10]})" for look in reversed(case["looked"]))
    looked = ", ".join([*list(days)[:LOOKS_SHOWN], *(["…"] if len(days) > LOOKS_SHOWN else [])]) or "–"
    lines = [text(turn, env, "mydata.case", number=case["number"], office=escape(case["office"]), looked=looked)]
    if case["internal_notes"]:
        lines.append(text(turn, env, "mydata.notes", number=case["internal_notes"], office=escape(case["office"])))
    return "\n".join(lines)


async def ask_delete(turn: Turn, env: Environment) -> None:
    """One question before everything is gone."""
    turn.person.confirming_delete = secrets.token_hex(4)
    nonce = turn.person.confirming_delete
    say(
        turn,
        env,
        text(turn, env, "delete.ask"),
        [[button(turn, env, "button.delete_yes", f"d|{nonce}"), button(turn, env, "button.no", "d|no")]],
    )


async def delete(turn: Turn, env: Environment, answer: str) -> None:
    """The answer to that question; an old button asks again instead of deleting."""
    person = turn.person
    if answer == "no":
        person.confirming_delete = ""
        say(turn, env, text(turn, env, "delete.kept"), [[menu_button(turn, env)]])
        return
    already_gone = answer != "?" and not person.last_seen
    if not already_gone and (not person.confirming_delete or answer != person.confirming_delete):
        await ask_delete(turn, env)
        return
    result = await turn.records.erase(person)
    turn.erased, turn.keep_words = True, False
    if result.held:
        held = "\n".join(
            text(turn, env, "delete.held_case", number=number, reason=escape(reason), until=until)
            for number, reason, until in result.held
        )
        say(turn, env, text(turn, env, "delete.held") + "\n" + held)
    else:
        say(turn, env, text(turn, env, "delete.done"))
