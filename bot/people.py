"""The newcomers: who is behind a lane, what is remembered, what was said. Everything readable is encrypted."""

from __future__ import annotations

import dataclasses
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.conversation.model import Intake, Person
from bot.tables import inbox, newcomer, outbox, utterance, web_message
from core.clock import now
from core.crypto import DataKey, Vault

FORM = "form"  # utterances that belong to preparing a case


@dataclass(frozen=True)
class Known:
    """A newcomer as loaded: the row's id, the key of their data, the state, and where to write to."""

    id: str
    bot: str
    lane: str
    address: str
    key: DataKey
    person: Person
    unreachable: bool = False


def person_to_json(person: Person) -> dict[str, Any]:
    """Only what differs from a fresh start, so that the stored state stays small."""
    fresh = dataclasses.asdict(Person())
    return {name: value for name, value in dataclasses.asdict(person).items() if value != fresh[name] and name != "id"}


def person_from_json(newcomer_id: str, data: dict[str, Any]) -> Person:
    """The reverse; unknown fields of a later release are ignored."""
    names = {field.name for field in dataclasses.fields(Person)}
    values = {name: value for name, value in data.items() if name in names}
    if values.get("intake"):
        intake_names = {field.name for field in dataclasses.fields(Intake)}
        values["intake"] = Intake(**{k: v for k, v in values["intake"].items() if k in intake_names})
    return Person(**{**values, "id": newcomer_id})


class People:
    """Loads, keeps and forgets newcomers; the caller owns the transaction."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    async def find(self, connection: AsyncConnection, bot: str, lane: str) -> Known | None:
        """The newcomer of a lane, None if they have never written or were deleted."""
        row = (
            await connection.execute(sa.select(newcomer).where(newcomer.c.bot == bot, newcomer.c.lane == lane))
        ).first()
        return self._known(row) if row else None

    async def by_id(self, connection: AsyncConnection, newcomer_id: str) -> Known | None:
        """The newcomer of a ticket."""
        row = (await connection.execute(sa.select(newcomer).where(newcomer.c.id == newcomer_id))).first()
        return self._known(row) if row else None

    def _known(self, row: Any) -> Known:
        key = self._vault.open_data_key(row.data_key)
        return Known(
            row.id,
            row.bot,
            row.lane,
            key.unseal(row.address),
            key,
            person_from_json(row.id, key.unseal(row.state)),
            row.unreachable_at is not None,
        )

    async def create(self, connection: AsyncConnection, bot: str, lane: str, address: str) -> Known:
        """A new newcomer with a data key of their own."""
        wrapped, key = self._vault.new_data_key()
        known = Known(secrets.token_hex(16), bot, lane, address, key, Person())
        known.person.id = known.id
        await connection.execute(
            sa.insert(newcomer).values(
                id=known.id,
                bot=bot,
                lane=lane,
                data_key=wrapped,
                address=key.seal(address),
                state=key.seal({}),
                created_at=now(),
                seen_at=now(),
            )
        )
        return known

    async def keep(self, connection: AsyncConnection, known: Known, at: datetime) -> None:
        """Write the state back; somebody who writes is reachable again."""
        await connection.execute(
            sa.update(newcomer)
            .where(newcomer.c.id == known.id)
            .values(state=known.key.seal(person_to_json(known.person)), seen_at=at, unreachable_at=None)
        )

    async def add_utterances(
        self, connection: AsyncConnection, known: Known, topic: str | None, at: datetime, spoken: list[tuple[str, str]]
    ) -> None:
        """Keep (speaker, text) pairs for /mydata and the card of a case."""
        if spoken:
            await connection.execute(
                sa.insert(utterance),
                [
                    {
                        "newcomer_id": known.id,
                        "speaker": speaker,
                        "text": known.key.encrypt(words.encode()),
                        "topic": topic,
                        "at": at,
                    }
                    for speaker, words in spoken
                ],
            )

    async def utterances(
        self, connection: AsyncConnection, known: Known, last: int | None = None, *, forms: bool = True
    ) -> list[dict[str, Any]]:
        """What was said, oldest first, at most the `last` ones; without `forms` only the conversation itself."""
        query = sa.select(utterance).where(utterance.c.newcomer_id == known.id).order_by(utterance.c.id.desc())
        if not forms:
            query = query.where(sa.or_(utterance.c.topic.is_(None), utterance.c.topic != FORM))
        rows = (await connection.execute(query.limit(last) if last else query)).all()
        return [
            {
                "at": row.at.isoformat(),
                "speaker": row.speaker,
                "topic": row.topic,
                "text": known.key.decrypt(row.text).decode(),
            }
            for row in reversed(rows)
        ]

    async def set_unreachable(self, connection: AsyncConnection, bot: str, lane: str) -> str | None:
        """Note that messages do not arrive any more; returns the newcomer's id."""
        await connection.execute(
            sa.update(newcomer)
            .where(newcomer.c.bot == bot, newcomer.c.lane == lane, newcomer.c.unreachable_at.is_(None))
            .values(unreachable_at=now())
        )
        found: str | None = await connection.scalar(
            sa.select(newcomer.c.id).where(newcomer.c.bot == bot, newcomer.c.lane == lane)
        )
        return found

    async def forget(self, connection: AsyncConnection, known: Known) -> None:
        """Delete the person: profile, key, dialogue, and everything waiting for or from them. Seen update ids stay."""
        await connection.execute(sa.delete(utterance).where(utterance.c.newcomer_id == known.id))
        await connection.execute(sa.delete(newcomer).where(newcomer.c.id == known.id))
        await connection.execute(sa.delete(outbox).where(outbox.c.bot == known.bot, outbox.c.lane == known.lane))
        await connection.execute(sa.delete(web_message).where(web_message.c.lane == known.lane))
        await connection.execute(
            sa.update(inbox)
            .where(inbox.c.bot == known.bot, inbox.c.lane == known.lane, inbox.c.state != "open")
            .values(payload=None, lane="-")
        )

    async def forget_old_dialogues(self, connection: AsyncConnection, days: int, needed: sa.Select[str]) -> int:
        """Retention: dialogues go `days` days after the last message, and the people with them.

        `needed` selects the ids of newcomers who have a case: they stay until the case goes. Returns how many went.
        """
        before = now() - timedelta(days=days)
        old = sa.select(newcomer.c.id).where(newcomer.c.seen_at < before)
        await connection.execute(sa.delete(utterance).where(utterance.c.newcomer_id.in_(old)))
        result = await connection.execute(
            sa.delete(newcomer).where(newcomer.c.seen_at < before, newcomer.c.id.not_in(needed))
        )
        return result.rowcount
