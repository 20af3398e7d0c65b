"""`make bench`: start time, memory, latency of `lotse ask`, messages a second beside a bare echo bot, in one run.

The measurements are interleaved and repeated, so that a busy moment of the machine meets all of them; what is printed
is the median, with the smallest and the largest behind it. `--quick` repeats less and counts fewer messages.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import secrets
import shutil
import socket
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import sqlalchemy as sa

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "emulator"))

from tgemu import BotProcess, TelegramWorld  # noqa: E402  (it lies with the tests)

from core.database import sync_url  # noqa: E402

LOTSE = str(Path(sys.executable).with_name("lotse"))
QUESTIONS = ROOT / "nlu" / "evaluation"
SERVER = os.environ.get("LOTSE_TEST_POSTGRES", "postgresql://postgres@127.0.0.1:5432/postgres")
READY = "Lotse is running."
WAIT = 180.0


@dataclass
class Figures:
    """What was measured, by name, with its unit."""

    values: dict[str, list[float]] = field(default_factory=dict)
    units: dict[str, str] = field(default_factory=dict)

    def add(self, name: str, value: float, unit: str) -> None:
        """One more measurement."""
        self.values.setdefault(name, []).append(value)
        self.units[name] = unit
        print(f"  {name}: {_show(value)} {unit}", file=sys.stderr, flush=True)

    def median(self, name: str) -> float:
        """The middle one."""
        return statistics.median(self.values[name])

    def line(self, name: str) -> str:
        """As it is printed."""
        found = self.values[name]
        spread = f"   ({_show(min(found))} to {_show(max(found))}, {len(found)} times)" if len(found) > 1 else ""
        return f"{name:<58} {_show(statistics.median(found)):>8} {self.units[name]}{spread}"


def _show(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


# --- what is run ------------------------------------------------------------------------------------------------------


def free_port() -> int:
    """A port nobody has."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def has_postgres() -> bool:
    """Whether a server answers."""
    engine = sa.create_engine(sync_url(SERVER), connect_args={"connect_timeout": 3})
    try:
        with engine.connect():
            return True
    except sa.exc.OperationalError:
        return False
    finally:
        engine.dispose()


@contextlib.contextmanager
def database(kind: str, folder: Path) -> Iterator[str]:
    """An empty database, gone afterwards."""
    if kind == "SQLite":
        yield f"sqlite:///{folder / f'{secrets.token_hex(4)}.db'}"
        return
    name = f"lotse_bench_{secrets.token_hex(6)}"
    engine = sa.create_engine(sync_url(SERVER), isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            connection.exec_driver_sql(f"CREATE DATABASE {name}")
        yield sa.make_url(SERVER).set(database=name).render_as_string(hide_password=False)
    finally:
        with engine.connect() as connection:
            connection.exec_driver_sql(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        engine.dispose()


def environment(folder: Path, url: str) -> dict[str, str]:
    """The settings of a Lotse that is measured: no limit but its own speed."""
    return {"LOTSE_DATABASE_URL": url, "LOTSE_KEY_FILE": str(folder / f"{secrets.token_hex(4)}.key"),
            "LOTSE_DATA": str(folder), "LOTSE_LISTEN": f"127.0.0.1:{free_port()}", "LOTSE_LOG_LEVEL": "warning",
            "LOTSE_TELEGRAM_MESSAGES_PER_SECOND": "100000", "LOTSE_TELEGRAM_CHAT_BURST": "100000"}


async def _until(condition: Callable[[], Any], process: BotProcess) -> None:
    end = time.monotonic() + WAIT
    while not condition():
        if not process.running or time.monotonic() > end:
            raise SystemExit(f"the process did not get ready\n{process.tail()}")
        await asyncio.sleep(0.01)


@contextlib.asynccontextmanager
async def lotse(world: TelegramWorld, folder: Path, url: str) -> AsyncIterator[BotProcess]:
    """A Lotse that receives."""
    process = BotProcess([LOTSE, "run"], world, env=environment(folder, url), cwd=folder)
    try:
        await process.start(ready=None)
        await _until(lambda: READY in process.output and world.emu.polls, process)
        yield process
    finally:
        await process.stop()


@contextlib.asynccontextmanager
async def echo(world: TelegramWorld) -> AsyncIterator[BotProcess]:
    """The bare echo bot."""
    process = BotProcess([sys.executable, "-m", "bench.echo_bot"], world, cwd=ROOT)
    try:
        await process.start(ready=None)
        await _until(lambda: world.emu.polls, process)
        yield process
    finally:
        await process.stop()


# --- measurements -----------------------------------------------------------------------------------------------------


async def cold_start(figures: Figures, folder: Path) -> None:
    """With training, an empty database and the first key."""
    with tempfile.TemporaryDirectory(prefix="lotse-bench-cold-") as cold:
        seconds = await _start(Path(cold), f"sqlite:///{cold}/lotse.db")
        figures.add("start, cold (trains the understanding)", seconds, "s")
        shutil.copytree(Path(cold) / "model", folder / "model", dirs_exist_ok=True)


async def warm_start(figures: Figures, folder: Path) -> None:
    """As every start after the first."""
    env = environment(folder, f"sqlite:///{folder / 'warm.db'}") | {"LOTSE_KEY_FILE": str(folder / "warm.key")}
    if not (folder / "warm.db").exists():
        await _start(folder, "", env)
    figures.add("start, warm", await _start(folder, "", env), "s")


async def _start(folder: Path, url: str, env: dict[str, str] | None = None) -> float:
    process = BotProcess([LOTSE, "run"], None, env=env or environment(folder, url), cwd=folder)
    began = time.perf_counter()
    try:
        await process.start(ready=None)
        await _until(lambda: READY in process.output, process)
        return time.perf_counter() - began
    finally:
        await process.stop()


def _questions() -> list[str]:
    lines = [line for file in sorted(QUESTIONS.glob("*.jsonl")) for line in file.read_text("utf-8").splitlines()]
    return [json.loads(line)["text"] for line in lines]


async def asking(figures: Figures, folder: Path, number: int) -> None:
    """`lotse ask --jsonl`, one question after the other: each is written when the answer before it has come."""
    env = {**os.environ, **environment(folder, f"sqlite:///{folder / 'none.db'}")}
    process = await asyncio.create_subprocess_exec(
        LOTSE, "ask", "--jsonl", cwd=folder, env=env, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL, limit=1 << 20)
    assert process.stdin and process.stdout
    texts = _questions()
    seconds: list[float] = []
    began = 0.0
    for n in range(number + 20):
        if n == 20:  # the first ones load what is loaded once
            began = time.perf_counter()
        at = time.perf_counter()
        process.stdin.write(json.dumps({"text": texts[n * 37 % len(texts)]}).encode() + b"\n")
        line = await asyncio.wait_for(process.stdout.readline(), WAIT)
        if "reply" not in json.loads(line):
            raise SystemExit(f"lotse ask answered {line!r}")
        if n >= 20:
            seconds.append(time.perf_counter() - at)
    figures.add("lotse ask --jsonl", number / (time.perf_counter() - began), "messages/s")
    seconds.sort()
    figures.add("lotse ask --jsonl, p50", 1000 * seconds[len(seconds) // 2], "ms")
    figures.add("lotse ask --jsonl, p99", 1000 * seconds[int(len(seconds) * 0.99)], "ms")
    figures.add("lotse ask --jsonl, memory", psutil.Process(process.pid).memory_info().rss / 2**20, "MB")
    process.stdin.close()
    await asyncio.wait_for(process.wait(), WAIT)


async def _load(world: TelegramWorld, process: BotProcess, figures: Figures, name: str, number: int,
                rate: float) -> None:
    """Full load, then a moderate rate; each chat writes questions that the bot has to understand."""
    texts = _questions()

    def text(n: int) -> str:
        return texts[n * 37 % len(texts)]

    full = await world.send_many(users=64, total=number, warmup=64, text=text, grace=WAIT)
    _check(name, full)
    figures.add(f"{name}, full load", full["throughput"], "messages/s")
    moderate = await world.send_many(users=64, total=max(60, number // 3), rate=rate, text=text, grace=WAIT,
                                     first_id=800_001)
    _check(name, moderate)
    figures.add(f"{name}, at {rate:.0f}/s, p50", 1000 * moderate["total"]["p50"], "ms")
    figures.add(f"{name}, at {rate:.0f}/s, p99", 1000 * moderate["total"]["p99"], "ms")
    figures.add(f"{name}, memory", process.rss_peak() / 2**20, "MB")


def _check(name: str, result: dict[str, Any]) -> None:
    if result["unanswered"] or result["errors"]:
        raise SystemExit(f"{name}: {result['unanswered']} unanswered, errors {result['errors']}")


async def end_to_end(figures: Figures, folder: Path, kind: str | None, number: int, rate: float) -> None:
    """Over the emulated Bot API: Lotse on a database, or the bare echo bot."""
    async with TelegramWorld(keep_calls=False) as world:
        if kind is None:
            async with echo(world) as process:
                await _load(world, process, figures, "bare echo bot", number, rate)
            return
        with database(kind, folder) as url:
            async with lotse(world, folder, url) as process:
                await _load(world, process, figures, f"Lotse on {kind}", number, rate)


async def measure(*, quick: bool) -> None:
    """Everything, interleaved."""
    figures, rounds = Figures(), 1 if quick else 3
    asked, sent, rate = (300, 300, 15.0) if quick else (1500, 1500, 20.0)
    kinds: list[str | None] = [None, "SQLite", *(["PostgreSQL"] if has_postgres() else [])]
    with tempfile.TemporaryDirectory(prefix="lotse-bench-") as name:
        folder = Path(name)
        await cold_start(figures, folder)
        for round_number in range(rounds):
            print(f"round {round_number + 1} of {rounds}", file=sys.stderr)
            steps: list[Awaitable[None]] = [warm_start(figures, folder), asking(figures, folder, asked)]
            steps += [end_to_end(figures, folder, kind, sent, rate)
                      for kind in (kinds if round_number % 2 == 0 else kinds[::-1])]
            for step in steps:
                await step
    report(figures, kinds)


def report(figures: Figures, kinds: list[str | None]) -> None:
    """The table, and the ratio that holds on any machine."""
    python = sys.version.split()[0]
    print(f"\n{psutil.cpu_count()} processors, load {os.getloadavg()[0]:.1f} at the end, Python {python}\n")
    for name in figures.values:
        print(figures.line(name))
    bare = figures.values["bare echo bot, full load"]
    for kind in kinds:
        if kind is not None:
            mine = figures.values[f"Lotse on {kind}, full load"]
            ratio = statistics.median(a / b for a, b in zip(mine, bare, strict=True))
            print(f"{f'Lotse on {kind} : bare echo bot, full load':<58} {ratio:>8.2f}")
    if len(kinds) < 3:
        print("PostgreSQL: no server answers on 127.0.0.1:5432 (or name one with LOTSE_TEST_POSTGRES)")


def main() -> None:
    """Read the options and measure."""
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measures Lotse beside a bare echo bot.")
    parser.add_argument("--quick", action="store_true", help="one round with fewer messages")
    for variable in [name for name in os.environ if name.startswith("LOTSE_") and name != "LOTSE_TEST_POSTGRES"]:
        del os.environ[variable]
    asyncio.run(measure(quick=parser.parse_args().quick))


if __name__ == "__main__":
    main()
