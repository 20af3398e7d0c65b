"""What the acceptance tests share: an installation with its process, the desk in a browser's manner, the stored rows."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import socket
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import httpx
import sqlalchemy as sa
from tgemu import BotProcess, TelegramWorld
from tgemu.world import BotMessage, Player

from bot.texts import load_texts
from core import bidi
from core.crypto import DataKey, read_key_file
from core.database import sync_url
from core.errors import KeyRefused
from core.markdown import to_plain

LOTSE = str(Path(sys.executable).with_name("lotse"))
OPERATOR = "Kreis Musterland"
SECRET = "a-webhook-secret_0123456789"
# The machine may be busy: what never comes fails late, what comes is not waited for.
LONG = float(os.environ.get("LOTSE_TEST_PATIENCE", "60"))
READY = "Lotse is running."
PUBLIC = {"answer_version", "region_version"}  # answers and services: no words of people


# --- what the bot says ------------------------------------------------------------------------------------------------


def words(key: str, language: str, **values: object) -> str:
    """One of the bot's texts as a person reads it."""
    values.setdefault("operator", OPERATOR)
    unlinked = re.sub(r"\[([^\]]+)\]\([^)]+\)", r"\1", load_texts()(key, language, **values))
    return " ".join(bidi.strip(to_plain(unlinked)).split())


def label(key: str, language: str) -> str:
    """What stands on one of the bot's buttons."""
    return load_texts()(key, language)


def reads(message: BotMessage) -> str:
    """What a person reads, on one line and without marks of direction."""
    return " ".join(bidi.strip(message.plain).split())


def is_about(message: BotMessage, topic: str) -> bool:
    """Whether a message is an answer to this topic: it asks whether it helped."""
    return any(button.callback_data == f"h|{topic}|1" for row in message.buttons for button in row)


def says(message: BotMessage, key: str, language: str, **values: object) -> bool:
    """Whether a message holds one of the bot's texts; places that are not given may hold anything."""
    template = load_texts()(key, language)
    open_places = {name: f"\ue000{name}\ue000" for name in re.findall(r"{(\w+)}", template) if name not in values}
    pieces = re.split("\ue000\\w+\ue000", words(key, language, **{**open_places, **values}))
    at, text = 0, reads(message)
    for piece in pieces:
        at = text.find(piece, at)
        if at < 0:
            return False
        at += len(piece)
    return True


async def heard(player: Player, key: str, language: str, **values: object) -> BotMessage:
    """Wait until one of the bot's texts has come since the last look; what came before it is skipped."""
    seen: list[BotMessage] = []
    end = asyncio.get_running_loop().time() + LONG
    while (left := end - asyncio.get_running_loop().time()) > 0:
        for message in await player.replies(timeout=left, settle=0, at_least=1):
            seen.append(message)
        for message in seen:
            if says(message, key, language, **values):
                return message
    raise AssertionError(f"nobody said {key} in {language}\n{player.transcript()}")


async def answers(player: Player, text: str, at_least: int = 1) -> list[BotMessage]:
    """Write, and wait for so many messages and those that come right behind them."""
    player.skip()
    await player.send(text)
    return await got(player, at_least)


async def got(player: Player, at_least: int = 1) -> list[BotMessage]:
    """So many new messages, and those that come right behind them."""
    found = await player.replies(timeout=LONG, settle=0.25, at_least=at_least)
    assert len(found) >= at_least, player.transcript()
    return found


async def until(condition: Callable[[], Any], why: str = "", seconds: float = LONG, step: float = 0.02) -> Any:
    """Wait until a condition holds, and return what it gave."""
    end = asyncio.get_running_loop().time() + seconds
    while not (value := condition()):
        if asyncio.get_running_loop().time() > end:
            raise AssertionError(f"not within {seconds} s: {why or condition}")
        await asyncio.sleep(step)
    return value


# --- an installation --------------------------------------------------------------------------------------------------


def free_port() -> int:
    """A port that nobody has right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Installation:
    """A folder with `data/`, a database, settings, and the processes that run on them."""

    folder: Path
    database_url: str
    world: TelegramWorld | None
    extra: dict[str, str] = field(default_factory=dict)
    port: int = field(default_factory=free_port)
    shared_process: BotProcess | None = None

    @property
    def env(self) -> dict[str, str]:
        """The environment of every process of this installation."""
        return {"LOTSE_DATABASE_URL": self.database_url, "LOTSE_LISTEN": f"127.0.0.1:{self.port}",
                "LOTSE_OPERATOR": OPERATOR, "LOTSE_CONTACT": "kim@musterland.example",
                "LOTSE_TELEGRAM_MESSAGES_PER_SECOND": "1000", "LOTSE_TELEGRAM_CHAT_BURST": "1000",
                **(self.world.env if self.world else {}), **self.extra}

    @property
    def base(self) -> str:
        """The address of desk, webhook and health."""
        return f"http://127.0.0.1:{self.port}"

    def process(self, *arguments: str, env: dict[str, str] | None = None) -> BotProcess:
        """A process of this installation, not started yet; `lotse run` without arguments."""
        return BotProcess([LOTSE, *(arguments or ("run",))], self.world, env={**self.env, **(env or {})},
                          cwd=self.folder, ready_timeout=LONG)

    @contextlib.asynccontextmanager
    async def running(self, *arguments: str, env: dict[str, str] | None = None) -> Any:
        """A process that is ready; ended at the end of the block."""
        process = self.process(*arguments, env=env)
        try:
            await process.start(ready=None)
            await ready(process)
            yield process
        finally:
            await process.stop()

    async def command(self, *arguments: str, env: dict[str, str] | None = None, given: str = "",
                      seconds: float = 2 * LONG) -> Finished:
        """Run a command to its end with `given` as its input; one that does not end in time is killed: the test fails."""
        process = await asyncio.create_subprocess_exec(
            LOTSE, *arguments, cwd=self.folder, env={**os.environ, **self.env, "COLUMNS": "200", **(env or {})},
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE)
        try:
            out, error = await asyncio.wait_for(process.communicate(given.encode()), seconds)
        except TimeoutError:
            process.kill()
            raise AssertionError(f"`lotse {' '.join(arguments)}` did not end within {seconds} s") from None
        return Finished(process.returncode or 0, out.decode(), error.decode())

    # --- what is stored ---

    @contextlib.contextmanager
    def stored(self) -> Iterator[sa.Connection]:
        """A connection beside the running process, for looking only."""
        engine = sa.create_engine(sync_url(self.database_url))
        try:
            with engine.connect() as connection:
                yield connection
        finally:
            engine.dispose()

    def rows(self, statement: str, **values: object) -> list[sa.Row[Any]]:
        """What a query gives now."""
        with self.stored() as connection:
            return list(connection.execute(sa.text(statement), values))

    def number(self, statement: str, **values: object) -> int:
        """The only figure a query gives."""
        return int(self.rows(statement, **values)[0][0])

    def keys(self) -> list[DataKey]:
        """Every key that opens something in this database."""
        vault = read_key_file(self.folder / "data" / "master.key")
        wrapped = [row[0] for table in ("newcomer", "ticket") for row in self.rows(f"SELECT data_key FROM {table}")]
        return [vault.transit, *(vault.open_data_key(bytes(blob)) for blob in wrapped)]

    def everything(self) -> Iterator[str]:
        """Every value stored about people as text: what is encrypted, decrypted with whatever key opens it."""
        keys = self.keys()
        with self.stored() as connection:
            for table in set(sa.inspect(connection).get_table_names()) - PUBLIC:
                for row in connection.exec_driver_sql(f'SELECT * FROM "{table}"'):
                    for value in row:
                        yield from _as_text(value, keys)

    def holds(self, text: str) -> bool:
        """Whether these words are stored anywhere, in the clear or encrypted."""
        return any(text in value for value in self.everything())

    def outbox_is_empty(self) -> bool:
        """Whether nothing waits to be sent, and nothing to be decided."""
        return self.number("SELECT count(*) FROM outbox WHERE state = 'waiting'") == 0 and self.number(
            "SELECT count(*) FROM inbox WHERE state = 'open'") == 0


def _as_text(value: object, keys: list[DataKey]) -> Iterator[str]:
    if not isinstance(value, (bytes, memoryview)):
        yield str(value)
        return
    blob = bytes(value)
    yield blob.decode("latin-1")
    for key in keys:
        with contextlib.suppress(KeyRefused):
            yield key.decrypt(blob).decode(errors="replace")


@dataclass(frozen=True)
class Finished:
    """A command that has ended."""

    status: int
    out: str
    error: str

    @property
    def words(self) -> str:
        """What it said, on one line."""
        return " ".join((self.out + " " + self.error).split())


async def ready(process: BotProcess) -> None:
    """Wait until a process says that it runs; AssertionError with its last lines if it ends before."""
    def says_so() -> bool:
        return process.output.count(READY) >= process.starts  # what earlier starts said stays in the output

    await until(lambda: says_so() or not process.running, "the process is ready", 2 * LONG)
    assert says_so(), f"it ended with {process.proc.returncode}\n{process.tail()}"


async def ended(process: BotProcess, seconds: float = LONG) -> int:
    """Wait until a process ends by itself; its exit status."""
    await until(lambda: not process.running, "the process ends", seconds)
    await process.stop()
    return int(process.proc.returncode)


# --- the desk, as a browser uses it -----------------------------------------------------------------------------------


class _Forms(HTMLParser):
    """The forms of a page with the values that are filled in."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[tuple[str, dict[str, str]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note forms and their input fields."""
        values = dict(attrs)
        if tag == "form":
            self.forms.append((values.get("action") or "", {}))
        elif tag == "input" and self.forms and values.get("name") and values.get("type") != "radio":
            self.forms[-1][1][str(values["name"])] = values.get("value") or ""


class Desk:
    """A case manager's browser: cookies, the forms of the page at hand, the same origin."""

    def __init__(self, installation: Installation) -> None:
        self._client = httpx.AsyncClient(base_url=installation.base, follow_redirects=True, trust_env=False, timeout=LONG,
                                         headers={"accept-language": "en", "origin": installation.base})
        self.page = ""
        self.path = ""

    async def __aenter__(self) -> Desk:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.aclose()

    def _keep(self, response: httpx.Response) -> httpx.Response:
        self.page, self.path = response.text, response.url.path
        return response

    async def open(self, path: str) -> str:
        """Look at a page."""
        response = self._keep(await self._client.get(path))
        assert response.status_code == 200, (path, response.status_code)
        return self.page

    async def submit(self, action_end: str, **values: str) -> httpx.Response:
        """Send the form of this page whose address ends so, with its hidden fields."""
        parser = _Forms()
        parser.feed(self.page)
        action, fields = next((form for form in parser.forms if form[0].endswith(action_end)), ("", {}))
        assert action, f"no form for {action_end} on {self.path}: {[form[0] for form in parser.forms]}"
        return self._keep(await self._client.post(action, data={**fields, **values}))

    async def post(self, path: str, **values: str) -> httpx.Response:
        """A form that no page has given: without its token."""
        return await self._client.post(path, data=values)

    async def sign_in(self, link: str) -> None:
        """Open a one-time link and press its button."""
        path = httpx.URL(link).path
        await self.open(path)
        response = await self.submit(path)
        assert response.status_code == 200 and "/desk/link" not in self.path, (response.status_code, self.path)

    async def open_case(self, number: str) -> str:
        """The page of the case with this number."""
        await self.open("/desk/cases")
        assert number in self.page, f"{number} is not in the list"
        entry = next(part for part in self.page.split('<li class="case-line')[1:] if number in part)
        found = re.search(r'href="(/desk/cases/[^"]+)"', entry)
        assert found, entry
        return await self.open(found.group(1))


async def add_staff(installation: Installation, login: str, role: str, office: str) -> str:
    """Make an account with the command line; the link that signs in once."""
    done = await installation.command("staff", "add", login, "--name", "Beate Beispiel", "--role", role, "--office", office)
    assert done.status == 0, done.words
    return next(line for line in done.out.splitlines() if "/desk/link/" in line).strip()


async def staffed_desk(installation: Installation, login: str, office: str, email: str = "kim@musterland.example") -> Desk:
    """A lead who has signed in and activated the office."""
    desk = Desk(installation)
    await desk.sign_in(await add_staff(installation, login, "lead", office))
    await desk.open("/desk/offices")
    response = await desk.submit(f"/{office}/activate", email=email)
    assert response.status_code == 200, response.status_code
    return desk


# --- scenes that several tests play -----------------------------------------------------------------------------------


async def choose_language(player: Player, language: str, native: str) -> BotMessage:
    """/start, then the button of a language; returns the question for the town."""
    await player.start()
    await player.reply(timeout=LONG)
    await player.press(native)
    return await heard(player, "town.ask", language)


async def type_town(player: Player, language: str, typed: str, town: str) -> None:
    """Type a town, perhaps misspelt; where the bot is not certain it proposes the right one."""
    await player.send(typed)
    first = (await got(player))[0]
    if says(first, "town.maybe", language):
        await player.press(town)
        first = (await got(player))[0]
    assert says(first, "town.set", language, town=town), player.transcript()


async def send_case(player: Player, language: str, own_words: str, town_button: str | None = None) -> str:
    """From "a person" to "sent" in a town whose office has staff; the number of the case."""
    await player.command("/human")
    if town_button:
        await heard(player, "intake.town", language)
        await player.press(town_button)
    await heard(player, "consent.text", language, days=180)
    await player.press(label("button.agree", language))
    message = (await got(player))[-1]
    if says(message, "intake.topic", language):
        await player.press(label("menu.school", language))
        await heard(player, "intake.language", language)
    await player.press({"de": "Deutsch", "en": "English", "ar": "العربية"}[language])
    if language != "de":
        await heard(player, "intake.interpreter", language)
        await player.press(label("button.yes", language))
    await heard(player, "intake.contact", language)
    await player.press(label("button.by_chat", language))
    await heard(player, "intake.words", language)
    await player.send(own_words)
    card = await heard(player, "card.words", language)
    assert own_words[:200] in reads(card), player.transcript()
    await player.press(label("button.send", language))
    sent = await heard(player, "sent.number", language)
    found = re.search(r"[A-Z]{2}-\d{4}-\d{4}", reads(sent))
    assert found, reads(sent)
    return found.group()
