"""One normal form for what people type, alike in training and in use.

The aim is that the same word meets itself: with and without capitals, diacritics, vowel signs or an apostrophe, on an
Arabic, Persian or Latin keyboard, shouted or stretched. Nothing here depends on the language of a message, because the
language is guessed from the same text.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

LONGEST = 600
"""Characters of a message that are read. Of a longer one the beginning and the end are kept: needs stand there."""
_TAIL = 200

_URL = re.compile(r"(?:https?://|www\.)\S+|\b[\w-]+\.(?:de|com|org|net|eu|nrw|info)(?:/\S*)?\b", re.IGNORECASE)
_MAIL = re.compile(r"\b[\w.+-]+@[\w-]+(?:\.[\w-]+)+\b")
_HANDLE = re.compile(r"(?<!\w)@\w{3,}")
_PHONE = re.compile(r"(?<!\w)(?:\+|00)\d[\d ()/.-]{6,}\d|(?<!\w)0\d{2,5}[ /-]?\d[\d -]{3,}\d")
_LONG_NUMBER = re.compile(r"\d{5,}")
_APOSTROPHES = re.compile(r"(?<=\w)['\u2019\u2018\u02bc\u02bb\u00b4`\u2032\uff07](?=\w)")
_STRETCHED = re.compile(r"([^\W\d_])\1{2,}")
_NOT_A_WORD = re.compile(r"[^\w?]+|_+")
_QUESTION = re.compile(r"\s*\?[\s?]*")
_UMLAUT_IN_TWO = re.compile(r"([ao])e(?![aeiou])|(?<![aeq])(u)e(?![aeiou])")

# Letters that Unicode does not take apart, but that people use for one another.
_LETTERS = str.maketrans({
    "\u0131": "i",  # Turkish dotless i: capital I is its capital as well, so all four meet at "i".
    "\u0142": "l", "\u00f8": "o", "\u0111": "d", "\u00e6": "a", "\u0153": "o", "\u00df": "ss", "\u0259": "e",
    "\u0640": "",  # tatweel
    "\u0649": "\u064a", "\u06cc": "\u064a", "\u06d2": "\u064a", "\u0626": "\u064a",  # forms of ya
    "\u06a9": "\u0643", "\u06aa": "\u0643",  # kaf
    # ta marbuta and forms of ha
    "\u0629": "\u0647", "\u06c0": "\u0647", "\u06c1": "\u0647", "\u06be": "\u0647", "\u06d5": "\u0647",
    "\u0671": "\u0627", "\u0624": "\u0648", "\u0621": "",  # alif wasla, waw with hamza, hamza alone
    "\u0491": "\u0433", "\u0451": "\u0435",  # ghe with upturn, yo
    "\u060c": " ", "\u061b": " ", "\u061f": "?", "\u00a7": " paragraf ",
})
# Short e of Cyrillic falls to i when marks are stripped; that is the same in training and use.
_KEPT_APART = {"\u0439": "\ue000"}


def plain(text: str) -> str:
    """Cut to length, compatibility forms unified, invisible and control characters and emoji gone; case is kept."""
    if len(text) > LONGEST:
        text = f"{text[: LONGEST - _TAIL]} {text[-_TAIL:]}"
    return "".join(map(_visible, unicodedata.normalize("NFKC", text))).strip()


@lru_cache(maxsize=4096)
def _visible(char: str) -> str:
    """The character itself, a space for white space, pictures and private characters, nothing for invisible ones."""
    category = unicodedata.category(char)
    if category == "Cf":
        return ""
    if category in {"Cc", "Cs", "Co", "Cn", "So", "Sk", "Zs", "Zl", "Zp"}:
        return char if char in "\u00b4`" else " "
    if category == "Nd":
        return str(unicodedata.decimal(char))
    return char


def with_placeholders(text: str) -> str:
    """Links, addresses, telephone numbers and long numbers become words; their digits say nothing about the topic."""
    if "." in text or "@" in text:
        text = _MAIL.sub(" xmail ", text)
        text = _URL.sub(" xlink ", text)
        text = _HANDLE.sub(" xname ", text)
    if any(char.isdigit() for char in text):
        text = _PHONE.sub(" xphone ", text)
        text = _LONG_NUMBER.sub(" xnumber ", text)
    return text


def fold(text: str) -> str:
    """Lower case without diacritics; Arabic and Persian letter forms unified."""
    text = text.replace("\u0130", "i").casefold().translate(_LETTERS)
    if text.isascii():
        return text
    for letter, stand_in in _KEPT_APART.items():
        text = text.replace(letter, stand_in)
    text = "".join(char for char in unicodedata.normalize("NFD", text) if unicodedata.category(char) != "Mn")
    for letter, stand_in in _KEPT_APART.items():
        text = text.replace(stand_in, letter)
    return text.translate(_LETTERS)


def normalise(text: str) -> str:
    """The normal form: words of letters and digits, one space between them, a question mark as a word of its own."""
    text = with_placeholders(plain(text))
    text = fold(_APOSTROPHES.sub("", text))
    text = _STRETCHED.sub(r"\1", text)
    text = _NOT_A_WORD.sub(" ", text)
    text = _UMLAUT_IN_TWO.sub(r"\1\2", text)
    text = _QUESTION.sub(" ? ", text)
    return " ".join(text.split())


def words(text: str) -> list[str]:
    """The words of a normalised text, without the question mark."""
    return [word for word in text.split() if word != "?"]


@lru_cache(maxsize=16384)
def variants(word: str) -> tuple[str, ...]:
    """A normalised word, and for Arabic also without "and", "to", "by" and the article glued to it."""
    if not ("\u0620" <= word[:1] <= "\u064a") or len(word) < 4:
        return (word,)
    return (word, *(word[len(prefix):] for prefix in ("\u0648", "\u0644", "\u0628", "\u0641", "\u0627\u0644")
                    if word.startswith(prefix)))


_VOWEL_SIGNS = re.compile("[\u064b-\u065f\u0670\u0640]")


def spelled(text: str) -> str:
    """A lighter form for telling languages apart: lower case, diacritics kept, digits kept only inside words."""
    text = with_placeholders(plain(text))
    for placeholder in ("xmail", "xlink", "xname", "xphone", "xnumber"):
        text = text.replace(placeholder, " ")
    text = text.replace("\u0130", "i").lower()
    text = _STRETCHED.sub(r"\1", _APOSTROPHES.sub("'", text))
    text = _VOWEL_SIGNS.sub("", text)
    kept = [word for word in re.sub(r"[^\w\s']|_", " ", text).split() if not word.isdigit()]
    return " ".join(kept)
