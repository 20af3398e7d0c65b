"""What `lotse run` refuses to start with, and says why: one sentence, exit status 1, nothing changed."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import socket
from pathlib import Path

import pytest

from core.crypto import create_key_file
from knowledge.files import CONTENT
from tests.acceptance.conftest import MakeInstallation
from tests.acceptance.support import Installation


async def refused(lotse: Installation, *sentence: str, status: int = 1, env: dict[str, str] | None = None) -> str:
    """Run; it must end by itself with a sentence and without a crash report."""
    done = await lotse.command("run", env=env)
    assert done.status == status, done.words
    assert "Traceback" not in done.error and "Lotse is running" not in done.error, done.error
    for words in sentence:
        assert words in done.words, done.words
    return done.words


async def test_a_second_process_on_one_sqlite_file_refuses_and_the_other_commands_work(make_installation: MakeInstallation) -> None:
    lotse = make_installation()
    async with lotse.running() as process:
        await refused(lotse, "Lotse already runs on this database file")
        assert (await lotse.command("staff", "list")).status == 0
        assert (await lotse.command("tickets")).words == "There are no cases."
        assert process.running
        assert await process.stop() == 0, process.tail()
    async with lotse.running():
        pass


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
async def test_a_database_of_a_newer_version_is_refused(make_installation: MakeInstallation, kind: str) -> None:
    lotse = make_installation(kind=kind)
    with lotse.stored() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()
    await refused(lotse, "This database was written by a newer release of Lotse.")
    assert lotse.rows("SELECT version_num FROM alembic_version")[0][0] == "9999"


async def test_a_missing_wrong_or_damaged_key_is_refused_and_the_right_one_works_again(make_installation: MakeInstallation) -> None:
    lotse = make_installation()
    async with lotse.running():
        pass
    key = lotse.folder / "data" / "master.key"
    assert key.stat().st_mode & 0o777 == 0o600
    right = key.read_bytes()
    key.unlink()
    await refused(lotse, "The master key data/master.key is missing")
    assert not key.exists(), "no new key is made for a database that has one"
    create_key_file(key)
    await refused(lotse, "belongs to another database")
    key.write_bytes(b"not a key\n")
    await refused(lotse, "damaged")
    key.write_bytes(right)
    async with lotse.running():
        pass


@pytest.mark.parametrize("path", ["/dev/null/lotse/lotse.db", "/proc/lotse.db"], ids=["cannot be made", "cannot be written"])
async def test_a_data_folder_that_cannot_be_used_is_named(make_installation: MakeInstallation, path: str) -> None:
    lotse = make_installation()
    lotse.database_url = f"sqlite:///{path}"
    await refused(lotse, "The data folder", str(Path(path).parent))


async def test_a_missing_data_folder_is_made(make_installation: MakeInstallation, model_folder: Path) -> None:
    lotse = make_installation()
    lotse.database_url = f"sqlite:///{lotse.folder / 'new' / 'deep' / 'lotse.db'}"
    async with lotse.running():
        assert (lotse.folder / "new" / "deep" / "lotse.db").exists()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
async def test_a_folder_without_the_right_to_write_is_named(make_installation: MakeInstallation) -> None:
    lotse = make_installation()
    locked = lotse.folder / "locked"
    locked.mkdir(mode=0o500)
    lotse.database_url = f"sqlite:///{locked / 'lotse.db'}"
    await refused(lotse, "cannot be written", str(locked))


MISTAKES = [
    ("answers/school.documents/de.md", "\nas_of:", "\nas_of: yesterday\nignored:"),
    ("regions/heinsberg.yml", "  carrier: Kreis Heinsberg", "  carier: Kreis Heinsberg"),
    ("regions/meerbusch.yml", "\nregion: meerbusch", "\nregion: [meerbusch"),
]


async def test_mistakes_in_content_files_stop_the_start_naming_file_and_line(make_installation: MakeInstallation) -> None:
    lotse = make_installation()
    content = lotse.folder / "content"
    shutil.copytree(CONTENT, content)
    for file, old, new in MISTAKES:
        text = (content / file).read_text(encoding="utf-8")
        assert old in text
        (content / file).write_text(text.replace(old, new, 1), encoding="utf-8")
    started, checked = await asyncio.gather(
        lotse.command("run", env={"LOTSE_CONTENT": str(content)}),
        lotse.command("content", "check", env={"LOTSE_CONTENT": str(content)}))
    for done in (started, checked):
        assert done.status == 1 and "Traceback" not in done.error, done.error
        for file, _, _ in MISTAKES:
            assert re.search(re.escape(file) + r":\d+: ", done.words), (file, done.words)


async def test_a_port_in_use_is_named(make_installation: MakeInstallation) -> None:
    lotse = make_installation()
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", lotse.port))
        other.listen()
        await refused(lotse, f"Lotse cannot listen on 127.0.0.1:{lotse.port}", "LOTSE_LISTEN")


WRONG = {
    "LOTSE_LISTEN": "8080", "LOTSE_DATABASE_URL": "mysql://x", "LOTSE_WEBHOOK_SECRET": "not allowed!", "LOTSE_NLU": "magic",
    "LOTSE_RETENTION_DIALOGUE_DAYS": "0", "LOTSE_TELEGRAM_CHAT_BURST": "many"}


async def test_settings_that_cannot_be_used_are_named(make_installation: MakeInstallation) -> None:
    lotse = make_installation()
    said = await refused(lotse, *WRONG, env=WRONG)
    assert "not allowed!" not in said, "a secret is not shown"
    await refused(lotse, "LOTSE_SMTP_URL", env={"LOTSE_SMTP_URL": "http://mail", "LOTSE_MAIL_FROM": "lotse@musterland.example"})


async def test_a_database_server_that_is_away_is_named(make_installation: MakeInstallation) -> None:
    lotse = make_installation()
    lotse.database_url = "postgresql://lotse:Geheimwort@127.0.0.1:1/lotse"
    said = await refused(lotse, "The database cannot be opened")
    assert "Geheimwort" not in said


async def test_wrong_usage_ends_with_status_two(make_installation: MakeInstallation) -> None:
    lotse = make_installation()
    assert (await lotse.command("run", "--nonsense")).status == 2
    assert (await lotse.command("ask")).status == 2
    done = await lotse.command("run", "--only", "telegram,magic")
    assert done.status == 1 and "magic" in done.words and "telegram, worker, sender, web, jobs" in done.words


async def test_without_a_token_the_chat_page_is_served_and_said(make_installation: MakeInstallation) -> None:
    lotse = make_installation()
    async with lotse.running() as process:
        assert "running without Telegram" in process.output
        assert f"{lotse.base}/chat" in process.output
