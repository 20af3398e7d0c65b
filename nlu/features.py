"""What the linear model sees of a message: words, stems, skip-pairs, character n-grams and a sound skeleton.

Every feature is a 64-bit number, made with vectorised arithmetic instead of strings: the vocabulary of eight languages
then fits into a sorted array of a few megabytes, and a message is read in a fraction of a millisecond.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING
from zlib import crc32

import numpy as np
import snowballstemmer
from numpy.typing import NDArray

from nlu.normalise import normalise, words

if TYPE_CHECKING:
    from scipy import sparse

Hashes = NDArray[np.uint64]
Floats = NDArray[np.float32]

GROUPS: tuple[tuple[str, float], ...] = (("word", 0.8), ("stem", 0.8), ("pair", 0.9), ("char", 2.0), ("sound", 1.3))
"""The groups and their weights. Each group of a message is brought to length one, then multiplied by its weight."""

MOST_WORDS = 70
_PRIME = np.uint64(0x100000001B3)
_MIX = np.uint64(0x9E3779B97F4A7C15)
_STEMMERS = {"de": "german", "en": "english", "fr": "french", "tr": "turkish", "ar": "arabic", "ru": "russian",
             "uk": "russian"}

# The skeleton writes every script in a few consonant classes, so that a word meets its Latin-letter spelling, its
# transliteration ("اوسلندر بهورده", "термин") and most of its misspellings.
_SOUNDS = {
    "b": "بbپpвفвfvwбп", "d": "دdtтتطдضظذ", "s": "سصزsßzzцсзثcçشжшщчچجj", "k": "كقkqgغгкگخحxхh7", "m": "mمм",
    "n": "nنн", "r": "rرр", "l": "lلл",
}
_DIGRAPHS = {"sch": "s", "tsch": "s", "sh": "s", "ch": "s", "kh": "k", "gh": "k", "th": "d", "ph": "b", "ck": "k",
             "tz": "s", "dh": "d", "zh": "s", "ts": "s"}


def _sound_table() -> dict[int, str]:
    table: dict[int, str] = {}
    for sound, letters in _SOUNDS.items():
        for letter in letters:
            table.setdefault(ord(letter), sound)
    return table


_SOUND_OF = _sound_table()


@lru_cache(maxsize=65536)
def skeleton(word: str) -> str:
    """The consonant classes of a word without doublings; vowels, semivowels and throat sounds are left out."""
    if word.isascii():
        for pair, sound in _DIGRAPHS.items():
            if pair in word:
                word = word.replace(pair, sound)
    sounds: list[str] = []
    for char in word:
        mapped = _SOUND_OF.get(ord(char))
        if mapped and (not sounds or sounds[-1] != mapped):
            sounds.append(mapped)
    return "".join(sounds)


@lru_cache(maxsize=65536)
def stem(word: str, language: str) -> str:
    """The stem by script: Arabic and Cyrillic words have one stemmer, Latin ones that of the message's language."""
    first = word[0]
    if "\u0600" <= first <= "\u06ff":
        language = "ar"
    elif "\u0400" <= first <= "\u04ff":
        language = "ru"
    elif language not in {"de", "en", "fr", "tr"}:
        language = "en"
    return str(_stemmer(language).stemWord(word))


@lru_cache(maxsize=16)
def _stemmer(language: str) -> snowballstemmer.stemmer:
    return snowballstemmer.stemmer(_STEMMERS[language])


@lru_cache(maxsize=65536)
def _number(text: str) -> int:
    raw = text.encode()
    return crc32(raw) << 32 | crc32(raw[::-1])


def hashes_of(strings: Sequence[str]) -> Hashes:
    """Numbers of whole words."""
    return np.array([_number(text) for text in strings], dtype=np.uint64)


def ngrams(text: str, shortest: int, longest: int) -> Hashes:
    """Numbers of all character n-grams of a text; n itself is part of the number."""
    codes = np.frombuffer(text.encode("utf-32-le"), dtype=np.uint32).astype(np.uint64) * _MIX
    found: list[Hashes] = []
    rolling = codes
    for size in range(1, min(longest, len(codes)) + 1):
        if size > 1:
            rolling = (rolling[:-1] ^ (rolling[:-1] >> np.uint64(29))) * _PRIME + codes[size - 1:]
        if size >= shortest:
            found.append(rolling * _MIX + np.uint64(size))
    return np.concatenate(found) if found else np.empty(0, dtype=np.uint64)


def groups_of(normal: str, language: str) -> list[Hashes]:
    """The features of a normalised text, one array per group in the order of GROUPS; repeated ones stay repeated."""
    text_words = words(normal)[:MOST_WORDS]
    stems = [stem(word, language) for word in text_words]
    stem_hashes = hashes_of(stems)
    pairs = [stem_hashes[:-gap] * _PRIME + (stem_hashes[gap:] ^ (stem_hashes[gap:] >> np.uint64(31)))
             for gap in (1, 2, 3) if len(stem_hashes) > gap]
    sounds = " ".join(skeleton(word) for word in text_words)
    found = [
        hashes_of(text_words + ["?"] * ("?" in normal)),
        stem_hashes,
        np.concatenate(pairs) if pairs else np.empty(0, dtype=np.uint64),
        ngrams(f" {' '.join(text_words)} ", 2, 5),
        ngrams(f" {sounds} ", 3, 6),
    ]
    return [(hashes ^ np.uint64(number + 1)) * _MIX for number, hashes in enumerate(found)]


@dataclass(frozen=True)
class Vocabulary:
    """The features known from training: their numbers in order, how rare each is, and its group."""

    numbers: Hashes
    rarity: Floats
    group: NDArray[np.uint8]
    weights: Floats

    @classmethod
    def learn(cls, rows: Sequence[list[Hashes]], *, at_least: int = 2,
              weights: Sequence[float] | None = None) -> Vocabulary:
        """Keep what occurs in at least so many rows."""
        numbers: list[Hashes] = []
        counts: list[NDArray[np.int64]] = []
        group: list[NDArray[np.uint8]] = []
        for index in range(len(rows[0])):
            per_row = [np.unique(row[index]) for row in rows]
            found, times = np.unique(np.concatenate(per_row), return_counts=True)
            kept = times >= at_least
            numbers.append(found[kept])
            counts.append(times[kept])
            group.append(np.full(int(kept.sum()), index, dtype=np.uint8))
        every = np.concatenate(numbers)
        order = np.argsort(every)
        rarity = np.log((1 + len(rows)) / (1 + np.concatenate(counts))) + 1
        chosen = [weight for _, weight in GROUPS] if weights is None else list(weights)
        return cls(every[order], rarity[order].astype(np.float32), np.concatenate(group)[order],
                   np.array(chosen, dtype=np.float32))

    def __len__(self) -> int:
        return len(self.numbers)

    def weigh(self, row: list[Hashes]) -> tuple[NDArray[np.int64], Floats]:
        """Columns and values of one message: (1 + log count) times rarity, each group scaled to its weight."""
        found, times = np.unique(np.concatenate(row), return_counts=True)
        at = np.searchsorted(self.numbers, found)
        at[at == len(self.numbers)] = 0
        known = self.numbers[at] == found
        columns = at[known]
        values = (1 + np.log(times[known])).astype(np.float32) * self.rarity[columns]
        group = self.group[columns]
        lengths = np.sqrt(np.bincount(group, weights=values * values, minlength=len(self.weights)))
        scale = self.weights / np.maximum(lengths, 1e-9).astype(np.float32)
        return columns, values * scale[group]

    def matrix(self, rows: Sequence[list[Hashes]]) -> sparse.csr_matrix:
        """The weighed rows as one sparse matrix; only training needs it, and with it the library."""
        from scipy import sparse

        columns: list[NDArray[np.int64]] = []
        values: list[Floats] = []
        ends = [0]
        for row in rows:
            at, value = self.weigh(row)
            columns.append(at)
            values.append(value)
            ends.append(ends[-1] + len(at))
        shape = (len(rows), len(self.numbers))
        return sparse.csr_matrix((np.concatenate(values), np.concatenate(columns).astype(np.int32), ends), shape=shape)


def read(text: str, language: str) -> list[Hashes]:
    """Normalise a message and take its features."""
    return groups_of(normalise(text), language)
