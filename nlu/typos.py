"""Artificial typing mistakes for training: people write on small keyboards, fast, in a script they are learning."""

from __future__ import annotations

import random

_NEIGHBOURS = {
    "a": "sqe", "b": "vnp", "c": "xks", "d": "sft", "e": "wria", "f": "gvw", "g": "fhk", "h": "gj",
    "i": "uoe", "j": "hi", "k": "lgc", "l": "kr", "m": "n", "n": "m", "o": "ipu", "p": "ob",
    "q": "k", "r": "el", "s": "zcd", "t": "rd", "u": "io", "v": "wfb", "w": "vf", "x": "s",
    "y": "ij", "z": "st", "ا": "ى", "ت": "طث", "ط": "ت", "س": "صش", "ص": "س", "ض": "ظد",
    "ظ": "ضز", "د": "ضذ", "ذ": "دز", "ز": "ذ", "ق": "كغ", "ك": "ق", "ح": "هخ", "ه": "ح",
    "ث": "تس", "ج": "حچ", "غ": "قع", "ع": "ا", "ي": "ى", "و": "ر", "ر": "و", "ب": "ي",
    "ن": "ت", "о": "а", "а": "о", "е": "и", "и": "еы", "і": "и", "ы": "и", "т": "д",
    "д": "т", "б": "п", "п": "б", "з": "с", "с": "з", "ш": "щ", "щ": "ш", "в": "ф",
    "г": "х", "к": "г",
}


def misspell(text: str, dice: random.Random, rate: float = 0.06) -> str:
    """A copy with letters dropped, doubled, swapped or hit beside, at the rate per letter; at least one mistake."""
    letters = list(text)
    places = [at for at, char in enumerate(letters) if char.isalpha()]
    if len(places) < 4:
        return text
    count = max(1, round(rate * len(places)))
    for at in sorted(dice.sample(places, min(count, len(places))), reverse=True):
        _spoil(letters, at, dice)
    if dice.random() < 0.15 and " " in letters:
        del letters[dice.choice([at for at, char in enumerate(letters) if char == " "])]
    return "".join(letters)


def _spoil(letters: list[str], at: int, dice: random.Random) -> None:
    kind = dice.random()
    char = letters[at]
    if kind < 0.35:
        del letters[at]
    elif kind < 0.5:
        letters.insert(at, char)
    elif kind < 0.7 and at + 1 < len(letters):
        letters[at], letters[at + 1] = letters[at + 1], char
    else:
        letters[at] = dice.choice(_NEIGHBOURS.get(char.lower(), char))
