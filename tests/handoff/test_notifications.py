import socket
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from email import message_from_bytes

import pytest
import sqlalchemy as sa
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

from core.clock import now
from core.errors import SettingsError
from handoff.notifications import Mailer, MailServer, waiting
from handoff.tables import notification, office


@dataclass
class Postbox:
    """What a real SMTP server on this machine has taken; `refuse` answers with that line instead."""

    port: int
    mails: list = field(default_factory=list)
    refuse: str = ""

    async def handle_DATA(self, server, session, envelope):
        if self.refuse:
            return self.refuse
        self.mails.append((envelope.rcpt_tos, message_from_bytes(envelope.content)))
        return "250 OK"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def smtp_server(port=None, **options):
    box = Postbox(port or free_port())
    controller = Controller(box, hostname="127.0.0.1", port=box.port, **options)
    controller.start()
    try:
        yield box
    finally:
        controller.stop()


def mailer(district, port, public_url="https://lotse.example.org"):
    return Mailer(district.database, MailServer.from_url(f"smtp://127.0.0.1:{port}"), "lotse@example.org", public_url)


async def everything_is_due(district):
    async with district.database.transaction() as connection:
        await connection.execute(sa.update(notification).values(not_before=now() - timedelta(seconds=1)))


async def test_the_office_hears_that_a_case_waits_and_nothing_else(district):
    await district.open(urgent=True)
    with smtp_server() as box:
        assert await mailer(district, box.port).deliver_due() == 1
        assert await mailer(district, box.port).deliver_due() == 0
    ((recipients, mail),) = box.mails
    body = mail.get_payload(decode=True).decode()
    assert recipients == ["erkelenz@example.org"]
    assert mail["Subject"] == "Lotse: Ein Fall wartet"
    assert "https://lotse.example.org/desk" in body
    for word in ("Ablehnung", "residence", "Erkelenz", "Arabisch", "سامر", "رسالة", "HS-", "170", "eilig"):
        assert word not in str(mail["Subject"]) + body


async def test_without_a_public_address_the_mail_names_no_link(district):
    await district.open()
    with smtp_server() as box:
        await mailer(district, box.port, None).deliver_due()
    assert "http" not in box.mails[0][1].get_payload(decode=True).decode()


async def test_a_mail_server_that_is_away_loses_nothing(district):
    await district.open()
    port = free_port()
    assert await mailer(district, port).deliver_due() == 0
    async with district.database.reading() as connection:
        left = await waiting(connection)
    assert (left.number, left.problem) == (1, "SMTPConnectError")
    with smtp_server(port) as box:
        assert await mailer(district, port).deliver_due() == 0, "it waits before it tries again"
        await everything_is_due(district)
        assert await mailer(district, port).deliver_due() == 1
    assert len(box.mails) == 1
    async with district.database.reading() as connection:
        assert (await waiting(connection)).number == 0


async def test_pauses_grow_to_an_hour_while_a_server_refuses(district):
    await district.open()
    pauses = []
    with smtp_server() as box:
        box.refuse = "451 later"
        for _ in range(10):
            await everything_is_due(district)
            await mailer(district, box.port).deliver_due()
            (row,) = await district.rows(notification)
            pauses.append(round((row.not_before - now()).total_seconds(), -1))
    assert row.problem == "SMTPDataError"
    assert pauses == [30, 60, 120, 240, 480, 960, 1920, 3600, 3600, 3600]


async def test_every_try_has_the_same_message_id(district):
    await district.open()
    with smtp_server() as box:
        await mailer(district, box.port).deliver_due()
        async with district.database.transaction() as connection:
            await connection.execute(sa.update(notification).values(state="waiting", not_before=None))
        await mailer(district, box.port).deliver_due()
    assert len({mail["Message-ID"] for _, mail in box.mails}) == 1


async def test_an_office_without_an_address_does_not_hold_up_the_others(district):
    await district.open()
    await district.open(office="hs.kim-heinsberg", carrier="Kreis Heinsberg")
    async with district.database.transaction() as connection:
        await connection.execute(sa.update(office).where(office.c.id == "hs.kim-erkelenz").values(email=None))
    with smtp_server() as box:
        assert await mailer(district, box.port).deliver_due() == 1
    assert box.mails[0][0] == ["heinsberg@example.org"]


async def test_nobody_is_called_to_a_case_that_was_answered_already(district):
    opened = await district.open()
    await district.reply(opened.id, "Guten Tag")
    with smtp_server() as box:
        assert await mailer(district, box.port).deliver_due() == 0


async def test_two_processes_send_one_mail_once(district):
    await district.open()
    with smtp_server() as box:
        first, second = mailer(district, box.port), mailer(district, box.port)
        taken = await first._claim()
        assert await second.deliver_due() == 0
        assert len(taken) == 1


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
async def test_user_and_password_are_used(district):
    await district.open()
    seen = []

    def check(server, session, envelope, mechanism, data):
        seen.append((data.login, data.password))
        return AuthResult(success=True)

    with smtp_server(authenticator=check, auth_required=True, auth_require_tls=False) as box:
        server = MailServer.from_url(f"smtp://post%40example.org:p%40ss@127.0.0.1:{box.port}")
        assert await Mailer(district.database, server, "lotse@example.org", None).deliver_due() == 1
    assert seen == [(b"post@example.org", b"p@ss")]


@pytest.mark.parametrize(("url", "expected"), [
    ("smtp://mail.example.org", ("mail.example.org", 25, False, None)),
    ("smtp://a:b@mail.example.org", ("mail.example.org", 587, False, True)),
    ("smtp://a:b@mail.example.org:2525?starttls=no", ("mail.example.org", 2525, False, False)),
    ("smtps://a:b@mail.example.org", ("mail.example.org", 465, True, False)),
    ("smtp://a:b@localhost", ("localhost", 587, False, None)),
])
def test_addresses_of_mail_servers(url, expected):
    server = MailServer.from_url(url)
    assert (server.host, server.port, server.use_tls, server.start_tls) == expected


@pytest.mark.parametrize("url", ["mail.example.org", "http://mail.example.org", "smtp://", "smtp://host:port"])
def test_an_address_that_is_none_is_refused_by_name(url):
    with pytest.raises(SettingsError, match="LOTSE_SMTP_URL"):
        MailServer.from_url(url)
