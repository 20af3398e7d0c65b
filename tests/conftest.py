"""Fixtures for all tests: settings, keys, a real database of both kinds, the trained understanding."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from core.crypto import Vault
from core.database import Database, migrate, sync_url
from core.settings import Settings, load_settings
from nlu.engine import BuiltinEngine
from nlu.training import fingerprint, load_engine

OF_THE_TESTS = {"LOTSE_PICTURES", "LOTSE_REQUIRE_ALL", "LOTSE_TEST_POSTGRES", "LOTSE_TEST_PATIENCE"}
LOCAL_SERVER = "postgresql://postgres@127.0.0.1:5432/postgres"
REQUIRE_ALL = os.environ.get("LOTSE_REQUIRE_ALL") == "1"

MakeSettings = Callable[..., Settings]
MakeDatabase = Callable[[str], str]


def pytest_configure() -> None:
    """What the developer has set for a bot of their own must not reach the tests."""
    for name in list(os.environ):
        if name.startswith(("LOTSE_", "TELEGRAM_")) and name not in OF_THE_TESTS:
            del os.environ[name]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whatever runs on PostgreSQL carries its mark, also where a parameter decides."""
    for item in items:
        kinds = getattr(getattr(item, "callspec", None), "params", {}).values()
        if "postgres" in kinds:
            item.add_marker(pytest.mark.postgres)


# --- settings and keys ------------------------------------------------------------------------------------------------


@pytest.fixture
def vault() -> Vault:
    """A key of its own for each test."""
    return Vault(secrets.token_bytes(32))


@pytest.fixture
def make_settings(tmp_path: Path) -> MakeSettings:
    """Settings whose files lie in the test's folder; names as in `Settings`."""

    def make(**overrides: object) -> Settings:
        folder = tmp_path / "data"
        values: dict[str, object] = {"database_url": f"sqlite:///{folder / 'lotse.db'}",
                                     "key_file": folder / "master.key", "data_folder": folder}
        return load_settings(_env_file=None, **{**values, **overrides})

    return make


# --- the understanding ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def model_folder(pytestconfig: pytest.Config) -> Path:
    """A folder with the trained understanding, as `data/model`; kept between runs, trained only when something changed."""
    folder = Path(pytestconfig.cache.mkdir("lotse-model"))
    if not (folder / f"understanding-{fingerprint()}.joblib").exists():
        # In a process of its own, so that the memory and the threads of the training do not stay with the tests.
        subprocess.run([sys.executable, "-m", "nlu.training", "--cache", str(folder)], check=True, timeout=600,
                       capture_output=True)
    return folder


@pytest.fixture(scope="session")
def engine(model_folder: Path) -> BuiltinEngine:
    """The trained understanding itself."""
    return load_engine(model_folder)


# --- PostgreSQL -------------------------------------------------------------------------------------------------------


def _answers(url: str) -> bool:
    engine = sa.create_engine(sync_url(url), connect_args={"connect_timeout": 5})
    try:
        with engine.connect():
            return True
    except sa.exc.OperationalError:
        return False
    finally:
        engine.dispose()


def _as_ordinary_user(folder: Path) -> dict[str, object]:
    """PostgreSQL refuses to run as root: there it runs as `postgres`, or as `nobody` where that user is missing."""
    if os.geteuid() != 0:
        return {}
    import pwd

    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            account = pwd.getpwnam(name)
            os.chown(folder, account.pw_uid, account.pw_gid)
            return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
    raise RuntimeError("there is no ordinary user to run PostgreSQL as")


def _own_server(programs: Path, folder: Path) -> tuple[subprocess.Popen[bytes], str]:
    """A server in a folder of its own, on a socket there and on no port."""
    folder.chmod(0o700)
    who = _as_ordinary_user(folder)
    common = {"cwd": folder, "env": {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"}, **who}
    data = folder / "data"
    subprocess.run([programs / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync"],
                   check=True, capture_output=True, timeout=120, **common)
    server = subprocess.Popen(
        [programs / "postgres", "-D", data, "-k", folder, "-c", "listen_addresses=", "-c", "max_connections=200"],
        stdout=subprocess.DEVNULL, stderr=(folder / "log").open("wb"), **common)
    url = f"postgresql://postgres@/postgres?host={folder}"
    end = time.monotonic() + 60
    while not _answers(url):
        if server.poll() is not None or time.monotonic() > end:
            server.kill()
            raise RuntimeError("PostgreSQL did not start:\n" + (folder / "log").read_text()[-2000:])
        time.sleep(0.2)
    return server, url


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The address of a server where databases may be made: the one named or running, else one started here."""
    named = os.environ.get("LOTSE_TEST_POSTGRES")
    if named:
        if not _answers(named):
            pytest.fail("the PostgreSQL server of LOTSE_TEST_POSTGRES does not answer")
        yield named
        return
    if _answers(LOCAL_SERVER):
        yield LOCAL_SERVER
        return
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: int(path.parts[-3]))
    if not installed:
        (pytest.fail if REQUIRE_ALL else pytest.skip)(
            "no PostgreSQL server answers on 127.0.0.1:5432 and none is installed (sudo apt-get install postgresql)")
    folder = Path(tempfile.mkdtemp(prefix="lotse-postgres-"))
    server, url = _own_server(installed[-1].parent, folder)
    try:
        yield url
    finally:
        server.terminate()
        server.wait(30)
        shutil.rmtree(folder, ignore_errors=True)


def _on_server(server: str, *statements: str) -> None:
    engine = sa.create_engine(sync_url(server), isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            for statement in statements:
                connection.exec_driver_sql(statement)
    finally:
        engine.dispose()


def _address_of(server: str, name: str) -> str:
    return sa.make_url(server).set(database=name).render_as_string(hide_password=False)


def _new_name() -> str:
    return f"lotse_test_{secrets.token_hex(6)}"


@pytest.fixture(scope="session")
def postgres_template(postgres_server: str) -> Iterator[str]:
    """The name of a database that holds this release's tables and nothing else."""
    name = _new_name()
    _on_server(postgres_server, f"CREATE DATABASE {name}")
    migrate(_address_of(postgres_server, name))
    yield name
    _on_server(postgres_server, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def fresh_postgres(postgres_server: str, postgres_template: str) -> Iterator[Callable[[], str]]:
    """Makes databases with the tables of this release; all are dropped at the end."""
    made: list[str] = []

    def make() -> str:
        name = _new_name()
        _on_server(postgres_server, f"CREATE DATABASE {name} TEMPLATE {postgres_template}")
        made.append(name)
        return _address_of(postgres_server, name)

    yield make
    _on_server(postgres_server, *(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)" for name in made))


@pytest.fixture(scope="session")
def _postgres_of_session(fresh_postgres: Callable[[], str]) -> str:
    return fresh_postgres()


@pytest.fixture(scope="session")
def _sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("sqlite") / "template.db"
    migrate(f"sqlite:///{file}")
    return file


@pytest.fixture(scope="session")
def make_database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> MakeDatabase:
    """Makes an empty database with this release's tables, by kind (`sqlite`, `postgres`), and returns its address."""

    def make(kind: str) -> str:
        if kind == "postgres":
            return str(request.getfixturevalue("fresh_postgres")())
        file = tmp_path_factory.mktemp("database") / "lotse.db"
        shutil.copyfile(request.getfixturevalue("_sqlite_template"), file)
        return f"sqlite:///{file}"

    return make


@pytest.fixture(params=["sqlite", "postgres"])
def database_kind(request: pytest.FixtureRequest) -> str:
    """Both kinds of database, one after the other."""
    return str(request.param)


@pytest.fixture
async def database(database_kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Database]:
    """An empty database with this release's tables: a SQLite file, then PostgreSQL."""
    if database_kind == "sqlite":
        file = tmp_path / "lotse.db"
        shutil.copyfile(request.getfixturevalue("_sqlite_template"), file)
        database = Database(f"sqlite:///{file}")
    else:
        url = request.getfixturevalue("_postgres_of_session")
        await asyncio.to_thread(_empty, url)
        database = Database(url)
    yield database
    await database.close()


def _empty(url: str) -> None:
    engine = sa.create_engine(sync_url(url))
    try:
        with engine.begin() as connection:
            names = sorted(set(sa.inspect(connection).get_table_names()) - {"alembic_version"})
            connection.exec_driver_sql(f"TRUNCATE {', '.join(names)} RESTART IDENTITY CASCADE")
    finally:
        engine.dispose()
