"""`lotse staff ...` and `lotse tickets`."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated, TypeVar

import sqlalchemy as sa
import typer
from rich.table import Table
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.cli_tools import console, errors_as_sentences, note
from core import staff
from core.clock import BERLIN
from core.database import Database, migrate
from core.errors import LotseError
from core.sessions import create_signin_link
from core.settings import Settings, load_settings
from handoff import offices
from handoff.tables import ticket

app = typer.Typer(no_args_is_help=True)
T = TypeVar("T")
LINK_MINUTES = 60 * 24


def in_database(settings: Settings, work: Callable[[AsyncConnection], Awaitable[T]]) -> T:
    """Do something in one transaction of its own."""
    migrate(settings.database_url)

    async def go() -> T:
        database = Database(settings.database_url)
        try:
            async with database.transaction() as connection:
                return await work(connection)
        finally:
            await database.close()

    return asyncio.run(go())


@app.command()
@errors_as_sentences
def add(
    login: Annotated[str, typer.Argument(help="The login, for example an e-mail address.")],
    name: Annotated[str, typer.Option(help="The name that colleagues read.")],
    role: Annotated[str, typer.Option(help=f"One of {', '.join(staff.ROLES)}.")] = "case_manager",
    office: Annotated[list[str] | None, typer.Option(help="Office id; may be given several times.")] = None,
    ask_password: Annotated[bool, typer.Option("--password", help="Ask for a password now.")] = False,
) -> None:
    """Make an account. Without --password it prints a link that signs in once, within a day."""
    settings = load_settings()
    password = typer.prompt("Password", hide_input=True, confirmation_prompt=True) if ask_password else None

    async def work(connection: AsyncConnection) -> str | None:
        known = {line.id for line in await offices.list_offices(connection)}
        unknown = sorted(set(office or []) - known)
        if unknown:
            listed = ", ".join(sorted(known)) or "none yet; run `lotse run` once"
            raise LotseError(f"There is no office {', '.join(unknown)}. Known offices: {listed}.")
        staff_id = await staff.add_staff(connection, login, name, role, office or [], password)
        return None if password else await create_signin_link(connection, staff_id, LINK_MINUTES)

    token = in_database(settings, work)
    note(f"Account {login} made.")
    if token:
        note("This link signs in once, within a day:")
        console.print(f"{_base(settings)}/desk/link/{token}", markup=False, highlight=False)


def _base(settings: Settings) -> str:
    return (settings.public_url or f"http://{settings.listen}").rstrip("/")


@app.command()
@errors_as_sentences
def link(login: Annotated[str, typer.Argument(help="The account.")]) -> None:
    """Print a new link that signs in once, for a forgotten password."""
    settings = load_settings()

    async def work(connection: AsyncConnection) -> str:
        found = await staff.find_by_login(connection, login)
        if found is None:
            raise LotseError(f"There is no open account {login}.")
        return await create_signin_link(connection, found[0], LINK_MINUTES)

    console.print(f"{_base(settings)}/desk/link/{in_database(settings, work)}", markup=False, highlight=False)


@app.command("list")
@errors_as_sentences
def list_() -> None:
    """List the accounts."""
    lines = in_database(load_settings(), staff.list_staff)
    table = Table("Login", "Name", "Role", "Offices", "State")
    for line in lines:
        table.add_row(
            line.login, line.name, line.role, ", ".join(line.offices), "disabled" if line.is_disabled else "open"
        )
    console.print(table if lines else "There are no accounts yet. Make one with `lotse staff add`.")


@app.command()
@errors_as_sentences
def disable(login: Annotated[str, typer.Argument(help="The account.")]) -> None:
    """Close an account and end its sessions."""
    in_database(load_settings(), lambda connection: staff.disable_staff(connection, login))
    note(f"Account {login} disabled.")


def list_tickets(settings: Settings, *, open_only: bool) -> list[tuple[str, ...]]:
    """Cases without content, newest first."""

    async def work(connection: AsyncConnection) -> list[tuple[str, ...]]:
        query = sa.select(
            ticket.c.number,
            ticket.c.office_id,
            ticket.c.town,
            ticket.c.language,
            ticket.c.topic,
            ticket.c.urgency,
            ticket.c.state,
            ticket.c.opened_at,
        ).order_by(ticket.c.opened_at.desc())
        if open_only:
            query = query.where(ticket.c.closed_at.is_(None))
        rows = await connection.execute(query.limit(1000))
        return [
            (*[str(value or "–") for value in row[:-1]], f"{row[-1].astimezone(BERLIN):%Y-%m-%d %H:%M}") for row in rows
        ]

    return in_database(settings, work)
