"""The card of a case: what the person handed over, as the desk reads it out of the encrypted JSON."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.languages import is_rtl


@dataclass(frozen=True)
class Said:
    """One line of the talk with the bot before the case; `speaker` is person or bot."""

    speaker: str
    text: str


@dataclass(frozen=True)
class Card:
    """Fields are empty where the person left them out. `chat_language` is the code of the language of the chat."""

    topic: str
    language: str
    interpreter: bool
    contact: str  # chat, call, visit
    phone: str
    name: str
    words: str
    chat_language: str
    child_age: int | None
    recent: tuple[Said, ...]

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Card:
        """Tolerant of missing fields: cards outlive releases."""
        age = data.get("child_age")
        return cls(
            topic=_text(data, "topic"), language=_text(data, "language"), interpreter=bool(data.get("interpreter")),
            contact=_text(data, "contact") or "chat", phone=_text(data, "phone"), name=_text(data, "name"),
            words=_text(data, "words"), chat_language=_text(data, "bot_language"),
            child_age=age if isinstance(age, int) else None,
            recent=tuple(Said(str(speaker), str(text)) for speaker, text in data.get("recent") or ()))


def _text(data: Mapping[str, Any], name: str) -> str:
    return str(data.get(name) or "")


@dataclass(frozen=True)
class Direction:
    """HTML attributes of somebody's words: `lang` is empty where the language cannot be known."""

    dir: str
    lang: str


_ADDRESS = re.compile(r"(?:https?://|mailto:)\S+|\S+@\S+")  # long links are no words


def direction(text: str, language: str) -> Direction:
    """Which way words run, by the letters most of them have; a German name at the start does not turn Arabic round.

    The chat's language is claimed only where it fits the script: Arabic in Latin letters is not read out as Arabic.
    """
    kinds = [unicodedata.bidirectional(character) for character in _ADDRESS.sub("", text)]
    right = sum(kind in {"R", "AL"} for kind in kinds)
    left = sum(kind == "L" for kind in kinds)
    rtl = right > left if right or left else is_rtl(language)
    return Direction("rtl" if rtl else "ltr", language if is_rtl(language) == rtl else "")
