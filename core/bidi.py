"""Right-to-left text with German words, numbers and addresses inside, so that it reads correctly everywhere.

Each left-to-right run goes into an isolate (LRI ... PDI), and each line begins with a right-to-left mark, so that a
line that starts with a German word or a number still runs from the right.
"""

from __future__ import annotations

import re
import unicodedata

RLM, LRI, PDI = "\u200f", "\u2066", "\u2069"
_CONTROLS = re.compile("[\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069]")
_WORD = r"A-Za-z\u00c0-\u024f\u0400-\u04ff0-9"
_BRACKET = rf"\([{_WORD}.,\- ]+\)"
_RUN = re.compile(
    rf"(?:§{{1,2}} ?|[+@/])?[{_WORD}]"
    rf"(?:(?:[{_WORD}.,:;/@_+&'’§%€#?!=~\-–|· ]|{_BRACKET})*(?:[{_WORD}%€/]|{_BRACKET}))?"
)
_PLAIN_NUMBER = re.compile(r"\d+")


def isolate(text: str) -> str:
    """Right-to-left text with its left-to-right runs isolated; numbers alone need no isolate."""
    lines = _CONTROLS.sub("", text).split("\n")
    return "\n".join(RLM + isolate_runs(line) if line.strip() else line for line in lines)


def isolate_runs(text: str, *, whole_line: bool = True) -> str:
    """Like `isolate` for a piece inside a line: no mark at the beginning.

    A whole line without a single right-to-left letter is isolated in one, so that its last stop stays at its end; a
    piece of a longer line only run by run, so that the line's last stop stays at the line's end.
    """
    text = _CONTROLS.sub("", text)
    kinds = {unicodedata.bidirectional(character) for character in text}
    if whole_line and "L" in kinds and not kinds & {"R", "AL"}:
        words = text.strip()
        return text.replace(words, f"{LRI}{words}{PDI}", 1)
    return _RUN.sub(_wrap, text)


def has_rtl(text: str) -> bool:
    """Whether a single letter of it runs from right to left."""
    return any(unicodedata.bidirectional(character) in {"R", "AL"} for character in text)


def strip(text: str) -> str:
    """Text without any direction control character."""
    return _CONTROLS.sub("", text)


def _wrap(match: re.Match[str]) -> str:
    run = match.group()
    return run if _PLAIN_NUMBER.fullmatch(run) else f"{LRI}{run}{PDI}"
