"""The `lotse` command. Exit status: 0 good, 1 a problem that the message names, 2 wrong usage."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from bot import cli_content, cli_staff
from bot.cli_tools import console, errors_as_sentences, note, say_progress
from core import logs
from core.settings import Settings, load_settings

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Lotse: first contact for people who have just arrived in a German municipality.",
)
app.add_typer(cli_content.app, name="content", help="Check, import and export answers and services.")
app.add_typer(cli_staff.app, name="staff", help="Accounts of the desk.")

Town = Annotated[str | None, typer.Option(help="The town the person lives in.")]
Language = Annotated[str | None, typer.Option(help="The language of the chat so far, as a code (ar).")]


@app.command()
@errors_as_sentences
def run(
    only: Annotated[
        str | None, typer.Option(help="Only these parts, separated by commas: telegram, worker, sender, web, jobs.")
    ] = None,
) -> None:
    """Run everything in one process, until it is stopped with Ctrl-C or SIGTERM."""
    from bot.parts import chosen_parts

    settings = load_settings()
    logs.configure(settings.log_level)
    parts = chosen_parts(only)
    serve(settings, parts)


def serve(
    settings: Settings, parts: frozenset[str], before: Callable[[Any], Coroutine[Any, Any, None]] | None = None
) -> None:
    """Build and run; `before` is awaited once everything is built."""
    from bot.app import build_application, prepare

    lock = prepare(settings)

    async def go() -> None:
        application = await build_application(settings, progress=say_progress)
        try:
            if before is not None:
                await before(application)
            await application.run(parts, on_ready=lambda address: _ready(settings, address))
        finally:
            await application.close()

    try:
        asyncio.run(go())
    finally:
        if lock is not None:
            lock.release()


def _ready(settings: Settings, address: str) -> None:
    if settings.telegram_token is None:
        note("TELEGRAM_TOKEN is not set: running without Telegram.")
    if address and settings.chat_page_on:
        note(f"Chat page: {address}/chat")
    if address:
        note(f"Desk: {address}/desk")
    note("Lotse is running.")


@app.command()
@errors_as_sentences
def ask(
    text: Annotated[str | None, typer.Argument(help="The message.")] = None,
    town: Town = None,
    language: Language = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the whole result as JSON.")] = False,
    jsonl: Annotated[bool, typer.Option("--jsonl", help="Read JSON lines from standard input.")] = False,
) -> None:
    """Ask one question, or many as JSON lines (`text`, optional `town`, `language`, `chat`)."""
    if (text is None) == (not jsonl):
        raise typer.BadParameter("give either a text or --jsonl")
    from bot.cli_asking import ask_lines, ask_one, make_asker

    asker = make_asker(load_settings())
    if jsonl:
        ask_lines(asker, sys.stdin.buffer, sys.stdout)
        return
    result = ask_one(asker, text or "", town, language)
    if as_json:
        print(json.dumps(result, ensure_ascii=False))  # noqa: T201
    else:
        console.print(result["reply"], markup=False, highlight=False)


@app.command()
@errors_as_sentences
def chat(language: Language = None) -> None:
    """Talk with the bot in this terminal; nothing is stored."""
    from bot.channels.terminal import talk
    from bot.cli_asking import make_asker

    talk(make_asker(load_settings(), on_terminal=True), language)


@app.command()
@errors_as_sentences
def train() -> None:
    """Train the understanding from the examples, also where the trained model is up to date."""
    from nlu.training import train as learn

    settings = load_settings()
    learn(cache=settings.data_folder / "model", progress=say_progress)


@app.command()
@errors_as_sentences
def evaluate(
    files: Annotated[list[Path], typer.Argument(help="JSON lines with text, topic, lang, style.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")] = False,
) -> None:
    """Measure the understanding on labelled messages."""
    from bot.cli_asking import evaluate_files, make_asker

    evaluate_files(make_asker(load_settings()), files, as_json=as_json)


@app.command()
@errors_as_sentences
def qr(
    output: Annotated[Path, typer.Argument(help="The SVG file to write.")],
    bot: Annotated[str, typer.Option(help="The bot's user name, without @.")],
    language: Annotated[str, typer.Option(help="Language code, may be empty.")] = "",
    town: Annotated[str, typer.Option(help="Town, may be empty.")] = "",
    topic: Annotated[str, typer.Option(help="Topic id, may be empty.")] = "",
) -> None:
    """Write a QR code that opens the bot with language, town and topic chosen."""
    from bot.cli_content import current_library
    from bot.links import deep_link, write_qr
    from bot.texts import load_texts

    link = deep_link(current_library(load_settings()), bot, language, town, topic, load_texts().languages)
    write_qr(link, output)
    note(f"{output}: {link}")


@app.command()
@errors_as_sentences
def tickets(open_only: Annotated[bool, typer.Option("--open", help="Only open cases.")] = False) -> None:
    """List the cases without their content."""
    from bot.cli_staff import list_tickets

    rows = list_tickets(load_settings(), open_only=open_only)
    table = Table("Number", "Office", "Town", "Language", "Topic", "Urgency", "State", "Opened")
    for row in rows:
        table.add_row(*row)
    console.print(table if rows else "There are no cases.")


@app.command()
@errors_as_sentences
def backup(target: Annotated[Path, typer.Argument(help="The file to write; keep it apart from the key.")]) -> None:
    """Copy the SQLite database while it runs."""
    from bot.backup import back_up

    back_up(load_settings(), target)
    note(f"{target} written. Without the master key nobody can read it: keep the key in another place.")


@app.command()
@errors_as_sentences
def restore(
    source: Annotated[Path | None, typer.Argument(help="The file that `lotse backup` wrote.")] = None,
    deletions_only: Annotated[
        bool, typer.Option("--deletions-only", help="Only delete again whoever was deleted; after pg_restore.")
    ] = False,
) -> None:
    """Put a backup back; people who were deleted since are deleted again."""
    from bot.backup import apply_deletions
    from bot.backup import restore as put_back

    if (source is None) == (not deletions_only):
        raise typer.BadParameter("give either a file or --deletions-only")
    settings = load_settings()
    number = asyncio.run(apply_deletions(settings) if source is None else put_back(settings, source))
    note(f"Done. {number} people who had been deleted were deleted again.")


@app.command()
@errors_as_sentences
def doctor() -> None:
    """Check settings, database, key, content, Telegram and mail; exit status 1 if something needs care."""
    from bot.doctor import examine

    findings = asyncio.run(examine(load_settings()))
    marks = {"good": "[green]good[/]", "note": "[yellow]note[/]", "bad": "[red]bad[/]"}
    for state, sentence in findings:
        console.print(f"{marks[state]:>4}  ", end="")
        console.print(sentence, markup=False, highlight=False)
    if any(state == "bad" for state, _ in findings):
        raise typer.Exit(1)


@app.command()
@errors_as_sentences
def demo() -> None:
    """Run with invented people and cases, without Telegram, and print a one-time sign-in link for the desk."""
    from bot.demo import load_people, settings_for_demo
    from bot.parts import PARTS

    settings = settings_for_demo(load_settings())
    logs.configure(settings.log_level)
    serve(settings, frozenset(PARTS), before=load_people)


def main() -> None:
    """Entry of the `lotse` command."""
    app()


if __name__ == "__main__":
    main()
