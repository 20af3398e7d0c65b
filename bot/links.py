"""Links and QR codes that open the bot with something already chosen."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import segno

from core.errors import LotseError
from core.languages import CODES
from knowledge.library import Library

LONGEST = 64


def deep_link(
    library: Library, bot: str, language: str, town: str, topic: str, languages: Sequence[str] = CODES
) -> str:
    """`https://t.me/<bot>?start=<lang>-<town>-<topic>`; each part may be empty. LotseError names what does not fit."""
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]{4,31}", bot):
        raise LotseError("The bot's user name has 5 to 32 letters, digits and _, without @.")
    if language and language not in languages:
        raise LotseError(f"{language} is not one of the languages {', '.join(languages)}.")
    slug = ""
    if town:
        found = next((item for item in library.towns if town in (item.name, item.slug)), None)
        if found is None:
            raise LotseError(f"{town} is in no region. Known towns: {', '.join(item.name for item in library.towns)}.")
        slug = found.slug
    if topic and not library.has_answer(topic):
        raise LotseError(f"{topic} is no topic with an answer.")
    payload = f"{language}-{slug}-{topic.replace('.', '__')}"
    if len(payload) > LONGEST or not re.fullmatch(r"[A-Za-z0-9_-]*", payload):
        raise LotseError(f"The link would be {len(payload)} characters long; Telegram allows {LONGEST}.")
    return f"https://t.me/{bot}" + ("" if payload == "--" else f"?start={payload}")


def write_qr(link: str, output: Path) -> None:
    """An SVG with a quiet border, error correction M."""
    if output.suffix.lower() != ".svg":
        raise LotseError("The file must end in .svg.")
    try:
        segno.make(link, error="m", micro=False).save(
            str(output), scale=8, border=4, xmldecl=True, svgns=True, title=link
        )
    except OSError as error:
        raise LotseError(f"{output} cannot be written: {error.strerror}.") from None
