"""Finding the town in what a person wrote: as the answer to "Which town?", or in passing inside a sentence.

Names are compared as sound skeletons of letters: no capitals, no diacritics, the Arabic and Cyrillic variants of a letter
made one. In passing only exact names (also with an ending or an attached preposition) count, and close spellings only
right after a word such as "in"; a common word is never a town. The typed answer may be further off, and then is marked
as uncertain so that the bot asks.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from rapidfuzz import fuzz, process
from rapidfuzz.distance import OSA

from knowledge.library import Library
from knowledge.located import Mistakes, read_items
from knowledge.mistakes import refuse
from knowledge.model import Town, TownMatch

PLACES = Path(__file__).parent / "content" / "places.yml"

_MOST = 3
_CERTAIN_SCORE, _POSSIBLE_SCORE, _CLEAR_LEAD = 90.0, 72.0, 4.0
_SHORTEST_CLOSE = 6  # names with fewer letters are never matched approximately in passing
_LONGEST_NAME = 4  # words
_MAX_TYPED = 120

_LETTERS = str.maketrans({
    "ß": "ss", "ø": "o", "ł": "l", "ı": "i", "æ": "ae",
    "أ": "ا", "إ": "ا", "آ": "ا", "ٱ": "ا", "ى": "ي", "ی": "ي", "ې": "ي", "ئ": "ي", "ک": "ك", "گ": "غ", "ڭ": "ك", "ج": "غ",
    "چ": "ج", "ة": "ه", "ؤ": "و", "ۆ": "و", "پ": "ب", "ڤ": "ف", "ژ": "ز", "ـ": "",
    "ё": "е", "э": "е", "є": "е", "ї": "и", "і": "и", "ы": "и", "й": "и", "ґ": "г", "ъ": "", "ь": "",
})
_DROPPED = re.compile("[\u064b-\u065f\u0670\u0300-\u036f\u200b-\u200f\u061c\u2060-\u2069\ufeff\u00ad]")
_WORD = re.compile(r"[^\W_]+")
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue"})

_BEFORE: frozenset[str] = frozenset((
    "in aus nach bei von stadt gemeinde ort wohnort raum kreis near from to at live town city im "
    "a à de ville dans chez depuis "
    "в во из у до з із зі під біля город город місто місті городе город под около "
    "في من الي إلى مدينة بمدينة قرب در از شهر به نزدیک "
    "sehir şehir ilçe").split())
_STRICT_BEFORE = frozenset({"in", "aus", "stadt", "from", "в", "из", "у", "з", "في", "من", "مدينة", "در", "از", "شهر"})
_ENDINGS = ("s", "er", "ern", "de", "da", "te", "ta", "den", "dan", "ten", "tan", "e", "a", "i", "in", "un", "nin", "ye", "ya",
            "а", "е", "у", "и", "ом", "ем", "ою", "і", "ский", "ском")
_ARABIC_PREFIXES = ("وب", "و", "ب", "ل", "ف", "لل", "بال", "ال")
# Ordinary words that come close to a name, or equal a part of one.
_NEVER = frozenset((
    "essen wasser wassers berg berge bergen gang gangen gangs gangel garten kirche kirchen weg wege werk meer meere busch "
    "wald walde selbst selfie heim heimat wehr hand sand heil baal weinberg heinz himmel hafen bergbau bergbahn "
    "gelten gelernt geleistet angelt mangelt gangelten wassermelone wegwerfen weggeworfen "
    "kommen kamen werne").split())


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
        self._close = [key for key, name in names.items() if len(key.replace(" ", "")) >= _SHORTEST_CLOSE and not name.strict]

    def typed(self, text: str) -> list[TownMatch]:
        """What the answer to "Which town?" may mean, best first, at most three; empty where nothing is near.

        A single certain match means that nothing has to be asked.
        """
        text = text[:_MAX_TYPED]
        words = _words(text)
        if not words:
            return []
        whole = " ".join(word.key for word in words)
        if name := self._names.get(whole):
            return [_match(name, text.strip(), certain=True)]
        if (found := self.in_passing(text)) is not None and found.certain:
            return [found]
        return self._nearest([word.key for word in words], text.strip())

    def in_passing(self, text: str) -> TownMatch | None:
        """A town named inside a sentence, with high precision: rather none than a wrong one.

        A town with data here wins over a place without; among equals the first named.
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
            if name is not None and (len(words) == length or self._counts(name, key, before, piece)):
                return _match(name, written, certain=True)
        return None

    @staticmethod
    def _counts(name: _Name, key: str, before: str, piece: list[_Word]) -> bool:
        """Whether a name inside a sentence is meant as a place."""
        if len(key) < 3:
            return before in _STRICT_BEFORE and piece[0].written.isupper()
        if name.strict:
            return before in _STRICT_BEFORE and key == piece[0].key
        return key not in _NEVER

    def _closely(self, words: list[_Word], start: int, length: int) -> TownMatch | None:
        if start == 0 or words[start - 1].key not in _BEFORE or length > 2:
            return None
        piece = words[start:start + length]
        key = " ".join(word.key for word in piece)
        if len(key) < _SHORTEST_CLOSE or any(word.key in _NEVER for word in piece):
            return None
        allowed = 1 if len(key) < 9 else 2
        best = process.extractOne(key, self._close, scorer=OSA.distance, score_cutoff=allowed)
        if best is None or best[0][0] != key[0]:
            return None
        return _match(self._names[best[0]], " ".join(word.written for word in piece), certain=False)

    def _nearest(self, words: list[str], text: str) -> list[TownMatch]:
        content = [word for word in words if word not in _BEFORE and word not in _FILLERS]
        pieces = {" ".join(content[i:i + n]) for n in (1, 2) for i in range(max(len(content) - n + 1, 0))}
        scores: dict[str, float] = {}
        for piece in pieces:
            if len(piece) < 3 or piece in _NEVER:
                continue
            for key, score, _ in process.extract(piece, self._keys, scorer=fuzz.ratio, limit=6,
                                                 score_cutoff=_POSSIBLE_SCORE):
                if len(key) > 3 or key == piece:
                    scores[key] = max(scores.get(key, 0.0), score)
            for key in self._keys:
                if len(key) > len(piece) and any(part.startswith(piece) for part in (key, *key.split()[1:])):
                    scores[key] = max(scores.get(key, 0.0), _POSSIBLE_SCORE + len(piece))
        return self._ranked(scores, text)

    def _ranked(self, scores: dict[str, float], text: str) -> list[TownMatch]:
        best: dict[str, tuple[float, _Name]] = {}
        for key, score in scores.items():
            name = self._names[key]
            weight = score + (1.0 if name.town else 0.0)
            if name.place not in best or weight > best[name.place][0]:
                best[name.place] = (weight, name)
        ranked = sorted(best.values(), key=lambda item: -item[0])[:_MOST]
        if not ranked:
            return []
        lead = ranked[0][0] - (ranked[1][0] if len(ranked) > 1 else 0.0)
        is_clear = ranked[0][0] >= _CERTAIN_SCORE and lead >= _CLEAR_LEAD and len(ranked[0][1].key) >= _SHORTEST_CLOSE
        return [_match(name, text, certain=is_clear and place == 0) for place, (_, name) in enumerate(ranked)]


@dataclass(frozen=True)
class _Word:
    written: str
    key: str


_FILLERS: frozenset[str] = frozenset((
    "ich wohne lebe bin komme wir wohnen leben sind jetzt die der das den dem ein eine mein meine i we am is my the live living "
    "j habite je vis a à oturuyorum yasiyorum ben bitte hallo hello hi stadt town "
    "انا أنا نحن اسكن أسكن ساكن ساكنه اعيش عايش نسكن الان مدينه "
    "من در شهر زندغي ميكنم هستم "
    "я мы ми живу живем живемо живём проживаю мешкаю зараз сейчас").split())


def _match(name: _Name, written: str, *, certain: bool) -> TownMatch:
    if name.town is None:
        return TownMatch(None, name.place, certain, known=False)
    return TownMatch(name.town, written, certain)


def _better(first: TownMatch | None, second: TownMatch) -> TownMatch:
    if first is None or (second.town is not None and first.town is None):
        return second
    return first


def fold(text: str) -> str:
    """Letters made comparable: lower case, without diacritics, one letter for the variants of a script."""
    text = unicodedata.normalize("NFKC", text).casefold().translate(_LETTERS)
    return _DROPPED.sub("", unicodedata.normalize("NFD", text)).translate(_LETTERS)


def _words(text: str) -> list[_Word]:
    return [_Word(written, fold(written)) for written in _WORD.findall(_DROPPED.sub("", unicodedata.normalize("NFC", text)))]


def _keys(spelling: str) -> Iterator[str]:
    """The spelling as it is looked up: umlauts as a plain letter and as two, words apart and as one."""
    for variant in (spelling, spelling.casefold().translate(_UMLAUTS)):
        key = " ".join(fold(word) for word in _WORD.findall(variant))
        if key:
            yield key
            if " " in key and len(key) > 6:
                yield key.replace(" ", "")


def _stems(key: str) -> Iterator[str]:
    """The word itself, then without an ending or an attached Arabic preposition; only longer words are cut."""
    yield key
    for ending in _ENDINGS:
        if key.endswith(ending) and len(key) - len(ending) >= 6:
            yield key[:-len(ending)]
    for prefix in _ARABIC_PREFIXES:
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


def _fold_all(words: Iterable[str]) -> frozenset[str]:
    return frozenset(fold(word) for word in words)


_BEFORE, _STRICT_BEFORE, _NEVER, _FILLERS = map(_fold_all, (_BEFORE, _STRICT_BEFORE, _NEVER, _FILLERS))
