"""What is wrong with a content file, said so that its author can mend it: file, line, what to do."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from core.errors import ContentError


@dataclass(frozen=True, order=True)
class Mistake:
    """One mistake. `file` is relative to the content folder, `line` counts from 1."""

    file: str
    line: int
    what: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.what}"


def refuse(mistakes: Iterable[Mistake]) -> None:
    """Raise ContentError that lists the mistakes, if there are any."""
    lines = [str(mistake) for mistake in sorted(set(mistakes))]
    if lines:
        raise ContentError("The content has mistakes:\n" + "\n".join(lines))
