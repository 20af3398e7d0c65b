"""Links and QR codes; the master key belongs to its database; the parts of a process."""

from __future__ import annotations

import asyncio
import base64
import os
import socket
import stat
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.conversation.onboarding import read_start
from bot.keys import open_vault
from bot.links import deep_link, write_qr
from bot.parts import PARTS, chosen_parts, listen_on, run_together
from core.database import Database
from core.errors import KeyRefused, LotseError, SettingsError
from tests.factories import TOPICS, environment, library

ENVIRONMENT = environment()
ANSWERED = [topic.id for topic in TOPICS if ENVIRONMENT.library.has_answer(topic.id)]


@given(st.sampled_from(["", "de", "en", "ar"]), st.sampled_from(["", *[town.name for town in ENVIRONMENT.library.towns]]),
       st.sampled_from(["", *ANSWERED]))
@settings(deadline=None)
def test_what_a_link_says_is_what_the_bot_reads(language: str, town: str, topic: str) -> None:
    link = deep_link(ENVIRONMENT.library, "LotseBot", language, town, topic)
    payload = link.partition("?start=")[2]
    assert len(payload) <= 64 and read_start(payload, ENVIRONMENT) == (language, town, topic)


def test_a_link_without_anything_has_no_payload() -> None:
    assert deep_link(library(), "LotseBot", "", "", "") == "https://t.me/LotseBot"


def test_a_town_may_be_given_by_its_slug() -> None:
    assert deep_link(library(), "LotseBot", "ar", "bergisch-gladbach", "").endswith("?start=ar-bergisch-gladbach-")


@pytest.mark.parametrize("bot", ["", "abcd", "a" * 33, "@LotseBot", "1otse", "lotse bot", "lotse-bot", "lötse"])
def test_a_user_name_that_telegram_would_not_take_is_refused(bot: str) -> None:
    with pytest.raises(LotseError, match="user name"):
        deep_link(library(), bot, "", "", "")


@pytest.mark.parametrize("bot", ["Lotse", "a" * 32, "lotse_bot_1"])
def test_a_user_name_of_5_to_32_characters_is_taken(bot: str) -> None:
    assert bot in deep_link(library(), bot, "", "", "")


@pytest.mark.parametrize(("language", "town", "topic", "named"), [
    ("xx", "", "", "xx"), ("", "Atlantis", "", "Atlantis"), ("", "", "no.topic", "no.topic"), ("", "", "housing.search", "housing")])
def test_what_does_not_exist_is_named(language: str, town: str, topic: str, named: str) -> None:
    with pytest.raises(LotseError, match=named):
        deep_link(library(), "LotseBot", language, town, topic)


def test_the_qr_code_is_an_svg_with_the_link_in_it(tmp_path: Path) -> None:
    file = tmp_path / "code.svg"
    write_qr("https://t.me/LotseBot?start=ar--", file)
    root = ET.parse(file).getroot()
    assert root.tag == "{http://www.w3.org/2000/svg}svg" and "https://t.me/LotseBot?start=ar--" in file.read_text()


def test_a_qr_code_that_cannot_be_written_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(LotseError, match=r"\.svg"):
        write_qr("https://t.me/x", tmp_path / "code.png")
    with pytest.raises(LotseError, match="cannot be written"):
        write_qr("https://t.me/x", tmp_path / "missing" / "code.svg")


# --- the master key ---------------------------------------------------------------------------------------------------


async def test_a_key_is_made_with_an_empty_database_and_only_its_owner_can_read_it(database: Database, tmp_path: Path) -> None:
    file = tmp_path / "keys" / "master.key"
    await open_vault(database, file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600 and len(base64.b64decode(file.read_bytes())) == 32


async def test_the_same_key_opens_again(database: Database, tmp_path: Path) -> None:
    first = await open_vault(database, tmp_path / "master.key")
    again = await open_vault(database, tmp_path / "master.key")
    assert again.transit.unseal(first.transit.seal("x")) == "x" and again.pseudonym("a", "b") == first.pseudonym("a", "b")


async def test_a_missing_key_is_refused_and_none_is_made(database: Database, tmp_path: Path) -> None:
    file = tmp_path / "master.key"
    await open_vault(database, file)
    file.unlink()
    with pytest.raises(KeyRefused, match="missing"):
        await open_vault(database, file)
    assert not file.exists()


async def test_the_key_of_another_database_is_refused(database: Database, tmp_path: Path) -> None:
    file = tmp_path / "master.key"
    await open_vault(database, file)
    file.write_bytes(base64.b64encode(os.urandom(32)))
    with pytest.raises(KeyRefused, match="another database"):
        await open_vault(database, file)


@pytest.mark.parametrize("content", [b"", b"x", b"\xff\xfe", base64.b64encode(b"short"), b"=" * 44])
async def test_a_damaged_key_is_refused_and_left_as_it_is(database: Database, tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "master.key"
    await open_vault(database, file)
    file.write_bytes(content)
    with pytest.raises(KeyRefused):
        await open_vault(database, file)
    assert file.read_bytes() == content


async def test_a_key_laid_ready_before_the_first_start_is_taken(database: Database, tmp_path: Path) -> None:
    file = tmp_path / "master.key"
    content = base64.b64encode(os.urandom(32))
    file.write_bytes(content)
    await open_vault(database, file)
    assert file.read_bytes() == content


async def test_a_place_where_no_key_can_be_written_is_a_sentence(database: Database, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(KeyRefused, match="cannot be written"):
        await open_vault(database, tmp_path / "file" / "master.key")


# --- the parts of a process -------------------------------------------------------------------------------------------


def test_all_parts_run_unless_some_are_chosen() -> None:
    assert chosen_parts(None) == chosen_parts("") == frozenset(PARTS)
    assert chosen_parts(" web , worker,") == {"web", "worker"}


@pytest.mark.parametrize("only", ["webb", "web,x", ",", " "])
def test_an_unknown_part_is_refused_with_the_known_ones(only: str) -> None:
    with pytest.raises(SettingsError, match="telegram, worker, sender, web, jobs"):
        chosen_parts(only)


def test_a_taken_port_is_a_sentence() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(LotseError, match="LOTSE_LISTEN"):
            listen_on("127.0.0.1", taken.getsockname()[1])


async def test_when_one_part_fails_all_end_and_its_sentence_is_raised() -> None:
    ended: list[str] = []

    async def stays() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            ended.append("stays")

    async def fails() -> None:
        await asyncio.sleep(0.01)
        raise LotseError("The token is wrong.")

    with pytest.raises(LotseError, match="token is wrong"):
        await run_together([("a", stays()), ("b", fails())], asyncio.Event(), lambda: ended.append("stop"))
    assert ended == ["stop", "stays"]


async def test_a_signal_ends_all_parts_and_waits_for_those_that_end_by_themselves() -> None:
    ended: list[str] = []
    closing = asyncio.Event()

    async def web() -> None:
        await closing.wait()
        await asyncio.sleep(0.05)
        ended.append("web")

    stopping = asyncio.Event()
    asyncio.get_running_loop().call_later(0.02, stopping.set)
    await run_together([("web", web()), ("worker", asyncio.sleep(60))], stopping, closing.set, waits=frozenset({"web"}))
    assert ended == ["web"]
