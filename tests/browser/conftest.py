"""Lotse as a process of its own on a free port, the system's Chromium, and people who use both.

Playwright's event loop stays with the thread while it runs, and the rest of the tests has loops of its own: so the
browser lives for one module, and what lives longer (the process) knows nothing of it.
"""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, sync_playwright
from sqlalchemy.ext.asyncio import AsyncConnection

from core.database import Database
from core.sessions import create_signin_link
from core.staff import find_by_login
from handoff.offices import activate_office
from tests.browser.people import CaseManager, Newcomer, watch

REQUIRE_ALL = os.environ.get("LOTSE_REQUIRE_ALL") == "1"
START_SECONDS = 120  # the understanding may have to be trained first
STEP_MS = 15_000
CHROMIUM = ("chromium", "chromium-browser")
SWITCHES = ["--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
            "--disable-component-update", "--disable-sync"]
LEAD, OFFICE, OTHER_OFFICE = "lead@example.org", "heinsberg", "bergkamen"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder carries the mark of the browser."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


# --- Lotse ------------------------------------------------------------------------------------------------------------


@dataclass
class Lotse:
    """A running `lotse run` or `lotse demo`."""

    folder: Path
    port: int
    process: subprocess.Popen[bytes] = field(init=False)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text(encoding="utf-8")

    def environment(self) -> dict[str, str]:
        own = {"LOTSE_LISTEN": f"127.0.0.1:{self.port}", "LOTSE_OPERATOR": "Kreis Beispiel", "LOTSE_DEMO": "1",
               "PYTHONUNBUFFERED": "1"}
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("LOTSE_", "TELEGRAM_"))}
        return {**inherited, **own}

    def command(self, *words: str) -> list[str]:
        return [str(Path(sys.executable).with_name("lotse")), *words]

    def start(self, what: str) -> None:
        """Until it answers; what it said, if it does not."""
        with (self.folder / "log").open("wb") as log:
            self.process = subprocess.Popen(self.command(what), cwd=self.folder, env=self.environment(), stdout=log,
                                            stderr=subprocess.STDOUT)
        end = time.monotonic() + START_SECONDS
        while not self._answers():
            if self.process.poll() is not None or time.monotonic() > end:
                self.process.kill()
                self.process.wait(10)
                pytest.fail(f"lotse {what} did not start:\n{self.log[-3000:]}")
            time.sleep(0.1)

    def _answers(self) -> bool:
        try:
            return httpx.get(f"{self.url}/health", timeout=5, trust_env=False).status_code == 200
        except httpx.HTTPError:
            return False

    def say(self, *words: str) -> str:
        """Another `lotse` command on the same data, while the first one runs."""
        done = subprocess.run(self.command(*words), cwd=self.folder, env=self.environment(), capture_output=True,
                              text=True, timeout=60, check=True)
        return done.stdout

    def stop(self) -> None:
        """As an operator does it."""
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(10)
            pytest.fail(f"lotse did not end on SIGTERM:\n{self.log[-3000:]}")
        assert self.process.returncode == 0, self.log[-3000:]
        assert "level='error'" not in self.log and "Traceback" not in self.log, self.log[-3000:]


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _run(what: str, folder: Path, model: Path) -> Lotse:
    (folder / "data").mkdir()
    shutil.copytree(model, folder / "data" / "model", copy_function=os.link if _same_disk(model, folder) else shutil.copy2)
    lotse = Lotse(folder, _free_port())
    lotse.start(what)
    return lotse


def _same_disk(one: Path, other: Path) -> bool:
    return one.stat().st_dev == other.stat().st_dev


def _in_database(lotse: Lotse, work: Callable[[AsyncConnection], Awaitable[Any]]) -> Any:
    """One transaction beside the running process; in a thread of its own, as this one may have Playwright's loop."""
    async def go() -> Any:
        database = Database(f"sqlite:///{lotse.folder}/data/lotse.db")
        try:
            async with database.transaction() as connection:
                return await work(connection)
        finally:
            await database.close()

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, go()).result(60)


@pytest.fixture(scope="session")
def lotse(model_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lotse]:
    """`lotse run` without Telegram; the office of Heinsberg is active and a lead works there."""
    lotse = _run("run", tmp_path_factory.mktemp("lotse"), model_folder)
    try:
        lotse.say("staff", "add", LEAD, "--name", "Lena Beispiel", "--role", "lead", "--office", OFFICE, "--office",
                  OTHER_OFFICE)
        _in_database(lotse, lambda connection: activate_office(connection, OFFICE, "kim@example.org"))
        yield lotse
    finally:
        lotse.stop()


@pytest.fixture(scope="session")
def demonstration(model_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lotse]:
    """`lotse demo` with its invented people."""
    lotse = _run("demo", tmp_path_factory.mktemp("demo"), model_folder)
    try:
        yield lotse
    finally:
        lotse.stop()


@pytest.fixture
def signin_link(lotse: Lotse) -> str:
    """A new link that signs the lead in once."""
    return _new_link(lotse)


def _new_link(lotse: Lotse) -> str:
    async def make(connection: AsyncConnection) -> str:
        found = await find_by_login(connection, LEAD)
        assert found is not None
        return await create_signin_link(connection, found[0], 60)

    return f"{lotse.url}/desk/link/{_in_database(lotse, make)}"


def link_in(words: str) -> str:
    """The sign-in link among what a command printed."""
    found = re.search(r"http://\S+/desk/link/\S+", words)
    assert found, words
    return found.group()


# --- Chromium ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def chromium() -> str:
    """Where the system's Chromium lies."""
    found = next((path for name in CHROMIUM if (path := shutil.which(name))), None)
    if found is None:
        (pytest.fail if REQUIRE_ALL else pytest.skip)("Chromium is not installed (sudo apt-get install chromium)")
    return str(found)


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    """One Chromium for the tests of a module, with a profile of its own that goes with it."""
    switches = [*SWITCHES, "--no-sandbox"] if os.geteuid() == 0 else SWITCHES
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, headless=True, args=switches, timeout=60_000)
        yield browser
        browser.close()


Visit = Callable[..., BrowserContext]


@pytest.fixture
def visit(browser: Browser) -> Iterator[Visit]:
    """Makes a visitor's browser (cookies, language, screen); afterwards nothing may stand in its console."""
    contexts: list[BrowserContext] = []
    problems: list[str] = []

    def make(allowing: str = "", **settings: Any) -> BrowserContext:
        context = browser.new_context(**{"viewport": {"width": 1100, "height": 900}, "reduced_motion": "reduce", **settings})
        context.set_default_timeout(STEP_MS)
        context.set_default_navigation_timeout(STEP_MS)
        watch(context, problems, allowing)
        contexts.append(context)
        return context

    yield make
    for context in contexts:
        context.close()
    assert not problems, "the browser's console says:\n" + "\n".join(problems)


NewNewcomer = Callable[..., Newcomer]


@pytest.fixture
def newcomer(visit: Visit, lotse: Lotse) -> NewNewcomer:
    """Makes people who open the chat page, each in a browser of their own."""

    def make(language: str = "ar", at: Lotse = lotse, **settings: Any) -> Newcomer:
        person = Newcomer(visit(locale=language, **settings).new_page(), at.url, language)
        person.open()
        return person

    return make


NewCaseManager = Callable[..., CaseManager]


@pytest.fixture(scope="session")
def _desk_cookies() -> dict[str, Any]:
    return {}


@pytest.fixture
def case_manager(visit: Visit, lotse: Lotse, _desk_cookies: dict[str, Any]) -> NewCaseManager:
    """Makes browsers where the lead is signed in at the German desk: the first time with a link, then with its cookie."""

    def make(**settings: Any) -> CaseManager:
        known = {"storage_state": _desk_cookies} if _desk_cookies else {}
        context = visit(locale="de-DE", **known, **settings)
        manager = CaseManager(context.new_page(), lotse.url)
        if known:
            manager.cases()
        else:
            manager.sign_in(_new_link(lotse))
            _desk_cookies.update(context.storage_state())
        return manager

    return make
