"""The parts one process can run, and how they are started and stopped together."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
from collections.abc import Callable, Coroutine, Iterator, Sequence
from typing import Any

import structlog
import uvicorn

from core.errors import LotseError, SettingsError

log = structlog.get_logger()

PARTS = ("telegram", "worker", "sender", "web", "jobs")


def chosen_parts(only: str | None) -> frozenset[str]:
    """The parts of `--only a,b`; all of them without it."""
    if not only:
        return frozenset(PARTS)
    names = {name.strip() for name in only.split(",") if name.strip()}
    unknown = names - set(PARTS)
    if unknown or not names:
        raise SettingsError(
            f"--only knows the parts {', '.join(PARTS)}; it does not know {', '.join(sorted(unknown))}."
        )
    return frozenset(names)


class WebServer(uvicorn.Server):
    """uvicorn without its own signal handling: Lotse stops all its parts in order."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to whoever runs all parts."""
        yield


def listen_on(host: str, port: int) -> socket.socket:
    """A listening socket, or a sentence that says who has the port."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise LotseError(
            f"Lotse cannot listen on {host}:{port}: {error.strerror}. Stop what uses it, or choose another "
            "address with LOTSE_LISTEN."
        ) from None
    return listener


async def run_together(
    jobs: Sequence[tuple[str, Coroutine[Any, Any, None]]],
    stopping: asyncio.Event,
    on_stop: Callable[[], None],
    *,
    waits: frozenset[str] = frozenset(),
) -> None:
    """Run all jobs until a signal comes or one of them fails; then end them all and raise what failed.

    `on_stop` is called first; jobs named in `waits` then end by themselves, the others are cancelled.
    """
    tasks = {asyncio.create_task(job, name=name) for name, job in jobs}
    stop = asyncio.create_task(stopping.wait(), name="stop")
    done, _ = await asyncio.wait({*tasks, stop}, return_when=asyncio.FIRST_COMPLETED)
    on_stop()
    stop.cancel()
    for task in tasks - done:
        if task.get_name() not in waits:
            task.cancel()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    for task, result in zip(tasks, results, strict=True):
        if isinstance(result, LotseError):
            raise result
        if isinstance(result, Exception):
            log.error("part failed", part=task.get_name(), error=type(result).__name__)
            raise result


def stop_on_signals(stopping: asyncio.Event) -> None:
    """SIGTERM and SIGINT end the process in order."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
