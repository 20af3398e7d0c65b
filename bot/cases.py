"""The conversation's view of the handoff, and the handoff's view of the conversation: who implements what for whom."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.conversation.ask_person import handed_back, staff_replies
from bot.conversation.environment import Environment
from bot.conversation.model import CaseDraft, CaseRefused, ErasureResult, OpenCase, Person, Reply
from bot.delivery.outbox import Outbox
from bot.people import Known, People
from bot.tables import outbox
from core.crypto import Vault
from handoff import offices, records, tickets
from handoff.errors import ConsentDoesNotFit, OfficeCannotTakeCases

EnvironmentOf = Callable[[str], Environment]


class HandoffCases:
    """`Cases` of the conversation, inside the transaction of one message."""

    def __init__(self, connection: AsyncConnection, vault: Vault, known: Known, *, takes_cases: bool = True) -> None:
        self._connection, self._vault, self._known, self._takes_cases = connection, vault, known, takes_cases

    async def staffed_offices(self) -> frozenset[str]:
        """Ids of the offices that take cases now; none on a channel that is only for trying out."""
        if not self._takes_cases:
            return frozenset()
        return await offices.staffed_offices(self._connection)

    async def open_case(self, person: Person, draft: CaseDraft) -> OpenCase:
        """Consent and ticket in one go."""
        new = tickets.NewTicket(
            newcomer_id=self._known.id,
            office=draft.office,
            carrier=draft.carrier,
            region=draft.region,
            prefix=draft.prefix,
            town=draft.town,
            language=draft.language,
            topic=draft.topic,
            urgent=draft.urgent,
            reasons=draft.reasons,
            consent_wording=draft.consent_wording,
            consent_language=draft.consent_language,
            card=draft.card,
        )
        try:
            opened = await tickets.open_ticket(self._connection, self._vault, new)
        except (OfficeCannotTakeCases, ConsentDoesNotFit):
            raise CaseRefused from None
        return OpenCase(opened.id, opened.number, draft.office)

    async def open_cases(self, person: Person) -> Sequence[OpenCase]:
        """Newest first; the office by its name."""
        found = await tickets.open_tickets_of(self._connection, self._known.id)
        return [
            OpenCase(case.id, case.number, case.office, case.held_until.isoformat() if case.held_until else "")
            for case in found
        ]

    async def add_message(self, case: OpenCase, text: str) -> None:
        """Words of the person for the case manager."""
        await tickets.add_person_message(self._connection, self._vault, case.id, text)

    async def withdraw(self, case: OpenCase) -> None:
        """The person takes the consent back."""
        await tickets.withdraw(self._connection, case.id)


class StoredRecords:
    """`Records` of the conversation: what is stored about the person, to show or to delete."""

    def __init__(self, connection: AsyncConnection, vault: Vault, people: People, known: Known) -> None:
        self._connection, self._vault, self._people, self._known = connection, vault, people, known

    async def export(self, person: Person) -> dict[str, Any]:
        """Profile, dialogue and cases, JSON-ready."""
        cases = await records.export_newcomer(self._connection, self._vault, self._known.id)
        return {
            "profile": {
                "language": person.language,
                "town": person.town,
                "child_age": person.child_age,
                "last_topic": person.last_topic,
                "chat": self._known.address,
            },
            "messages": await self._people.utterances(self._connection, self._known),
            **cases,
        }

    async def erase(self, person: Person) -> ErasureResult:
        """Everything goes, but for what a legal hold keeps."""
        held = await records.erase_newcomer(self._connection, self._known.id)
        await self._people.forget(self._connection, self._known)
        return ErasureResult(tuple((case.number, case.reason, case.until.strftime("%d.%m.%Y")) for case in held))

    async def recent_words(self, person: Person, limit: int = 6) -> list[tuple[str, str]]:
        """The last things said, oldest first."""
        said = await self._people.utterances(self._connection, self._known, last=limit, forms=False)
        return [(item["speaker"], item["text"]) for item in said]


class OutboxMessenger:
    """How a case manager's words reach the newcomer: through the outbox, in the same transaction."""

    def __init__(self, people: People, outgoing: Outbox, environment: EnvironmentOf) -> None:
        self._people, self._outbox, self._environment = people, outgoing, environment

    async def send(
        self, connection: AsyncConnection, newcomer_id: str, text: str, *, office: str, reference: str
    ) -> None:
        """Queue a reply of the office."""
        await self._queue(
            connection, newcomer_id, reference, lambda env, language: staff_replies(env, language, office, text)
        )

    async def hand_back(self, connection: AsyncConnection, newcomer_id: str, *, number: str, office: str) -> None:
        """The case is over: tell the person that the bot answers again."""
        await self._queue(connection, newcomer_id, None, lambda env, language: [handed_back(env, language, number)])

    async def _queue(
        self,
        connection: AsyncConnection,
        newcomer_id: str,
        reference: str | None,
        make: Callable[[Environment, str], list[Reply]],
    ) -> None:
        known = await self._people.by_id(connection, newcomer_id)
        if known is None:
            return
        replies = make(self._environment(known.bot), known.person.language)
        await self._outbox.add(connection, known.bot, known.lane, known.address, replies, reference)


class OutboxStates:
    """What became of messages, by reference; a message the outbox does not know was never handed to it."""

    async def of(self, connection: AsyncConnection, references: Collection[str]) -> dict[str, str]:
        """Reference to waiting, sent, failed or unreachable."""
        rows = await connection.execute(
            sa.select(outbox.c.reference, outbox.c.state).where(outbox.c.reference.in_(list(references)))
        )
        return {row.reference: row.state for row in rows}
