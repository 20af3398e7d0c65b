"""The separate, recall-first step that recognises danger before anything else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from nlu.features import Floats


@dataclass(frozen=True)
class SafetyStep:
    """A binary model on the shared features with a threshold of its own, and curated phrases beside it."""

    threshold: float

    def find(self, normal: str, extra: Floats, topics: Sequence[tuple[str, float]]) -> str | None:
        """The safety topic of a message, or None."""
        if float(extra[0]) < self.threshold:
            return None
        return next(name for name, _ in topics if name.startswith("safety."))
