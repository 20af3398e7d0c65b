"""Words and letters around the names of towns: what stands before them, what is attached, what is never one."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

_LETTERS = str.maketrans({
    "ß": "ss", "ø": "o", "ł": "l", "ı": "i", "æ": "ae",
    "أ": "ا", "إ": "ا", "آ": "ا", "ٱ": "ا", "ى": "ي", "ی": "ي", "ې": "ي", "ئ": "ي", "ک": "ك", "گ": "غ", "ڭ": "ك",
    "ج": "غ", "چ": "ج", "ة": "ه", "ؤ": "و", "ۆ": "و", "پ": "ب", "ڤ": "ف", "ژ": "ز", "ـ": "",
    "ё": "е", "э": "е", "є": "е", "ї": "и", "і": "и", "ы": "и", "й": "и", "ґ": "г", "ъ": "", "ь": "",
})
_DROPPED = re.compile("[\u064b-\u065f\u0670\u0300-\u036f\u200b-\u200f\u061c\u2060-\u2069\ufeff\u00ad]")
_WORD = re.compile(r"[^\W_]+")


def fold(text: str) -> str:
    """Letters made comparable: lower case, without diacritics, one letter for the variants of a script."""
    text = unicodedata.normalize("NFKC", text).casefold().translate(_LETTERS)
    return _DROPPED.sub("", unicodedata.normalize("NFD", text)).translate(_LETTERS)


def written_words(text: str) -> list[str]:
    """The words of a text as they were written, without invisible characters."""
    return _WORD.findall(_DROPPED.sub("", unicodedata.normalize("NFC", text)))


def says_to_live(words: Sequence[str]) -> bool:
    """Whether folded words say that somebody lives somewhere: `wir wohnen`, but not `darf ich dort wohnen`."""
    if any(word in _LIVING for word in words):
        return True
    threes = zip(["", *words], words, words[1:], strict=False)
    return any(verb in _LIVING_PLURAL and subject in _SUBJECTS and before not in _ASKING
               for before, subject, verb in threes)


def _folded(*lines: str) -> frozenset[str]:
    return frozenset(fold(word) for line in lines for word in line.split())


# Words right before a town; a close spelling counts only after one of them.
BEFORE = _folded(
    "in aus nach bei von stadt gemeinde ort wohnort near from to at live town city im",
    "a à de ville dans chez depuis sehir şehir ilçe",
    "в во из у до з із зі під біля город місто місті городе под около",
    "في من الي إلى مدينة بمدينة قرب در از شهر به نزدیک")
# After one of these a name means the whole district, and the town is still open.
DISTRICT = _folded("kreis kreises landkreis district")
# The words after which a name that is also an ordinary word (Essen, Hamm) is meant as a town.
STRICT_BEFORE = _folded("in aus stadt from в из у з في من مدينة در از شهر")
# Who says one of these lives in the place that is named; the others may only want to go there.
_LIVING = _folded("wohne lebe habite habitons oturuyorum yaşıyorum ساكن ساكنة ساكنين عايش عايشة عايشين",
                  "живу живем живём живемо мешкаю мешкаємо проживаю")
_LIVING_PLURAL, _SUBJECTS = _folded("wohnen leben live"), _folded("wir we i")
_ASKING = _folded("can could may must should do können dürfen müssen sollen")
# What people put around the answer to "Which town?".
_FILLERS = _folded(
    "ich wohne lebe bin komme wir wohnen leben sind jetzt die der das den dem ein eine mein meine bitte hallo danke",
    "nicht weiss kein keine plan nein ja egal i we am is my the live living hello hi town j habite je vis",
    "oturuyorum yaşıyorum ben انا نحن اسكن ساكن ساكنه اعيش عايش نسكن الان مدينه من در شهر زندگی میکنم هستم",
    "я мы ми живу живем живемо живём проживаю мешкаю зараз сейчас")
# Ordinary words that come close to a name, or equal a part of one.
NEVER = _folded(
    "essen wasser wassers berg berge bergen gang gangen gangs gangel garten kirche kirchen weg wege werk meer meere",
    "busch wald walde selbst selfie heim heimat wehr hand sand heil baal weinberg heinz himmel hafen bergbau bergbahn",
    "gelten gelernt geleistet angelt mangelt wassermelone wegwerfen weggeworfen kommen kamen werne")
NO_PART = BEFORE | DISTRICT | _FILLERS | NEVER

ENDINGS = ("s", "er", "ern", "de", "da", "te", "ta", "den", "dan", "ten", "tan", "e", "a", "i", "in", "un", "nin", "ye",
           "ya")
CYRILLIC_ENDINGS = ("а", "е", "у", "и", "ом", "ем", "ою", "ский", "ском")
ARABIC_PREFIXES = ("وب", "و", "ب", "ل", "ف", "لل", "بال", "ال")
