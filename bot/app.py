"""The composition root: builds everything from the settings and connects it. The only file that knows every package."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import structlog
import uvicorn
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.applications import Starlette
from starlette.routing import BaseRoute, Route

from bot.cases import HandoffCases, OutboxMessenger, OutboxStates, StoredRecords
from bot.channels import telegram_events, web
from bot.channels.telegram import LARGEST_UPDATE, TelegramChannel
from bot.channels.telegram_client import TelegramPlatform, make_bot, until_reachable
from bot.channels.web import ChatPage, WebPlatform
from bot.content import Content, load_content
from bot.conversation.commands import NAMES
from bot.conversation.menu import AREAS
from bot.delivery.inbox import Inbox
from bot.delivery.lanes import Instance, Lanes, LeasedLanes, LocalLanes
from bot.delivery.model import Platform
from bot.delivery.outbox import Outbox
from bot.delivery.pacing import Pace
from bot.delivery.sender import Sender
from bot.delivery.worker import Worker
from bot.erasure import Erasures, scrub
from bot.health import Health
from bot.jobs import run_jobs
from bot.keys import open_vault
from bot.parts import WebServer, listen_on, run_together, stop_on_signals
from bot.people import Known, People
from bot.processing import Processing
from bot.texts import Texts, load_texts
from core.crypto import Vault
from core.database import Database, SingleProcess, migrate
from core.settings import Settings
from core.web import Section, build_web
from handoff import tickets
from handoff.notifications import Mailer, MailServer
from handoff.pages import case_section
from nlu.model import Engine
from nlu.training import load_engine

log = structlog.get_logger()

TELEGRAM = "telegram"
Progress = Callable[[str], None]


@dataclass
class Application:
    """Everything that runs, built once and closed once."""

    settings: Settings
    database: Database
    vault: Vault
    texts: Texts
    content: Content
    engine: Engine
    inbox: Inbox
    outbox: Outbox
    people: People
    worker: Worker
    sender: Sender
    mailer: Mailer | None
    web: Starlette
    health: Health
    chat: ChatPage | None
    telegram: TelegramChannel | None
    instance: Instance | None
    _background: set[asyncio.Task[None]] = field(default_factory=set)

    async def run(self, parts: frozenset[str], on_ready: Callable[[str], None] = lambda _: None) -> None:
        """Run the chosen parts until SIGTERM or SIGINT, or until one of them cannot go on."""
        stopping = asyncio.Event()
        stop_on_signals(stopping)
        jobs = [("content", self.content.watch(self.database))]
        server: WebServer | None = None
        if "web" in parts:
            listener = listen_on(self.settings.host, self.settings.port)
            server = WebServer(
                uvicorn.Config(
                    self.web,
                    log_config=None,
                    access_log=False,
                    lifespan="off",
                    timeout_graceful_shutdown=5,
                    proxy_headers=bool(self.settings.trusted_proxies),
                    forwarded_allow_ips=self.settings.trusted_proxies or None,
                )
            )
            jobs.append(("web", server.serve(sockets=[listener])))
        if "worker" in parts:
            jobs.append(("worker", self.worker.run()))
        if "sender" in parts:
            jobs.append(("sender", self.sender.run()))
        if "jobs" in parts:
            jobs.append(("retention", run_jobs(self.database, self.people, self.inbox, self.outbox, self.settings)))
            if self.mailer is not None:
                jobs.append(("mail", self.mailer.run()))
        if "telegram" in parts and self.telegram is not None:
            jobs.append((TELEGRAM, self._receive(self.telegram)))
        on_ready(f"http://{self.settings.listen}" if server else "")

        def stop() -> None:
            if self.chat is not None:
                self.chat.closing.set()
            if server is not None:
                server.should_exit = True

        await run_together(jobs, stopping, stop, waits=frozenset({"web"}))

    async def _receive(self, channel: TelegramChannel) -> None:
        await until_reachable(channel.platform.bot)
        setting_up = asyncio.create_task(channel.set_up(self.texts, NAMES))
        self._background.add(setting_up)
        settings = self.settings
        if settings.webhook_secret is None:
            await channel.poll()
            return
        base = settings.webhook_url or (settings.public_url or "").rstrip("/") + "/telegram"
        await channel.announce_webhook(base, settings.webhook_secret.get_secret_value())
        await asyncio.Event().wait()

    def erased(self, known: Known) -> None:
        """After the commit of a deletion."""
        Erasures(erasure_list(self.settings)).note(known.bot, known.lane)
        task = asyncio.create_task(scrub(self.database))
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    async def close(self) -> None:
        """Give everything back."""
        for task in self._background:
            task.cancel()
        await asyncio.gather(*self._background, return_exceptions=True)
        if self.telegram is not None:
            await self.telegram.platform.bot.shutdown()
        if self.instance is not None:
            await self.instance.stop()
        await self.database.close()


def erasure_list(settings: Settings) -> Path:
    """Where deleted pseudonyms are noted: beside the key, which is kept apart from the backups too."""
    return settings.key_file.with_name("deleted-pseudonyms.txt")


def prepare(settings: Settings) -> SingleProcess | None:
    """Before anything is opened: one process per SQLite file, and the schema of this release."""
    lock = SingleProcess(settings.sqlite_path) if settings.sqlite_path else None
    if lock is not None:
        lock.acquire()
    migrate(settings.database_url)
    return lock


async def build_application(
    settings: Settings,
    *,
    progress: Progress = lambda _: None,
    engine: Engine | None = None,
    platforms: dict[str, Platform] | None = None,
) -> Application:
    """Connect everything. The schema must be there (`prepare`); tests hand in an engine or platforms of their own."""
    app: Application
    database = Database(settings.database_url)
    vault = await open_vault(database, settings.key_file)
    inbox, outbox, people = Inbox(vault.transit), Outbox(vault.transit), People(vault)
    # A token of the wrong form is refused before anything that takes long.
    telegram = _telegram(settings, database, inbox, vault, on_stored=lambda: app.worker.wake())
    texts = load_texts()
    progress("Loading answers and services")
    content = await load_content(database, settings, texts)
    progress("Loading the understanding")
    if engine is None:
        engine = await asyncio.to_thread(load_engine, settings.data_folder / "model", progress=progress)
    instance = None if database.is_sqlite else Instance(database)
    if instance is not None:
        await instance.start()

    def lanes(kind: str) -> Lanes:
        return LeasedLanes(database, instance, kind) if instance is not None else LocalLanes()

    processing = Processing(
        database,
        inbox,
        outbox,
        people,
        engine=lambda: app.engine,
        environment=content.environment,
        translators={TELEGRAM: telegram_events.to_arrival, web.BOT: web.to_arrival},
        cases=lambda connection, known: HandoffCases(
            connection, vault, known, takes_cases=known.bot != web.BOT or settings.demo),
        records=lambda connection, known: StoredRecords(connection, vault, people, known),
        on_blocked=tickets.mark_unreachable,
        on_returned=tickets.mark_reachable,
        on_erased=lambda known: app.erased(known),
    )
    worker = Worker(database, inbox, lanes("inbox"), processing, after_commit=lambda: app.sender.wake())
    chat = (
        ChatPage(
            database,
            inbox,
            vault,
            worker.wake,
            operator=settings.operator or "",
            secure=(settings.public_url or "").startswith("https://"),
        )
        if settings.chat_page_on
        else None
    )
    sender = Sender(
        database,
        outbox,
        lanes("outbox"),
        platforms or _platforms(database, vault, telegram),
        {TELEGRAM: Pace(settings.telegram_messages_per_second, settings.telegram_chat_burst)},
        on_unreachable=_unreachable(people),
    )
    health = Health(database, inbox, outbox, telegram)
    desk = case_section(
        database,
        vault,
        OutboxMessenger(people, outbox, content.environment),
        OutboxStates(),
        topic_title=lambda topic, language: _topic_title(content, topic, language),
        retention_days=settings.retention_cases_days,
    )
    app = Application(
        settings,
        database,
        vault,
        texts,
        content,
        engine,
        inbox,
        outbox,
        people,
        worker,
        sender,
        _mailer(settings, database),
        _web(settings, database, desk, health, chat, telegram),
        health,
        chat,
        telegram,
        instance,
    )
    return app


def _mailer(settings: Settings, database: Database) -> Mailer | None:
    if settings.smtp_url is None or settings.mail_from is None:
        return None
    return Mailer(
        database, MailServer.from_url(settings.smtp_url.get_secret_value()), settings.mail_from, settings.public_url
    )


def _topic_title(content: Content, topic: str, language: str) -> str:
    """A topic's title for the desk; the name of the area where the person only chose an area."""
    env = content.environment(TELEGRAM)
    if topic in AREAS:
        return env.texts(f"menu.{topic}", language)
    return content.library.title(topic, language) or topic


def _telegram(
    settings: Settings, database: Database, inbox: Inbox, vault: Vault, on_stored: Callable[[], None]
) -> TelegramChannel | None:
    if settings.telegram_token is None:
        return None
    proxy = settings.proxy.get_secret_value() if settings.proxy else None
    bot = make_bot(settings.telegram_token.get_secret_value(), settings.telegram_api_url, proxy)
    return TelegramChannel(TELEGRAM, TelegramPlatform(bot), database, inbox, vault, on_stored)


def _platforms(database: Database, vault: Vault, telegram: TelegramChannel | None) -> dict[str, Platform]:
    found: dict[str, Platform] = {web.BOT: WebPlatform(database, vault)}
    if telegram is not None:
        found[TELEGRAM] = telegram.platform
    return found


def _unreachable(people: People) -> Callable[[AsyncConnection, str, str], asyncio.Future[None]]:
    async def note(connection: AsyncConnection, bot: str, lane: str) -> None:
        newcomer_id = await people.set_unreachable(connection, bot, lane)
        if newcomer_id is not None:
            await tickets.mark_unreachable(connection, newcomer_id)

    return note  # type: ignore[return-value]


def _web(
    settings: Settings,
    database: Database,
    desk: Section,
    health: Health,
    chat: ChatPage | None,
    telegram: TelegramChannel | None,
) -> Starlette:
    routes: list[BaseRoute] = [Route("/health", health.page), Route("/metrics", health.metrics)]
    exempt = ["/health", "/metrics"]
    if chat is not None:
        routes += chat.routes()
        exempt.append("/chat")
    if telegram is not None and settings.webhook_secret is not None:
        secret = settings.webhook_secret.get_secret_value()
        routes.append(Route("/telegram", telegram.webhook(secret), methods=["POST"]))
        exempt.append("/telegram")
    return build_web(
        database,
        [desk],
        routes=routes,
        public_url=settings.public_url,
        operator=settings.operator or "",
        csrf_exempt=exempt,
        body_limits={"/telegram": LARGEST_UPDATE},
    )


__all__ = ["Application", "build_application", "prepare"]
