"""One update from the inbox to its replies in the outbox: understood first, then decided in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from bot import counters
from bot.channels.model import Arrival, Translator
from bot.channels.web import forget_words
from bot.conversation.environment import Environment
from bot.conversation.model import Cases, Count, Event, Person, Records, Reply, Turn
from bot.conversation.router import converse, needs_understanding
from bot.conversation.say import language_of
from bot.delivery.inbox import Inbox
from bot.delivery.model import InboxRow
from bot.delivery.outbox import Outbox
from bot.people import FORM, Known, People
from core.clock import now
from core.database import Database
from core.languages import from_profile, is_rtl
from core.markdown import to_plain
from nlu.model import Engine, Understanding

log = structlog.get_logger()

CasesFactory = Callable[[AsyncConnection, Known], Cases]
RecordsFactory = Callable[[AsyncConnection, Known], Records]
BlockedHook = Callable[[AsyncConnection, str], Any]
ErasedHook = Callable[[Known], None]


@dataclass(frozen=True)
class Prepared:
    """What is known about an update before its transaction begins."""

    arrival: Arrival | None
    understanding: Understanding | None


def understand(engine: Engine, env: Environment, event: Event, person: Person | None) -> Understanding | None:
    """Read the words of an event against what the conversation is about; None where there are none."""
    if not needs_understanding(event):
        return None
    language = person.language if person and person.language else from_profile(event.profile_language)
    return engine.understand(event.text, language=language, last_topic=(person.last_topic or None) if person else None)


class Processing:
    """The worker's handler."""

    def __init__(
        self,
        database: Database,
        inbox: Inbox,
        outbox: Outbox,
        people: People,
        engine: Callable[[], Engine],
        environment: Callable[[str], Environment],
        translators: Mapping[str, Translator],
        cases: CasesFactory,
        records: RecordsFactory,
        on_blocked: BlockedHook,
        on_returned: BlockedHook,
        on_erased: ErasedHook,
    ) -> None:
        self._database, self._inbox, self._outbox, self._people = database, inbox, outbox, people
        self._engine, self._environment, self._translators = engine, environment, translators
        self._cases, self._records, self._on_blocked = cases, records, on_blocked
        self._on_returned, self._on_erased = on_returned, on_erased

    async def prepare(self, row: InboxRow) -> Prepared:
        """Translate and understand; a malformed update raises here and is tried again, then parked."""
        arrival = self._translators[row.bot](self._inbox.open(row))
        if arrival is None or not needs_understanding(arrival.event):
            return Prepared(arrival, None)
        async with self._database.reading() as connection:
            known = await self._people.find(connection, row.bot, row.lane)
        person = known.person if known else None
        return Prepared(arrival, understand(self._engine(), self._environment(row.bot), arrival.event, person))

    async def decide(self, connection: AsyncConnection, row: InboxRow, prepared: Prepared) -> Callable[[], None] | None:
        """Run the conversation and write everything it decided."""
        arrival = prepared.arrival
        if arrival is None:
            return None
        if arrival.event.kind == "blocked":
            await self._blocked(connection, row)
            return None
        known = await self._people.find(connection, row.bot, row.lane)
        if known is None:
            known = await self._people.create(connection, row.bot, row.lane, arrival.address)
        elif known.unreachable:
            await self._on_returned(connection, known.id)
        env = self._environment(row.bot)
        turn = Turn(
            arrival.event, known.person, now(), self._cases(connection, known), self._records(connection, known)
        )
        await converse(turn, env, prepared.understanding)
        await self._write(connection, row, known, turn, env)
        if arrival.kept is not None and turn.report.get("action") == "safety":
            await forget_words(connection, arrival.kept)
        return (lambda: self._on_erased(known)) if turn.erased else None

    async def _write(
        self, connection: AsyncConnection, row: InboxRow, known: Known, turn: Turn, env: Environment
    ) -> None:
        language = language_of(turn.person, env)
        if not turn.erased:
            await self._people.keep(connection, known, turn.at)
            if turn.keep_words:
                await self._people.add_utterances(connection, known, topic_of(turn), turn.at, spoken(turn))
        await self._outbox.add(connection, row.bot, row.lane, known.address, turn.replies)
        counts = [*turn.counts, Count("question")] if turn.event.kind == "text" else turn.counts
        await counters.add(connection, counts, language, turn.person.town)

    async def _blocked(self, connection: AsyncConnection, row: InboxRow) -> None:
        await self._outbox.give_up_lane(connection, row.bot, row.lane)
        newcomer_id = await self._people.set_unreachable(connection, row.bot, row.lane)
        if newcomer_id:
            await self._on_blocked(connection, newcomer_id)

    async def apologise(self, connection: AsyncConnection, row: InboxRow) -> None:
        """One sentence in the person's language; nothing where not even the chat is known."""
        env = self._environment(row.bot)
        known = await self._people.find(connection, row.bot, row.lane)
        if known is not None:
            address, language = known.address, language_of(known.person, env)
        elif (arrival := self._translated(row)) is not None and arrival.event.kind not in {"blocked", "unblocked"}:
            address = arrival.address
            language = env.language_or_fallback(from_profile(arrival.event.profile_language) or "")
        else:
            return
        await self._outbox.add(
            connection, row.bot, row.lane, address, [Reply(env.texts("error.sorry", language), rtl=is_rtl(language))]
        )

    def _translated(self, row: InboxRow) -> Arrival | None:
        try:
            return self._translators[row.bot](self._inbox.open(row))
        except Exception:  # malformed: that may be why there is something to apologise for
            log.info("update cannot be read", row=row.id)
            return None


def topic_of(turn: Turn) -> str | None:
    """What an exchange is filed under: its topic, or the form it belongs to."""
    return FORM if turn.in_form else turn.report.get("topic")


def spoken(turn: Turn) -> list[tuple[str, str]]:
    """Both sides of one exchange as plain text, for the record."""
    said = [("person", turn.event.text)] if turn.event.kind in {"text", "edited"} and turn.event.text else []
    return said + [("bot", to_plain(reply.markdown)) for reply in turn.replies]
