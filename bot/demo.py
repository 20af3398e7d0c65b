"""`lotse demo`: invented people and cases to look at, on this machine only, never beside real data."""

from __future__ import annotations

import ipaddress
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa

from bot.cases import HandoffCases, StoredRecords
from bot.cli_tools import console, note
from bot.conversation.model import Event, Turn
from bot.conversation.router import converse
from bot.people import Known
from bot.processing import spoken, topic_of, understand
from core.clock import now
from core.errors import LotseError
from core.sessions import create_signin_link
from core.settings import Settings
from core.staff import add_staff, find_by_login
from handoff import offices
from handoff.tables import ticket

if TYPE_CHECKING:
    from bot.app import Application

FOLDER = Path("data/demo")
LOGIN = "demo@example.org"
OFFICE = "heinsberg"

# Invented people: what each of them types or presses, by the label's data without the form's nonce.
STORIES: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        "demo-amal",
        (
            "مرحبا، وصلنا إلى فيغبرغ قبل شهر، كيف أسجل ابني في المدرسة؟",
            "p",
            "consent|yes",
            "language|ar",
            "interpreter|yes",
            "contact|chat",
            "ابني عمره 9 سنوات ولا يتكلم الألمانية بعد.",
            "send|-",
        ),
    ),
    (
        "demo-grace",
        (
            "Hello, we live in Heinsberg. I got a letter, I must answer in 3 days and I do not understand it",
            "p",
            "consent|yes",
            "language|en",
            "interpreter|no",
            "contact|call",
            "+49 2452 000000",
            "The letter is from the Jobcenter. I must answer until tomorrow.",
            "send|-",
        ),
    ),
    (
        "demo-piotr",
        (
            "Guten Tag, ich wohne in Wassenberg und suche Deutschkurs am Abend",
            "p",
            "consent|yes",
            "language|pl",
            "interpreter|yes",
            "contact|visit",
            "words|-",
            "send|-",
        ),
    ),
)


def settings_for_demo(settings: Settings) -> Settings:
    """Settings of the demonstration: a folder of its own. Refused with a token or on an address others can reach."""
    if settings.telegram_token is not None:
        raise LotseError(
            "The demonstration runs only without TELEGRAM_TOKEN: invented cases do not belong beside real people."
        )
    if settings.host != "localhost" and not ipaddress.ip_address(settings.host).is_loopback:
        raise LotseError("The demonstration runs only on this machine: set LOTSE_LISTEN to 127.0.0.1 and a port.")
    return settings.model_copy(
        update={
            "database_url": f"sqlite:///{FOLDER}/lotse.db",
            "key_file": FOLDER / "master.key",
            "chat_page": "on",
            "operator": settings.operator or "Kreis Beispiel (Vorführung)",
            "smtp_url": None,
            "demo": True,
        }
    )


async def load_people(application: Application) -> None:
    """Accounts, an active office and the cases, once; then a sign-in link, new at every start."""
    async with application.database.transaction() as connection:
        found = await find_by_login(connection, LOGIN)
        if found is None:
            staff_id = await add_staff(connection, LOGIN, "Demo Lotsin", "lead", [OFFICE], None)
            await offices.activate_office(connection, OFFICE, "kim@example.org")
        else:
            staff_id = found[0]
        token = await create_signin_link(connection, staff_id, 60)
        fresh = found is None
    if fresh:
        for number, (lane, steps) in enumerate(STORIES):
            await _play(application, lane, steps, minutes_ago=35 * (len(STORIES) - number))
    note("Invented people only. Sign in to the desk once with this link, within an hour:")
    console.print(f"http://{application.settings.listen}/desk/link/{token}", markup=False, highlight=False)


async def _play(application: Application, name: str, steps: tuple[str, ...], minutes_ago: int) -> None:
    lane = application.vault.pseudonym("chat/web", name)
    async with application.database.transaction() as connection:
        known = await application.people.create(connection, "web", lane, name)
        for step in steps:
            turn = Turn(
                _event(step, known),
                known.person,
                now(),
                HandoffCases(connection, application.vault, known),
                StoredRecords(connection, application.vault, application.people, known),
            )
            env = application.content.environment("web")
            await converse(turn, env, understand(application.engine, env, turn.event, known.person))
            await application.people.add_utterances(connection, known, topic_of(turn), turn.at, spoken(turn))
            await application.people.keep(connection, known, turn.at)
        opened = now() - timedelta(minutes=minutes_ago)
        await connection.execute(
            sa.update(ticket).where(ticket.c.newcomer_id == known.id).values(opened_at=opened, changed_at=opened)
        )


def _event(step: str, known: Known) -> Event:
    if step == "p":
        return Event("button", data="p", message=step)
    head = step.split("|")[0]
    if "|" in step and head.isalpha() and known.person.intake is not None:
        return Event("button", data=f"i|{known.person.intake.nonce}|{step}", message=step)
    return Event("text", text=step)
