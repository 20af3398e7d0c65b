"""What the bot itself says: gettext catalogues, one `.po` per language, read at start with Babel.

Message ids are names (`town.ask`), so that all languages, German too, are translations and equal. A language is offered
as soon as its catalogue has every text; an incomplete one is left out, and `lotse content check` names what is missing.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from pathlib import Path

from babel.messages.pofile import read_po

from core.languages import CODES, FALLBACK

FOLDER = Path(__file__).parent


class Texts:
    """The catalogues in memory."""

    def __init__(self, catalogues: Mapping[str, Mapping[str, str]]) -> None:
        self._catalogues = catalogues
        self.keys = frozenset(catalogues[FALLBACK])
        self.languages = tuple(code for code in CODES if self.keys <= set(catalogues.get(code, {})))

    def __call__(self, key: str, language: str, /, **values: object) -> str:
        """The text with its `{places}` filled; English where the language has no catalogue.

        An unknown key raises KeyError: that is a bug, not a missing translation.
        """
        text = self._catalogues.get(language, {}).get(key) or self._catalogues[FALLBACK][key]
        return text.format(**values) if values else text

    def missing(self, code: str) -> list[str]:
        """Keys that English has and this language lacks."""
        return sorted(self.keys - set(self._catalogues.get(code, {})))


def read_catalogue(path: Path) -> dict[str, str]:
    """Message id to text, without the untranslated ones."""
    with path.open("rb") as file:
        catalogue = read_po(file, abort_invalid=True)
    return {str(message.id): str(message.string) for message in catalogue if message.id and message.string}


@functools.cache
def load_texts(folder: Path = FOLDER) -> Texts:
    """All catalogues of a folder; read once per process."""
    return Texts({path.stem: read_catalogue(path) for path in sorted(folder.glob("*.po"))})
