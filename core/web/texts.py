"""The desk in German and English. English stands in templates and code; `<language>.po` files translate it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from babel.dates import format_date, format_datetime, format_timedelta
from babel.messages.pofile import read_po

from core.clock import BERLIN, now

LANGUAGES = {"de": "Deutsch", "en": "English"}


class DeskTexts:
    """The catalogues of all sections in memory."""

    def __init__(self, folders: Iterable[Path]) -> None:
        self._translations: dict[str, dict[str, str]] = {code: {} for code in LANGUAGES}
        for folder in folders:
            for code, translations in self._translations.items():
                path = folder / f"{code}.po"
                if path.exists():
                    translations.update(_read(path))

    def __call__(self, language: str, message: str, /, **values: object) -> str:
        """The message in the language with its `{places}` filled; the English one where a translation is missing."""
        text = self._translations.get(language, {}).get(message, message)
        return text.format(**values) if values else text

    def knows(self, language: str, message: str) -> bool:
        """Whether a translation exists."""
        return message in self._translations.get(language, {})


def _read(path: Path) -> dict[str, str]:
    with path.open("rb") as file:
        return {str(message.id): str(message.string) for message in read_po(file) if message.id and message.string}


def show_moment(moment: datetime, language: str) -> str:
    """`20. November 2026, 14:05` in the municipality's time."""
    pattern = "d. MMMM yyyy, HH:mm" if language == "de" else "d MMMM yyyy, HH:mm"
    return format_datetime(moment.astimezone(BERLIN), pattern, locale=language)


def show_time(moment: datetime, language: str) -> str:
    """The time alone today, day and time otherwise: for the lines of a conversation."""
    local = moment.astimezone(BERLIN)
    if local.date() == now().astimezone(BERLIN).date():
        return format_datetime(local, "HH:mm", locale=language)
    return format_datetime(local, "d. MMM, HH:mm" if language == "de" else "d MMM, HH:mm", locale=language)


def show_ago(moment: datetime, language: str) -> str:
    """`vor 3 Stunden`."""
    if (now() - moment).total_seconds() < 60:
        return {"de": "gerade eben"}.get(language, "just now")
    return format_timedelta(moment - now(), granularity="minute", threshold=1.2, add_direction=True, locale=language)


def show_day(moment: datetime, language: str) -> str:
    """`20. November 2026`."""
    pattern = "d. MMMM yyyy" if language == "de" else "d MMMM yyyy"
    return format_date(moment.astimezone(BERLIN), pattern, locale=language)
