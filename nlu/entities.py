"""Details in a message that change the reply: a child's age, a deadline, no papers, a minor alone."""

from __future__ import annotations

from nlu.model import Entities


def find(text: str, language: str) -> Entities:
    """Read the details of one message."""
    return Entities()
