"""`lotse content ...`, and the content that other commands work with."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from bot.cli_tools import console, errors_as_sentences, note
from bot.texts import load_texts
from core.database import Database, migrate
from core.errors import ContentError
from core.settings import Settings, load_settings
from handoff import offices
from knowledge.files import CONTENT, library_from_files
from knowledge.library import Library
from knowledge.loading import export_files, import_files, load_library

app = typer.Typer(no_args_is_help=True)


def _has_database(settings: Settings) -> bool:
    return not settings.is_sqlite or (settings.sqlite_path is not None and settings.sqlite_path.exists())


def current_library(settings: Settings) -> Library:
    """What is published in the database; the release's files where there is no database or it is still empty."""
    if _has_database(settings):

        async def load() -> Library | None:
            database = Database(settings.database_url)
            try:
                async with database.reading() as connection:
                    return await load_library(connection)
            finally:
                await database.close()

        migrate(settings.database_url)
        library = asyncio.run(load())
        if library is not None and any(library.has_answer(topic) for topic in library.topics):
            return library
    return library_from_files(settings.content_folder or CONTENT)


def staffed_offices(settings: Settings) -> frozenset[str]:
    """Offices that take cases, none without a database."""
    if not _has_database(settings):
        return frozenset()

    async def load() -> frozenset[str]:
        database = Database(settings.database_url)
        try:
            async with database.reading() as connection:
                return await offices.staffed_offices(connection)
        finally:
            await database.close()

    return asyncio.run(load())


@app.command()
@errors_as_sentences
def check(
    folder: Annotated[Path | None, typer.Argument(help="The content folder; the release's own without it.")] = None,
) -> None:
    """Check every answer, region and text; mistakes are listed as file:line: what to do."""
    from knowledge.check import check_content

    settings = load_settings()
    texts = load_texts()
    mistakes = [
        str(mistake)
        for mistake in check_content(folder or settings.content_folder or CONTENT, required=texts.languages)
    ]
    for code in texts.languages:
        mistakes += [f"texts/{code}.po:1: the text {key} is missing" for key in texts.missing(code)]
    for mistake in mistakes:
        console.print(mistake, markup=False, highlight=False)
    if mistakes:
        raise ContentError(f"{len(mistakes)} mistakes.")
    note("The content is good.")


@app.command("import")
@errors_as_sentences
def import_(folder: Annotated[Path, typer.Argument(help="A folder as `lotse content export` writes it.")]) -> None:
    """Bring files into the database as new published versions; nothing changes if one of them has a mistake."""
    settings = load_settings()
    migrate(settings.database_url)

    async def go() -> str:
        database = Database(settings.database_url)
        try:
            async with database.transaction() as connection:
                report = await import_files(connection, folder)
            return f"{len(report.added)} new, {len(report.updated)} changed."
        finally:
            await database.close()

    note(asyncio.run(go()))


@app.command()
@errors_as_sentences
def export(folder: Annotated[Path, typer.Argument(help="Where to write the files.")]) -> None:
    """Write everything that is published back as files."""
    settings = load_settings()
    migrate(settings.database_url)

    async def go() -> int:
        database = Database(settings.database_url)
        try:
            async with database.reading() as connection:
                return len(await export_files(connection, folder))
        finally:
            await database.close()

    note(f"{asyncio.run(go())} files written to {folder}.")
