"""Finding the town in what a person wrote: as the answer to "Which town?", or in passing inside a sentence.

Names are compared folded: no capitals, no diacritics, the Arabic and Cyrillic variants of a letter made one. In passing
only exact names (also with an ending or an attached preposition) count, and close spellings only right after a word
such as "in"; a common word is never a town. The typed answer may be further off, and then is marked as uncertain so
that the bot asks.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from rapidfuzz import fuzz, process
from rapidfuzz.distance import OSA

from knowledge.library import Library
from knowledge.located import Mistakes, read_items
from knowledge.mistakes import refuse
from knowledge.model import Town, TownMatch
from knowledge.town_words import (
    ARABIC_PREFIXES,
    BEFORE,
    CYRILLIC_ENDINGS,
    DISTRICT,
    ENDINGS,
    NEVER,
    NO_PART,
    STRICT_BEFORE,
    fold,
    says_to_live,
    written_words,
)

PLACES = Path(__file__).parent / "content" / "places.yml"

_MOST = 3
# Similarity of spellings, 0 to 100 (rapidfuzz's ratio).
_CERTAIN_SCORE, _POSSIBLE_SCORE, _POSSIBLE_ELSEWHERE, _BEGINNING_SCORE = 90.0, 72.0, 80.0, 78.0
_CLEAR_LEAD, _TOO_FAR_BEHIND = 4.0, 15.0
_SHORTEST_CLOSE = 7  # names with fewer letters are never matched approximately in passing
_SHORTEST_TYPED = 3
_FAR_BEFORE = 6  # words between "wohne" and the place
_LONGEST_NAME = 4  # words
_MAX_TYPED = 120

_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue"})

@dataclass(frozen=True)
class _Name:
    """One spelling: the town behind it, or the German name of a place without data."""

    key: str
    place: str
    town: Town | None
    strict: bool = False


class TownFinder:
    """Looks towns up for one library; make a new one when the library is swapped."""

    def __init__(self, library: Library) -> None:
        names: dict[str, _Name] = {}
        for town in library.towns:
            for spelling in (town.name, town.slug, *town.aliases):
                for key in _keys(spelling):
                    names.setdefault(key, _Name(key, town.name, town))
        own = {town.name for town in library.towns}
        for name, spellings, strict in _places():
            if name not in own:
                for spelling in (name, *spellings):
                    for key in _keys(spelling):
                        names.setdefault(key, _Name(key, name, None, strict))
        self._names = names
        self._keys = list(names)
        self._close = [key for key, name in names.items() if name.town and len(key) >= _SHORTEST_CLOSE]
        self._rough = [key for key, name in names.items() if not name.strict]

    def typed(self, text: str) -> list[TownMatch]:
        """What the answer to "Which town?" may mean, best first, at most three; empty where nothing is near.

        Where the first is certain it is the only one, and nothing has to be asked.
        """
        text = text[:_MAX_TYPED]
        words = _words(text)
        if not words:
            return []
        whole = " ".join(word.key for word in words)
        if name := self._names.get(whole):
            return [_match(name, text.strip(), certain=True)]
        if (passing := self.in_passing(text)) is not None and passing.certain:
            return [passing]
        found = self._nearest([word.key for word in words], text.strip())
        if any(word.key in DISTRICT for word in words):
            return [replace(match, certain=False) for match in found]
        return found

    def in_passing(self, text: str) -> TownMatch | None:
        """A town named inside a sentence, with high precision: rather none than a wrong one.

        A town with data here wins over a place without; among equals the first named. A place without data is certain
        only where the person says to live there: who asks about a move to Hamburg has not moved.
        """
        words = _words(text)
        found: TownMatch | None = None
        for start in range(len(words)):
            for length in range(min(_LONGEST_NAME, len(words) - start), 0, -1):
                match = self._exactly(words, start, length) or self._closely(words, start, length)
                if match is not None:
                    if match.town is not None and match.certain:
                        return match
                    found = _better(found, match)
                    break
        return found

    def _exactly(self, words: list[_Word], start: int, length: int) -> TownMatch | None:
        piece = words[start:start + length]
        before = words[start - 1].key if start else ""
        written = " ".join(word.written for word in piece)
        for key in _stems(" ".join(word.key for word in piece)):
            name = self._names.get(key)
            if name is not None and self._counts(name, key, before, piece):
                near = words[max(start - _FAR_BEFORE, 0):start + length + 2]
                is_certain = name.town is not None or says_to_live([word.key for word in near])
                return _match(name, written, certain=is_certain)
        return None

    @staticmethod
    def _counts(name: _Name, key: str, before: str, piece: list[_Word]) -> bool:
        """Whether a name inside a sentence is meant as a place."""
        if before in DISTRICT:
            return False
        if len(key) < 3:
            return before in STRICT_BEFORE and piece[0].written.isupper()
        if name.strict:
            return before in STRICT_BEFORE and key == piece[0].key
        return key not in NEVER

    def _closely(self, words: list[_Word], start: int, length: int) -> TownMatch | None:
        piece = words[start:start + length]
        if start == 0 or words[start - 1].key not in BEFORE or length > 2:
            return None
        key = " ".join(word.key for word in piece)
        if len(key) < _SHORTEST_CLOSE or any(word.key in NO_PART for word in piece):
            return None
        allowed = 1 if len(key) < 9 else 2
        best = process.extractOne(key, self._close, scorer=OSA.distance, score_cutoff=allowed)
        if best is None or best[0][0] != key[0]:
            return None
        return _match(self._names[best[0]], " ".join(word.written for word in piece), certain=False)

    def _nearest(self, words: list[str], text: str) -> list[TownMatch]:
        content = [word for word in words if word not in NO_PART or word == "berg"]
        pieces = {" ".join(content[i:i + n]) for n in (1, 2) for i in range(max(len(content) - n + 1, 0))}
        scores: dict[str, float] = {}
        for piece in pieces:
            if len(piece) >= _SHORTEST_TYPED:
                for key, score in self._rated(piece):
                    scores[key] = max(scores.get(key, 0.0), score)
        return self._ranked(scores, text)

    def _rated(self, piece: str) -> Iterator[tuple[str, float]]:
        """Names that look like the piece, and names of which it is the beginning ("berg", "hein")."""
        near = process.extract(piece, self._rough, scorer=fuzz.ratio, limit=8, score_cutoff=_POSSIBLE_SCORE)
        for key, score, _ in near:
            if self._names[key].town or score >= _POSSIBLE_ELSEWHERE:
                yield key, score
        for key in self._rough:
            if any(part.startswith(piece) for part in (key, *key.split()[1:])) and self._names[key].town:
                yield key, _BEGINNING_SCORE + len(piece)

    def _ranked(self, scores: dict[str, float], text: str) -> list[TownMatch]:
        best: dict[str, tuple[float, _Name]] = {}
        for key, score in scores.items():
            name = self._names[key]
            weight = score + (1.0 if name.town else 0.0)
            if name.place not in best or weight > best[name.place][0]:
                best[name.place] = (weight, name)
        ranked = sorted(best.values(), key=lambda item: -item[0])[:_MOST]
        ranked = [item for item in ranked if item[0] > ranked[0][0] - _TOO_FAR_BEHIND]
        if not ranked:
            return []
        lead = ranked[0][0] - (ranked[1][0] if len(ranked) > 1 else 0.0)
        is_clear = ranked[0][0] >= _CERTAIN_SCORE and lead >= _CLEAR_LEAD and len(ranked[0][1].key) >= _SHORTEST_CLOSE
        if is_clear:
            return [_match(ranked[0][1], text, certain=True)]
        return [_match(name, text, certain=False) for _, name in ranked]


@dataclass(frozen=True)
class _Word:
    written: str
    key: str


def _match(name: _Name, written: str, *, certain: bool) -> TownMatch:
    if name.town is None:
        return TownMatch(None, name.place, certain, known=False)
    return TownMatch(name.town, written, certain)


def _better(first: TownMatch | None, second: TownMatch) -> TownMatch:
    if first is None or (second.town is not None and first.town is None):
        return second
    return first


def _words(text: str) -> list[_Word]:
    return [_Word(written, fold(written)) for written in written_words(text)]


def _keys(spelling: str) -> Iterator[str]:
    """The spelling as it is looked up: umlauts as a plain letter and as two, words apart and as one."""
    for variant in (spelling, spelling.casefold().translate(_UMLAUTS)):
        key = " ".join(fold(word) for word in written_words(variant))
        if key:
            yield key
            if " " in key and len(key) > 6:
                yield key.replace(" ", "")


def _stems(key: str) -> Iterator[str]:
    """The word itself, then without an ending or an attached Arabic preposition; only longer words are cut."""
    yield key
    for endings, shortest in ((ENDINGS, 6), (CYRILLIC_ENDINGS, 4)):
        for ending in endings:
            if key.endswith(ending) and len(key) - len(ending) >= shortest:
                yield key[:-len(ending)]
    if key.endswith("зи") and len(key) >= 7:  # the Ukrainian locative of -berg: Вегберг, у Вегберзі
        yield key[:-2] + "г"
    for prefix in ARABIC_PREFIXES:
        if key.startswith(prefix) and len(key) - len(prefix) >= 3:
            yield key[len(prefix):]


@lru_cache(maxsize=1)
def _places() -> tuple[tuple[str, tuple[str, ...], bool], ...]:
    mistakes = Mistakes("places.yml")
    places: list[tuple[str, tuple[str, ...], bool]] = []
    for entry in read_items(PLACES.read_text(encoding="utf-8"), mistakes):
        name = entry.text("name")
        others, strict = tuple(entry.texts("other", required=False)), entry.truth("strict")
        entry.done()
        if name:
            places.append((name, others, strict))
    refuse(mistakes.found)
    return tuple(places)
