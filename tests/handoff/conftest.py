"""Real databases, real encryption, and a small district for the tests of cases and desk."""

from __future__ import annotations

import os
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa

import handoff.tables  # noqa: F401 - its tables belong to the metadata
from core.crypto import Vault
from core.database import Database, metadata
from core.staff import add_staff, find_staff
from core.web import build_web
from handoff.offices import activate_office, sync_offices
from handoff.pages import case_section
from tests.handoff.desk_samples import ERKELENZ, HEINSBERG, ROLES_AND_OFFICES, District, Outbox


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A PostgreSQL database of our own, dropped at the end."""
    name = f"lotse_handoff_{uuid.uuid4().hex[:12]}"
    server = "postgresql://postgres@127.0.0.1:5432/"
    try:
        with psycopg.connect(server + "test", autocommit=True, connect_timeout=3) as connection:
            connection.execute(f'CREATE DATABASE "{name}"')
    except psycopg.OperationalError as error:
        if os.environ.get("LOTSE_REQUIRE_ALL") == "1":
            raise
        pytest.skip(f"no PostgreSQL server at 127.0.0.1:5432: {type(error).__name__}")
    yield server + name
    with psycopg.connect(server + "test", autocommit=True) as connection:
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
async def database(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Database]:
    url = f"sqlite:///{tmp_path}/lotse.db" if request.param == "sqlite" else request.getfixturevalue("postgres_url")
    opened = Database(url)
    async with opened.engine.begin() as connection:
        await connection.run_sync(metadata.create_all)
        if request.param == "postgres":
            tables = ", ".join(f'"{table.name}"' for table in metadata.sorted_tables)
            await connection.execute(sa.text(f"TRUNCATE {tables} RESTART IDENTITY CASCADE"))
    yield opened
    await opened.close()


@pytest.fixture
def vault() -> Vault:
    return Vault(bytes(range(32)))


@pytest.fixture
async def district(database: Database, vault: Vault) -> District:
    async with database.transaction() as connection:
        await sync_offices(connection, [ERKELENZ, HEINSBERG])
        staff = {}
        for login, (role, offices) in ROLES_AND_OFFICES.items():
            member = await find_staff(connection, await add_staff(connection, login, login.title(), role, offices, None))
            assert member is not None
            staff[login] = member
        await activate_office(connection, ERKELENZ.id, "erkelenz@example.org")
        await activate_office(connection, HEINSBERG.id, "heinsberg@example.org")
    outbox = Outbox()
    titles = {"residence.rejection": "Ablehnung"}
    section = case_section(database, vault, outbox, outbox, topic_title=lambda topic, _: titles.get(topic, topic))
    app = build_web(database, [section], operator="Kreis Beispiel")
    return District(database, vault, staff, outbox, app)
