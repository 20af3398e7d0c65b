"""`lotse doctor`: what an operator should know, one sentence a finding."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from typing import Literal

import aiosmtplib
import sqlalchemy as sa
from telegram.error import InvalidToken, TelegramError

from bot.channels.telegram_client import make_bot
from bot.cli_content import current_library
from bot.delivery.inbox import Inbox
from bot.delivery.outbox import Outbox
from bot.keys import FINGERPRINT
from bot.texts import load_texts
from core.clock import now
from core.crypto import Vault, read_key_file
from core.database import Database, meta, migrate
from core.errors import LotseError
from core.settings import Settings
from handoff import notifications, offices
from knowledge.check import check_content
from knowledge.files import CONTENT

State = Literal["good", "note", "bad"]
Finding = tuple[State, str]

LATE_SECONDS = 300
ENOUGH_SPACE = 500_000_000


async def examine(settings: Settings) -> list[Finding]:
    """All findings, in the order in which an operator would look."""
    findings: list[Finding] = []
    for check in (_settings, _space, _database, _content, _telegram, _mail):
        findings += [finding async for finding in check(settings)]
    return findings


async def _settings(settings: Settings) -> AsyncIterator[Finding]:
    named = {
        "LOTSE_OPERATOR": settings.operator,
        "LOTSE_CONTACT": settings.contact,
        "LOTSE_DPO": settings.dpo,
        "LOTSE_IMPRINT_URL": settings.imprint_url,
    }
    for name, value in named.items():
        yield ("good", f"{name}: {value}") if value else ("note", f"{name} is not set; it stands in the privacy text.")
    if settings.public_url is None:
        yield "note", "LOTSE_PUBLIC_URL is not set; mails to the offices carry no link."


async def _space(settings: Settings) -> AsyncIterator[Finding]:
    folder = settings.data_folder if settings.data_folder.exists() else settings.data_folder.absolute().parent
    free = shutil.disk_usage(folder).free
    yield ("good" if free > ENOUGH_SPACE else "bad"), f"Free space for data: {free // 1_000_000} MB."


async def _database(settings: Settings) -> AsyncIterator[Finding]:
    try:
        await asyncio.to_thread(migrate, settings.database_url)
    except LotseError as error:
        yield "bad", error.sentence
        return
    database = Database(settings.database_url)
    try:
        async with database.reading() as connection:
            known = await connection.scalar(sa.select(meta.c.value).where(meta.c.key == FINGERPRINT))
        yield "good", f"Database: {'SQLite' if database.is_sqlite else 'PostgreSQL'}, schema of this release."
        vault = None
        if known is None:
            yield "note", "The database is new; `lotse run` makes its master key."
        else:
            vault = read_key_file(settings.key_file)
            fits = vault.fingerprint == known
            yield (
                ("good", f"Master key {settings.key_file} fits.")
                if fits
                else ("bad", f"Master key {settings.key_file} belongs to another database.")
            )
        async for finding in _queues(database, vault):
            yield finding
    except LotseError as error:
        yield "bad", error.sentence
    finally:
        await database.close()


async def _queues(database: Database, vault: Vault | None) -> AsyncIterator[Finding]:
    if vault is None:
        return
    inbox, outbox = Inbox(vault.transit), Outbox(vault.transit)
    async with database.reading() as connection:
        for name, (number, oldest) in (
            ("incoming", await inbox.waiting(connection)),
            ("outgoing", await outbox.waiting(connection)),
        ):
            late = oldest is not None and (now() - oldest).total_seconds() > LATE_SECONDS
            yield (
                ("bad" if late else "good"),
                f"Waiting {name} messages: {number}"
                + (f", the oldest since {oldest:%Y-%m-%d %H:%M} UTC." if late and oldest else "."),
            )
        dead = await inbox.dead_letters(connection)
        yield ("bad", f"{dead} messages could not be processed.") if dead else ("good", "No dead letters.")
        waiting = await notifications.waiting(connection)
        if waiting.number:
            yield (
                ("bad" if waiting.problem else "note"),
                (
                    f"{waiting.number} mails to offices wait"
                    + (f"; last problem: {waiting.problem}." if waiting.problem else ".")
                ),
            )
        lines = await offices.list_offices(connection)
    ready = [line.name for line in lines if line.takes_cases]
    if ready:
        yield "good", f"Offices that take cases: {', '.join(ready)}."
    else:
        yield "note", "No office takes cases yet: activate one in the desk and give it a case manager."
    for line in lines:
        if line.is_active and not line.staff_count:
            yield "bad", f"{line.name} is activated but has no case manager."


async def _content(settings: Settings) -> AsyncIterator[Finding]:
    try:
        mistakes = check_content(settings.content_folder or CONTENT, required=load_texts().languages)
        library = await asyncio.to_thread(current_library, settings)
    except LotseError as error:
        yield "bad", error.sentence
        return
    if mistakes:
        yield "bad", f"{len(mistakes)} mistakes in the content files; `lotse content check` lists them."
    answered = sum(library.has_answer(topic) for topic in library.topics)
    yield "good", f"{answered} topics with an answer, {len(library.towns)} towns in {len(library.regions)} regions."
    if settings.default_town and library.town(settings.default_town) is None:
        yield "bad", f"LOTSE_DEFAULT_TOWN: {settings.default_town} is in no region."


async def _telegram(settings: Settings) -> AsyncIterator[Finding]:
    if settings.telegram_token is None:
        yield "note", "TELEGRAM_TOKEN is not set: the bot runs without Telegram."
        return
    try:
        bot = make_bot(
            settings.telegram_token.get_secret_value(),
            settings.telegram_api_url,
            settings.proxy.get_secret_value() if settings.proxy else None,
        )
        await bot.initialize()
        yield "good", f"Telegram answers for @{bot.username}."
        await bot.shutdown()
    except InvalidToken:
        yield "bad", "Telegram does not know the token (TELEGRAM_TOKEN)."
    except LotseError as error:
        yield "bad", error.sentence
    except TelegramError as error:
        yield "bad", f"Telegram cannot be reached: {type(error).__name__}."


async def _mail(settings: Settings) -> AsyncIterator[Finding]:
    if settings.smtp_url is None:
        yield "note", "LOTSE_SMTP_URL is not set: offices are not told by mail when a case arrives."
        return
    try:
        server = notifications.MailServer.from_url(settings.smtp_url.get_secret_value())
        async with server.client():
            yield "good", f"The mail server {server.host} answers."
    except LotseError as error:
        yield "bad", error.sentence
    except (aiosmtplib.SMTPException, OSError) as error:
        yield "bad", f"The mail server cannot be reached: {type(error).__name__}."
