"""Figures for a watchdog, and the content in use."""

from __future__ import annotations

import asyncio
from pathlib import Path

import httpx
import pytest
from sqlalchemy.exc import OperationalError
from starlette.applications import Starlette
from starlette.routing import Route

from bot import counters
from bot.content import load_content, operator_of
from bot.conversation.model import Count, Reply
from bot.delivery.inbox import Inbox
from bot.delivery.model import Received
from bot.delivery.outbox import Outbox
from bot.health import Health
from bot.texts import load_texts
from core.crypto import Vault
from core.database import Database
from core.errors import ContentError
from knowledge.loading import import_files
from tests.conftest import MakeSettings


@pytest.fixture
def health(database: Database, vault: Vault) -> Health:
    return Health(database, Inbox(vault.transit), Outbox(vault.transit), None)


def client(health: Health) -> httpx.AsyncClient:
    app = Starlette(routes=[Route("/health", health.page), Route("/metrics", health.metrics)])
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://test")


async def test_health_tells_what_waits_and_for_how_long(health: Health, database: Database, vault: Vault) -> None:
    async with database.transaction() as connection:
        await Inbox(vault.transit).store(connection, [Received("t", "1", "a", {})])
        await Outbox(vault.transit).add(connection, "t", "a", "1", [Reply("x"), Reply("y")])
        await counters.add(connection, [Count("answered", "x")], "de", "")
    async with client(health) as http:
        state = (await http.get("/health")).json()
    assert state["ok"] and state["database"] and state["telegram"] is None
    assert (state["inbox_waiting"], state["outbox_waiting"], state["dead_letters"], state["answered_count"]) == (1, 2, 0, 1)
    assert 0 <= state["inbox_oldest_seconds"] < 60


async def test_health_is_503_while_the_database_is_away(health: Health, monkeypatch: pytest.MonkeyPatch) -> None:
    async def away() -> dict[str, float]:
        raise OperationalError("x", {}, Exception("gone"))

    monkeypatch.setattr(health, "figures", away)
    async with client(health) as http:
        response = await http.get("/health")
    assert response.status_code == 503 and response.json()["ok"] is False


async def test_metrics_are_in_the_format_of_prometheus(health: Health) -> None:
    async with client(health) as http:
        text = (await http.get("/metrics")).text
    assert "lotse_inbox_waiting 0.0" in text and "# TYPE lotse_dead_letters gauge" in text


async def test_the_content_of_the_release_is_loaded_and_a_published_change_is_seen(
        database: Database, make_settings: MakeSettings, tmp_path: Path) -> None:
    from knowledge.loading import export_files

    settings = make_settings(operator="Kreis Test")
    content = await load_content(database, settings, load_texts())
    assert content.library.has_answer("school.registration") and content.library.town("Wegberg")
    assert await content.refresh(database) is False
    async with database.reading() as connection:
        await export_files(connection, tmp_path / "out")
    file = tmp_path / "out" / "answers" / "school.registration" / "de.md"
    answer = content.library.answer("school.registration", "de")
    assert answer is not None
    file.write_text(file.read_text("utf-8").replace(answer.title, "Neuer Titel", 1), "utf-8")
    async with database.transaction() as connection:
        await import_files(connection, tmp_path / "out")
    before = content.environment("telegram")
    assert await content.refresh(database) is True
    assert content.environment("telegram").library.title("school.registration", "de") == "Neuer Titel"
    assert before.library.title("school.registration", "de") == answer.title, "a running conversation keeps its view"


async def test_on_the_chat_page_and_in_the_terminal_telegram_does_not_carry(database: Database, make_settings: MakeSettings) -> None:
    content = await load_content(database, make_settings(), load_texts())
    assert content.environment("telegram").carries_telegram
    assert not content.environment("web").carries_telegram and not content.environment("terminal").carries_telegram


async def test_a_mistake_in_the_content_refuses_the_start_with_file_and_line(
        database: Database, make_settings: MakeSettings, tmp_path: Path) -> None:
    file = tmp_path / "content" / "answers" / "school.documents" / "de.md"
    file.parent.mkdir(parents=True)
    file.write_text("---\ntopic: school.documents\n---\n")
    with pytest.raises(ContentError, match=r"school\.documents/de\.md:"):
        await load_content(database, make_settings(content_folder=tmp_path / "content"), load_texts())


def test_the_retention_settings_feed_the_privacy_text(make_settings: MakeSettings) -> None:
    operator = operator_of(make_settings(retention_dialogue_days=11, retention_cases_days=22, retention_access_days=33))
    assert (operator.dialogue_days, operator.cases_days, operator.access_days) == (11, 22, 33)


async def test_looking_for_changes_survives_a_database_that_is_away(
        database: Database, make_settings: MakeSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    from bot import content as module
    content = await load_content(database, make_settings(), load_texts())
    looked = 0

    async def away(_database: Database) -> bool:
        nonlocal looked
        looked += 1
        raise OperationalError("x", {}, Exception("gone"))

    monkeypatch.setattr(module, "LOOK_SECONDS", 0.01)
    monkeypatch.setattr(content, "refresh", away)
    watching = asyncio.create_task(content.watch(database))
    await asyncio.sleep(0.2)
    assert not watching.done() and looked > 2
    watching.cancel()
    await asyncio.gather(watching, return_exceptions=True)
