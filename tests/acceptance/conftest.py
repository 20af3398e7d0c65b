"""One running Lotse for all scenes that can share it, and installations of their own for the others."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from tgemu import TelegramWorld, User

from tests.acceptance.support import Installation
from tests.conftest import MakeDatabase

MakeInstallation = Callable[..., Installation]
NewPerson = Callable[..., User]
_ids = itertools.count(700_001)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All scenes run in the event loop in which the shared process and its world live."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@pytest.fixture(scope="session")
def make_installation(make_database: MakeDatabase, model_folder: Path,
                      tmp_path_factory: pytest.TempPathFactory) -> MakeInstallation:
    """Makes an installation: a folder whose model is trained already, and an empty database of the kind."""

    def make(world: TelegramWorld | None = None, kind: str = "sqlite", **env: str) -> Installation:
        folder = tmp_path_factory.mktemp("installation")
        (folder / "data").mkdir()
        (folder / "data" / "model").symlink_to(model_folder)
        return Installation(folder, make_database(kind), world, env)

    return make


def refused_by_mistake(world: TelegramWorld, since: int = 0) -> list[str]:
    """Calls that the emulated server refused without being told to."""
    return [repr(call) for call in world.emu.calls[since:]
            if call.status >= 400 and call.fault is None and call.method.lower() != "getupdates"]


@pytest.fixture(scope="session")
def has_postgres(request: pytest.FixtureRequest) -> bool:
    """Whether there is a server; fails where nothing may be left out."""
    try:
        request.getfixturevalue("postgres_server")
    except pytest.skip.Exception:
        return False
    return True


@pytest_asyncio.fixture(loop_scope="session")
async def world() -> AsyncIterator[TelegramWorld]:
    """Telegram, empty, for one test that starts processes of its own."""
    async with TelegramWorld(webhook_retry_scale=0.1) as tg:
        yield tg
        assert not refused_by_mistake(tg), refused_by_mistake(tg)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def lotse(make_installation: MakeInstallation) -> AsyncIterator[Installation]:
    """A Lotse on SQLite that polls, shared by the scenes; each brings people of its own."""
    async with TelegramWorld() as tg:
        installation = make_installation(tg)
        async with installation.running() as process:
            installation.shared_process = process
            yield installation
            assert process.running, process.tail()


@pytest.fixture
def person(lotse: Installation) -> Iterator[NewPerson]:
    """New people who write to the shared Lotse; afterwards no call of the bot may have been refused."""
    world, process = lotse.world, lotse.shared_process
    assert world is not None and process is not None
    assert process.running, f"an earlier scene has ended the process\n{process.tail()}"
    since = len(world.emu.calls)

    def new(language_code: str | None = "en", first_name: str = "Ada", **more: str) -> User:
        return world.user(next(_ids), language_code=language_code, first_name=first_name, **more)

    yield new
    assert process.running, f"this scene has ended the process\n{process.tail()}"
    assert not refused_by_mistake(world, since), refused_by_mistake(world, since)
