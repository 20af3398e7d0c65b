"""E-mails to the office: without content, kept while the mail server is away, sent once it is back."""

from __future__ import annotations

import asyncio
from email import message_from_bytes, policy

from aiosmtpd.controller import Controller
from tgemu import TelegramWorld

from tests.acceptance.conftest import MakeInstallation
from tests.acceptance.support import free_port, heard, send_case, staffed_desk, until


class Postbox:
    """A mail server's memory."""

    def __init__(self) -> None:
        self.mails: list[tuple[str, list[str], bytes]] = []

    async def handle_DATA(self, _server: object, _session: object, envelope: object) -> str:
        """Take a mail."""
        self.mails.append((envelope.mail_from, envelope.rcpt_tos, envelope.content))
        return "250 taken"


async def test_a_mail_waits_for_the_mail_server_and_holds_nothing_of_the_case(
        make_installation: MakeInstallation, world: TelegramWorld) -> None:
    port = free_port()
    lotse = make_installation(world, LOTSE_SMTP_URL=f"smtp://127.0.0.1:{port}", LOTSE_MAIL_FROM="lotse@musterland.example",
                              LOTSE_PUBLIC_URL="http://lotse.musterland.example")
    ada = world.user(first_name="Rosamunde")
    async with lotse.running() as process:
        await ada.start("en-wegberg-school__registration")
        await ada.reply(timeout=60)
        async with await staffed_desk(lotse, "lead@heinsberg.example", "heinsberg", "kim@heinsberg.example"):
            number = await send_case(ada, "en", "I need a school place for my son. Zwetschgenmus")
        await until(lambda: "mail_not_taken" in process.output, "the mail server is away")
        assert lotse.rows("SELECT state, attempts FROM notification") == [("waiting", 1)]
        await ada.command("/help")
        await heard(ada, "help.text", "en")
        # The pause before the next try is half a minute; the test moves the clock of this row instead of waiting.
        with lotse.stored() as connection:
            connection.exec_driver_sql("UPDATE notification SET not_before = NULL")
            connection.commit()
        postbox = Postbox()
        server = Controller(postbox, hostname="127.0.0.1", port=port)
        await asyncio.to_thread(server.start)
        try:
            await until(lambda: postbox.mails, "the mail arrives")
            await until(lambda: lotse.rows("SELECT state FROM notification") == [("sent",)])
        finally:
            await asyncio.to_thread(server.stop)
    sender, receivers, content = postbox.mails[0]
    mail = message_from_bytes(content, policy=policy.default)
    text = mail.get_content() + mail["Subject"]
    assert (sender, receivers, len(postbox.mails)) == ("lotse@musterland.example", ["kim@heinsberg.example"], 1)
    assert "http://lotse.musterland.example/desk" in text
    for secret in ("Zwetschgenmus", "school", "Rosamunde", "Wegberg", number, str(ada.id)):
        assert secret not in content.decode() and secret not in text, f"{secret} stands in the mail"
