"""A small district with two offices, somebody for every role, and an outbox that only remembers."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

import httpx
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.applications import Starlette

from core.crypto import Vault
from core.database import Database
from core.sessions import find_session, start_session
from core.staff import StaffMember
from handoff.casework import Casework
from handoff.repository import TicketRepository
from handoff.tickets import NewTicket, Opened, open_ticket

ROLES_AND_OFFICES = {
    "anna": ("case_manager", ["hs.kim-erkelenz"]), "lena": ("lead", ["hs.kim-erkelenz"]),
    "kemal": ("case_manager", ["hs.kim-heinsberg"]), "ludwig": ("lead", ["hs.kim-heinsberg"]),
    "edda": ("editor", ["hs.kim-erkelenz"]), "cora": ("coordinator", ["hs.kim-erkelenz"]),
    "aurel": ("auditor", ["hs.kim-erkelenz"]), "otto": ("operator", []),
}


@dataclass(frozen=True)
class DescribedOffice:
    id: str
    name: str
    carrier: str
    towns: tuple[str, ...]
    region: str = "heinsberg"


ERKELENZ = DescribedOffice("hs.kim-erkelenz", "KIM Erkelenz", "Diakonie", ("Erkelenz",))
HEINSBERG = DescribedOffice("hs.kim-heinsberg", "KIM Heinsberg", "Kreis Heinsberg", ("Heinsberg", "Wassenberg"))


@dataclass
class Outbox:
    """Stands for the conversation's side: what reaches the newcomer, and what became of it."""

    sent: list[tuple[str, str, str, str]] = field(default_factory=list)
    handed_back: list[tuple[str, str]] = field(default_factory=list)
    states: dict[str, str] = field(default_factory=dict)

    async def send(self, connection: AsyncConnection, newcomer_id: str, text: str, *, office: str,
                   reference: str) -> None:
        self.sent.append((newcomer_id, text, office, reference))

    async def hand_back(self, connection: AsyncConnection, newcomer_id: str, *, number: str, office: str) -> None:
        self.handed_back.append((newcomer_id, number))

    async def of(self, connection: AsyncConnection, references: Collection[str]) -> dict[str, str]:
        return {name: self.states[name] for name in references if name in self.states}


@dataclass
class District:
    """Two offices, a person for every role, and short ways to do things."""

    database: Database
    vault: Vault
    staff: dict[str, StaffMember]
    outbox: Outbox
    app: Starlette

    @property
    def work(self) -> Casework:
        return Casework(self.vault, self.outbox)

    @property
    def tickets(self) -> TicketRepository:
        return TicketRepository(self.vault, self.outbox)

    def new(self, newcomer: str = "n1", **changes: Any) -> NewTicket:
        values: dict[str, Any] = {
            "newcomer_id": newcomer, "office": ERKELENZ.id, "carrier": ERKELENZ.carrier, "region": "heinsberg",
            "prefix": "HS", "town": "Erkelenz", "language": "ar", "topic": "residence.rejection", "urgent": False,
            "reasons": ("complex_topic",), "consent_wording": "أوافق", "consent_language": "ar",
            "card": {"topic": "Ablehnung", "language": "Arabisch", "interpreter": True, "contact": "call",
                     "phone": "+49 170 0000000", "name": "سامر", "words": "وصلتني رسالة رفض", "bot_language": "ar",
                     "recent": [["person", "رسالة"], ["bot", "التاريخ على الرسالة مهم"]]}}
        return NewTicket(**(values | changes))

    async def open(self, newcomer: str = "n1", **changes: Any) -> Opened:
        async with self.database.transaction() as connection:
            return await open_ticket(connection, self.vault, self.new(newcomer, **changes))

    async def reply(self, ticket_id: str, text: str, seen: int = 10**9, who: str = "anna", form: str | None = None) -> int:
        async with self.database.transaction() as connection:
            return await self.work.reply(connection, self.staff[who], ticket_id, text, seen=seen,
                                         form=form or uuid.uuid4().hex)

    async def note(self, ticket_id: str, text: str) -> int:
        async with self.database.transaction() as connection:
            return await self.work.note(connection, self.staff["anna"], ticket_id, text, form=uuid.uuid4().hex)

    async def close(self, ticket_id: str, outcome: str = "solved") -> None:
        async with self.database.transaction() as connection:
            await self.work.close(connection, self.staff["anna"], ticket_id, outcome, seen=10**9)

    async def rows(self, table: sa.Table) -> list[sa.Row[Any]]:
        async with self.database.reading() as connection:
            return list((await connection.execute(sa.select(table).order_by(*table.primary_key.columns))).all())

    def browser(self) -> httpx.AsyncClient:
        transport = httpx.ASGITransport(self.app, client=("203.0.113.7", 4711))
        return httpx.AsyncClient(transport=transport, base_url="http://desk.test")

    async def signed_in(self, who: str) -> Browser:
        async with self.database.transaction() as connection:
            token = await start_session(connection, self.staff[who].id)
            session = await find_session(connection, token)
        assert session is not None
        client = self.browser()
        client.cookies.set("lotse", token)
        return Browser(client, session.csrf)


@dataclass
class Browser:
    """Somebody who is signed in; forms carry the token."""

    client: httpx.AsyncClient
    csrf: str

    async def get(self, path: str) -> httpx.Response:
        return await self.client.get(path)

    async def post(self, path: str, **fields: str) -> httpx.Response:
        return await self.client.post(path, data={"csrf": self.csrf, **fields})
