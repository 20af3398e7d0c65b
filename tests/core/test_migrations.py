"""The migrations and the tables of the code say the same, on both databases."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import alembic.autogenerate
import alembic.migration
import pytest
import sqlalchemy as sa

import knowledge.tables  # noqa: F401
from core.database import metadata, migrate, sync_url
from core.errors import DatabaseUnusable
from tests.conftest import MakeDatabase


@pytest.fixture
def url(database_kind: str, make_database: MakeDatabase) -> str:
    return make_database(database_kind)


def schema(url: str) -> dict[str, set[str]]:
    engine = sa.create_engine(sync_url(url))
    try:
        inspector = sa.inspect(engine)
        return {table: {column["name"] for column in inspector.get_columns(table)} for table in inspector.get_table_names()}
    finally:
        engine.dispose()


def test_the_migrations_make_exactly_the_tables_of_the_code(url: str) -> None:
    engine = sa.create_engine(sync_url(url))
    with engine.connect() as connection:
        context = alembic.migration.MigrationContext.configure(connection, opts={"compare_type": True})
        differences = alembic.autogenerate.compare_metadata(context, metadata)
    engine.dispose()
    assert differences == []


def test_migrating_again_changes_nothing(url: str) -> None:
    before = schema(url)
    migrate(url)
    assert schema(url) == before


def test_a_database_of_a_newer_release_is_refused_and_left_as_it_is(url: str) -> None:
    engine = sa.create_engine(sync_url(url))
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    before = schema(url)
    with pytest.raises(DatabaseUnusable, match="newer release"):
        migrate(url)
    with engine.begin() as connection:
        assert connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar() == "9999"
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0001'")
    engine.dispose()
    assert schema(url) == before


@pytest.mark.parametrize("database_kind", ["postgres"], indirect=True)
def test_two_processes_that_start_at_once_both_come_up(url: str) -> None:
    engine = sa.create_engine(sync_url(url))
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP SCHEMA public CASCADE")
        connection.exec_driver_sql("CREATE SCHEMA public")
    engine.dispose()
    code = "import sys; from core.database import migrate; migrate(sys.argv[1])"
    processes = [subprocess.Popen([sys.executable, "-c", code, url], cwd=Path(__file__).parents[2]) for _ in range(2)]
    assert [process.wait(60) for process in processes] == [0, 0]
    assert set(metadata.tables) <= set(schema(url))


def test_a_missing_folder_is_made(tmp_path: Path) -> None:
    migrate(f"sqlite:///{tmp_path}/a/b/lotse.db")
    assert (tmp_path / "a" / "b" / "lotse.db").exists()


@pytest.mark.parametrize("content", [b"this is no database, but long enough to be read as one" * 40, b"x" * 10])
def test_a_file_that_is_no_database_is_a_sentence(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "lotse.db").write_bytes(content)
    with pytest.raises(DatabaseUnusable, match="cannot be opened"):
        migrate(f"sqlite:///{tmp_path}/lotse.db")
    assert (tmp_path / "lotse.db").read_bytes() == content


def test_a_folder_in_the_place_of_the_database_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "lotse.db").mkdir()
    with pytest.raises(DatabaseUnusable):
        migrate(f"sqlite:///{tmp_path}/lotse.db")


def test_a_server_that_does_not_answer_is_a_sentence_without_the_password() -> None:
    with pytest.raises(DatabaseUnusable) as raised:
        migrate("postgresql://lotse:geheim@127.0.0.1:1/lotse")
    assert "geheim" not in str(raised.value)
