"""What `lotse ask`, `lotse chat` and `lotse evaluate` share: the conversation on the content at hand."""

from __future__ import annotations

import asyncio
import dataclasses
import json
from pathlib import Path
from typing import Any, BinaryIO, TextIO

from bot.asking import Asker
from bot.cli_content import current_library, staffed_offices
from bot.cli_tools import console, say_progress
from bot.content import Content
from bot.texts import load_texts
from core.errors import LotseError
from core.settings import Settings
from nlu.evaluate import Outcome, evaluate, print_report
from nlu.examples import Example, read_labelled
from nlu.training import load_engine


def make_asker(settings: Settings, *, on_terminal: bool = False) -> Asker:
    """The conversation with the published content, or with the release's files where there is no database yet."""
    content = Content(settings, load_texts(), current_library(settings))
    engine = load_engine(settings.data_folder / "model", progress=say_progress)
    environment = content.environment("terminal" if on_terminal else "telegram")
    return Asker(engine, dataclasses.replace(environment, default_town=""), staffed_offices(settings))


def ask_one(asker: Asker, text: str, town: str | None, language: str | None) -> dict[str, Any]:
    """Answer one message."""
    return asyncio.run(asker.ask(text, town=town, language=language))


def ask_lines(asker: Asker, lines: BinaryIO, out: TextIO) -> None:
    """JSON lines in, JSON lines out, in order, each flushed. A line that is none gets an object with `error`."""
    async def go() -> None:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            row = _row(line)
            result = {"error": f"line {number}: {row}"} if isinstance(row, str) else await asker.ask(
                row["text"], chat=row.get("chat"), language=row.get("language"), town=row.get("town"))
            out.write(json.dumps(result, ensure_ascii=False) + "\n")
            out.flush()

    asyncio.run(go())


def _row(line: bytes) -> dict[str, Any] | str:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        return "this is not JSON"
    if not isinstance(row, dict) or not isinstance(row.get("text"), str):
        return "an object with a text is needed"
    for name in ("chat", "language", "town"):
        if row.get(name) is not None and not isinstance(row[name], str):
            return f"{name} must be a text"
    return row


def evaluate_files(asker: Asker, files: list[Path], *, as_json: bool) -> None:
    """Measure with the whole conversation, one message a chat."""
    examples: list[Example] = []
    for file in files:
        try:
            examples += read_labelled(file)
        except OSError as error:
            raise LotseError(f"{file}: {error.strerror}") from None

    with asyncio.Runner() as runner:
        report = evaluate(examples, lambda example: _outcome(runner.run(asker.ask(example.text))))
    if as_json:
        print(json.dumps(report.as_dict(), ensure_ascii=False))  # noqa: T201
    else:
        print_report(report, console)


def _outcome(result: dict[str, Any]) -> Outcome:
    alternatives = tuple(other["topic"] for other in result["alternatives"])
    return Outcome(result["topic"], result["action"], alternatives, result["confidence"], result["language"])
