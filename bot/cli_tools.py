"""How the commands talk: notes on standard error, results on standard output, problems as one sentence."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from typing import ParamSpec, TypeVar

import typer
from rich.console import Console

from core import logs
from core.errors import LotseError

console = Console(soft_wrap=True)
_errors = Console(stderr=True, soft_wrap=True)
P = ParamSpec("P")
R = TypeVar("R")


def note(sentence: str) -> None:
    """Something the operator should see; never mixed with results."""
    _errors.print(sentence, markup=False, highlight=False)


def say_progress(step: str) -> None:
    """One line per step that may take longer than a second."""
    note(f"… {step}")


def errors_as_sentences(command: Callable[P, R]) -> Callable[P, R]:
    """Expected problems become their sentence and exit status 1; programs that stop reading us are no problem."""
    @functools.wraps(command)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        logs.configure("warning")
        try:
            return command(*args, **kwargs)
        except LotseError as error:
            note(error.sentence)
            raise typer.Exit(1) from None
        except BrokenPipeError:
            sys.stderr.close()
            raise typer.Exit(0) from None
        except KeyboardInterrupt:
            raise typer.Exit(0) from None

    return wrapped
