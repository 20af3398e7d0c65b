"""Opening hours by weekday, written for people in their language."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from itertools import groupby

from babel import Locale, UnknownLocaleError
from babel.dates import get_day_names

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_SEPARATORS = {"ar": ("، ", "؛ "), "fa": ("، ", "؛ ")}


def opening_hours(opening: Mapping[str, tuple[str, ...]], note: Mapping[str, str], language: str) -> str | None:
    """Both parts in one line, such as `Mo–Mi 08:30–12:00; Do 08:30–12:00, 14:00–17:00. Nur mit Termin`; None if empty.

    The note falls back to English and then German; the day names to English.
    """
    words = next((note[code] for code in (language, "en", "de") if code in note), None)
    parts = [part for part in (_times(opening, language), words) if part]
    return ". ".join(parts) or None


def _times(opening: Mapping[str, tuple[str, ...]], language: str) -> str:
    """Days with the same hours share one entry; three and more in a row are written with a dash."""
    names = _day_names(language)
    comma, semicolon = _SEPARATORS.get(language, (", ", "; "))
    entries = []
    for hours in dict.fromkeys(opening[day] for day in WEEKDAYS if opening.get(day)):
        days = [number for number, day in enumerate(WEEKDAYS) if opening.get(day) == hours]
        label = comma.join(_runs(days, names))
        entries.append(f"{label} {comma.join(span.replace('-', '–') for span in hours)}")
    return semicolon.join(entries)


def _runs(days: list[int], names: tuple[str, ...]) -> Iterator[str]:
    for _, group in groupby(enumerate(days), key=lambda item: item[1] - item[0]):
        run = [day for _, day in group]
        if len(run) > 2:
            yield f"{names[run[0]]}–{names[run[-1]]}"
        else:
            yield from (names[day] for day in run)


@lru_cache(maxsize=32)
def _day_names(language: str) -> tuple[str, ...]:
    try:
        locale = Locale.parse(language)
    except (UnknownLocaleError, ValueError):
        locale = Locale("en")
    names = get_day_names("abbreviated", context="stand-alone", locale=locale)
    return tuple(names[day].rstrip(".") for day in range(len(WEEKDAYS)))
