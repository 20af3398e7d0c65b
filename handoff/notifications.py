"""E-mails to the offices: that a case waits, and nothing about it. They wait in the database until one is taken."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.message import EmailMessage
from urllib.parse import parse_qs, unquote, urlsplit

import aiosmtplib
import sqlalchemy as sa
import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from core.clock import now
from core.database import Database
from core.errors import SettingsError
from handoff.tables import notification, office

_log = structlog.get_logger(__name__)
_LEASE = timedelta(minutes=5)  # another process leaves a mail alone while this one tries
_FIRST_PAUSE, _LONGEST_PAUSE = timedelta(seconds=30), timedelta(hours=1)
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}

_SUBJECTS = {"case": "Lotse: Ein Fall wartet", "message": "Lotse: Eine Nachricht wartet"}
_BODY = """Guten Tag,

{what}

{where}

Aus Gründen des Datenschutzes steht in dieser E-Mail nichts über den Inhalt.
Bitte antworten Sie nicht auf diese E-Mail.
"""
_WHAT = {"case": "auf Ihrem Lotse-Arbeitsplatz wartet ein Fall auf Ihre Stelle.",
         "message": "auf Ihrem Lotse-Arbeitsplatz wartet eine neue Nachricht zu einem Fall Ihrer Stelle."}


@dataclass(frozen=True)
class MailServer:
    """A mail server out of LOTSE_SMTP_URL. `start_tls` None: encrypt where the server can."""

    host: str
    port: int
    use_tls: bool
    start_tls: bool | None
    username: str | None
    password: str | None

    @classmethod
    def from_url(cls, url: str) -> MailServer:
        """`smtp://user:pass@host:587`, `smtps://...`; `?starttls=no` for a server without. SettingsError otherwise.

        With a password, STARTTLS is a must unless the server is this machine.
        """
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            raise SettingsError("LOTSE_SMTP_URL: must look like smtp://user:password@mail.example.org:587") from None
        if parts.scheme not in {"smtp", "smtps"} or not parts.hostname:
            raise SettingsError("LOTSE_SMTP_URL: must begin with smtp:// or smtps:// and name a server")
        use_tls = parts.scheme == "smtps"
        start_tls: bool | None = True if parts.username and parts.hostname not in _LOOPBACK else None
        if use_tls or parse_qs(parts.query).get("starttls") == ["no"]:
            start_tls = False
        return cls(parts.hostname, port or (465 if use_tls else 587 if parts.username else 25), use_tls, start_tls,
                   unquote(parts.username) if parts.username else None,
                   unquote(parts.password) if parts.password else None)

    def client(self) -> aiosmtplib.SMTP:
        """A connection to be opened with `async with`."""
        return aiosmtplib.SMTP(hostname=self.host, port=self.port, use_tls=self.use_tls, start_tls=self.start_tls,
                               username=self.username, password=self.password, timeout=30)


@dataclass(frozen=True)
class Waiting:
    """E-mails that no server has taken yet. `problem` is the type of the last error."""

    number: int
    oldest: datetime | None
    problem: str | None


async def waiting(connection: AsyncConnection) -> Waiting:
    """For `lotse doctor`."""
    query = sa.select(sa.func.count(), sa.func.min(notification.c.created_at))
    number, oldest = (await connection.execute(query.where(notification.c.state == "waiting"))).one()
    problem = await connection.scalar(
        sa.select(notification.c.problem).where(notification.c.state == "waiting", notification.c.problem.is_not(None))
        .order_by(notification.c.id.desc()).limit(1))
    return Waiting(number, oldest, problem)


@dataclass(frozen=True)
class _Due:
    id: int
    what: str
    attempts: int
    office_id: str


class Mailer:
    """Hands waiting notifications to the mail server. Each is tried until it is taken; the pauses grow to an hour."""

    def __init__(self, database: Database, server: MailServer, sender: str, public_url: str | None, *,
                 every: float = 5) -> None:
        self._database, self._server, self._sender, self._every = database, server, sender, every
        self._desk = public_url.rstrip("/") + "/desk" if public_url else None

    async def run(self) -> None:
        """Look every few seconds, until cancelled. The database being away is no reason to stop."""
        while True:
            try:
                await self.deliver_due()
            except (SQLAlchemyError, OSError) as error:
                _log.warning("mail_round_failed", error=type(error).__name__)
            await asyncio.sleep(self._every)

    async def deliver_due(self) -> int:
        """One round: everything that is due; returns how many the server took."""
        rows = await self._claim()
        if not rows:
            return 0
        sent = 0
        async with contextlib.AsyncExitStack() as stack:
            try:
                client = await stack.enter_async_context(self._server.client())
            except (aiosmtplib.SMTPException, OSError) as error:
                for row in rows:
                    await self._failed(row, type(error).__name__)
                return 0
            for row in rows:
                sent += await self._deliver(client, row)
        return sent

    async def _claim(self) -> list[_Due]:
        at = now()
        due = (sa.select(notification.c.id, notification.c.what, notification.c.attempts, notification.c.office_id)
               .where(notification.c.state == "waiting",
                      sa.or_(notification.c.not_before.is_(None), notification.c.not_before <= at))
               .order_by(notification.c.id).limit(20))
        async with self._database.reading() as connection:  # most rounds find nothing and need no write lock
            if (await connection.execute(due)).first() is None:
                return []
        async with self._database.transaction() as connection:
            rows = [_Due(*row) for row in await connection.execute(due.with_for_update(skip_locked=True))]
            await connection.execute(sa.update(notification).where(notification.c.id.in_([row.id for row in rows]))
                                     .values(not_before=at + _LEASE))
            return rows

    async def _deliver(self, client: aiosmtplib.SMTP, row: _Due) -> bool:
        async with self._database.reading() as connection:
            address = await connection.scalar(sa.select(office.c.email).where(office.c.id == row.office_id))
        if not address:
            await self._failed(row, "NoAddress")
            return False
        try:
            if not client.is_connected:
                await client.connect()
            await client.send_message(self._message(row, address))
        except (aiosmtplib.SMTPException, OSError) as error:
            await self._failed(row, type(error).__name__)
            return False
        async with self._database.transaction() as connection:
            await connection.execute(sa.update(notification).where(notification.c.id == row.id).values(
                state="sent", sent_at=now(), attempts=row.attempts + 1, problem=None))
        return True

    async def _failed(self, row: _Due, problem: str) -> None:
        pause = min(_FIRST_PAUSE * 2 ** min(row.attempts, 12), _LONGEST_PAUSE)
        _log.warning("mail_not_taken", notification=row.id, attempts=row.attempts + 1, error=problem)
        async with self._database.transaction() as connection:
            await connection.execute(sa.update(notification).where(notification.c.id == row.id).values(
                attempts=row.attempts + 1, not_before=now() + pause, problem=problem))

    def _message(self, row: _Due, address: str) -> EmailMessage:
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = self._sender, address, _SUBJECTS[row.what]
        message["Date"] = now()
        # The same id at every try: a server that took it without our noticing can drop the second one.
        message["Message-ID"] = f"<lotse-notification-{row.id}@{self._sender.rpartition('@')[2].strip('<> ')}>"
        message["Auto-Submitted"] = "auto-generated"
        where = f"Zum Arbeitsplatz: {self._desk}" if self._desk else "Bitte melden Sie sich am Arbeitsplatz an."
        message.set_content(_BODY.format(what=_WHAT[row.what], where=where))
        return message
