"""Details in a message that change the reply: a child's age, a deadline, no papers, a minor alone.

The words are data (`data/entities.yml`); the rules here are the same for all languages. They read the normalised words;
only dates are read from the text as written.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import yaml

from core import clock
from core.errors import ContentError
from nlu.model import Entities
from nlu.normalise import normalise, plain, variants, words

OLDEST_CHILD = 18
_DATE = re.compile(r"(?<!\d)(\d{1,2})\s?[./]\s?(\d{1,2})(?:[./]\s?(\d{4}|\d{2})?)?(?!\d)")
_ISO_DATE = re.compile(r"(?<!\d)(20\d\d)-(\d{1,2})-(\d{1,2})(?!\d)")
_GLUED = re.compile(r"(\d+)([^\W\d_]+)")
_NEAR, _AFTER = 7, 4
_FIXED_TIMES = (("day_after", 2), ("today", 0), ("tomorrow", 1), ("next_week", 7), ("two_days", 2), ("two_weeks", 14),
                ("two_months", 60))

Phrase = tuple[str, ...]


class Lexicon:
    """The phrases of one kind; single words may end in `*`."""

    def __init__(self, listed: Iterable[str]) -> None:
        self.exact: set[Phrase] = set()
        self.beginnings: list[str] = []
        for phrase in listed:
            parts = tuple(words(normalise(phrase.rstrip("*"))))
            if phrase.endswith("*") and len(parts) == 1:
                self.beginnings.append(parts[0])
            elif parts:
                self.exact.add(parts)
        self.longest = max((len(phrase) for phrase in self.exact), default=1)
        self.firsts = frozenset(phrase[0] for phrase in self.exact)

    def length_at(self, said: Sequence[str], at: int) -> int:
        """How many words match here, the longest phrase first; 0 for none."""
        for first in variants(said[at]):
            if first not in self.firsts:
                continue
            for length in range(min(self.longest, len(said) - at), 0, -1):
                if (first, *said[at + 1:at + length]) in self.exact:
                    return length
        return int(any(said[at].startswith(beginning) for beginning in self.beginnings))

    def found_in(self, said: Sequence[str]) -> bool:
        """Whether any of the phrases occurs."""
        return any(self.length_at(said, at) for at in range(len(said)))


@dataclass(frozen=True)
class Words:
    """The words of one language."""

    numbers: Mapping[str, int]
    lists: Mapping[str, Lexicon]
    weekdays: Mapping[str, int]
    months: Mapping[str, int]

    def number(self, word: str) -> int | None:
        """The number a word stands for, in digits or letters."""
        if word.isdigit():
            return int(word) if len(word) <= 4 else None
        return self.numbers.get(word)

    def has(self, kind: str, said: Sequence[str], at: int) -> bool:
        """Whether a phrase of this kind begins here."""
        return 0 <= at < len(said) and bool(self.lists[kind].length_at(said, at))

    def any(self, kind: str, said: Sequence[str]) -> bool:
        """Whether a phrase of this kind occurs."""
        return self.lists[kind].found_in(said)


@dataclass(frozen=True)
class EntityFinder:
    """Reads details with the words of the message's language."""

    languages: Mapping[str, Words]

    def find(self, text: str, language: str) -> Entities:
        """The details of one message; none where the language has no words."""
        vocabulary = self.languages.get(language)
        if vocabulary is None:
            return Entities()
        said = list(_unglued(words(normalise(text))[:120], vocabulary))
        own_age = _own_age(said, vocabulary)
        is_due, days = _deadline(plain(text), said, vocabulary)
        return Entities(
            child_age=_child_age(said, vocabulary, own_age is not None),
            deadline=is_due,
            deadline_days=days,
            without_papers=vocabulary.any("no_papers", said),
            minor_alone=vocabulary.any("minor_alone", said)
            or (own_age is not None and own_age < OLDEST_CHILD and vocabulary.any("alone", said)),
        )


def load_entities(data: Path) -> EntityFinder:
    """Read entities.yml."""
    file = data / "entities.yml"
    try:
        table = yaml.load(file.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)  # noqa: S506 strings only
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise ContentError(f"{file}:{mark.line + 1 if mark else 1}: not YAML") from None
    return EntityFinder({code: _words(parts) for code, parts in table.items()})


def _words(parts: Mapping[str, object]) -> Words:
    lists = {name: Lexicon(listed) for name, listed in parts.items() if isinstance(listed, list)}
    numbers = parts["numbers"]
    weekdays, months = parts["weekdays"], parts["months"]
    if not isinstance(numbers, dict) or not isinstance(weekdays, list) or not isinstance(months, list):
        raise ContentError("entities.yml:1: numbers, weekdays and months have the wrong form")
    return Words(
        {normalise(word): int(value) for word, value in numbers.items()}, lists,
        {normalise(word): at for at, word in enumerate(weekdays)},
        {normalise(word): at for at, word in enumerate(months, start=1)},
    )


def _unglued(said: Sequence[str], of: Words) -> Iterator[str]:
    """"6jährige", "8monate" as two words; Arabizi such as "3omrha" stays whole."""
    for word in said:
        glued = _GLUED.fullmatch(word)
        if glued and any(of.has(kind, [glued[2]], 0) for kind in ("year", "month", "week", "day", "old")):
            yield from glued.groups()
        else:
            yield word


def _own_age(said: Sequence[str], of: Words) -> int | None:
    """The age somebody gives for themselves: "I am 16", "عمري 16 سنة"."""
    for at in range(len(said)):
        length = of.lists["self"].length_at(said, at)
        if length and at + length < len(said):
            age = of.number(said[at + length])
            after = at + length + 1
            if age is not None and 8 <= age <= 80 and not of.has("not_age", said, after):
                return age
    return None


def _child_age(said: Sequence[str], of: Words, self_described: bool) -> int | None:
    ages = [age for at in range(len(said)) if (age := _age_at(said, at, of, self_described)) is not None]
    if ages:
        # Of several children the youngest: school needs no hint, kindergarten does.
        return min(ages)
    return 0 if of.any("baby", said) else None


def _age_at(said: Sequence[str], at: int, of: Words, self_described: bool) -> int | None:
    for kind, age in (("two_years", 2), ("two_months", 0)):
        if of.has(kind, said, at):
            return age if _is_age(said, at, at + 1, of, self_described) else None
    number = of.number(said[at])
    if number is None:
        # "عمره سنة": one year without a number.
        if of.has("year", said, at) and of.has("old", said, at - 1):
            return 1
        return None
    if of.has("year", said, at + 1):
        years, end = number, at + 2
    elif of.has("month", said, at + 1):
        years, end = number // 12, at + 2
    elif _is_bare_age(said, at, of):
        return number if 0 < number <= OLDEST_CHILD else None
    else:
        return None
    if years > OLDEST_CHILD or not _is_age(said, at, end, of, self_described):
        return None
    return years


def _is_age(said: Sequence[str], start: int, end: int, of: Words, self_described: bool) -> bool:
    """Whether a number of years is somebody's age and not a length of time."""
    if of.has("old", said, end) or of.has("old", said, start - 1):
        return not _is_self(said, start, of)
    if of.has("blocks", said, start - 1) or _is_self(said, start, of):
        return False
    if self_described and end - start < 2:
        return False
    around = [*range(max(0, start - _NEAR), start), *range(end, min(len(said), end + _AFTER))]
    return any(of.has("child", said, at) for at in around) or len(said) <= 4


def _is_self(said: Sequence[str], start: int, of: Words) -> bool:
    return any(of.lists["self"].length_at(said, at) == start - at for at in range(max(0, start - 2), start))


def _is_bare_age(said: Sequence[str], at: int, of: Words) -> bool:
    """"she is 4", "عمرها 4", "mein Sohn, 9": a number right after the child, with nothing that counts behind it."""
    if of.has("not_age", said, at + 1) or at == 0:
        return False
    if not said[at].isdigit() and not (of.has("is", said, at - 1) or of.has("old", said, at - 1)):
        return False
    if of.has("week", said, at + 1) or of.has("day", said, at + 1):
        return False
    if of.has("old", said, at - 1):
        return not _is_self(said, at, of)
    if said[at] in {"1", "2"} and at + 1 < len(said) and not of.has("is", said, at - 1):
        return False
    back = at - 1
    while back >= 0 and of.has("is", said, back):
        back -= 1
    return back >= 0 and of.has("child", said, back) and not of.has("blocks", said, at - 1)


def _deadline(text: str, said: Sequence[str], of: Words) -> tuple[bool, int | None]:
    """Whether a deadline is mentioned, and in how many days it ends (0: today or past)."""
    if of.any("over", said):
        return True, 0
    is_due = of.any("due", said)
    times = _times(said, of)
    close = [days for days, at in times if _has_until(said, at, of)]
    if close:
        return True, min(close)
    dates = _dates(text, clock.today())
    if dates and (is_due or of.any("until", said)):
        return True, max(0, min(dates))
    if is_due and times:
        return True, min(days for days, _ in times)
    return _names_deadline(said, of), None


def _names_deadline(said: Sequence[str], of: Words) -> bool:
    """The word for deadline itself counts without a date."""
    return of.any("deadline_words", said)


def _has_until(said: Sequence[str], at: int, of: Words) -> bool:
    """"bis", "within", "خلال" before a time, at most two words away."""
    return any(of.lists["until"].length_at(said, back) and back < at for back in range(max(0, at - 3), at))


def _times(said: Sequence[str], of: Words) -> list[tuple[int, int]]:
    """Days from today and position of every time that is named."""
    today = clock.today()
    found: list[tuple[int, int]] = []
    for at, word in enumerate(said):
        for kind, days in _FIXED_TIMES:
            if of.has(kind, said, at) and not of.has("blocks_before", said, at - 1):
                found.append((days, at))
                break
        else:
            if of.has("month_end", said, at):
                found.append((calendar.monthrange(today.year, today.month)[1] - today.day, at))
            elif word in of.weekdays:
                found.append(((of.weekdays[word] - today.weekday()) % 7, at))
            elif (days_named := _length(said, at, of)) is not None or (
                    days_named := _day_of_month(said, at, of, today)) is not None:
                found.append((days_named, at))
    return found


def _length(said: Sequence[str], at: int, of: Words) -> int | None:
    """"14 Tage", "one week", "أسبوع" in days; not where it is somebody's age."""
    if of.has("blocks_before", said, at - 1):
        return None
    number = of.number(said[at])
    unit_at = at + 1
    if number is None:
        number, unit_at = 1, at
        if at and of.number(said[at - 1]) is not None:
            return None
        # A unit alone counts only where the language needs no article ("خلال أسبوع", "by next week" is named apart).
        if not ("\u0600" <= said[at][0] <= "\u06ff"):
            return None
    if of.has("old", said, unit_at + 1) or of.has("ago", said, unit_at + 1):
        return None
    for kind, days in (("day", 1), ("week", 7), ("month", 30)):
        if of.has(kind, said, unit_at):
            return number * days
    return None


def _day_of_month(said: Sequence[str], at: int, of: Words, today: date) -> int | None:
    """"3 Dezember", "December 3"; days from today, never negative."""
    month = of.months.get(said[at])
    if month is None:
        return None
    for other in (at - 1, at + 1, at - 2):
        if 0 <= other < len(said):
            day = re.match(r"(\d{1,2})", said[other])
            if day and 1 <= int(day[1]) <= 31:
                return _days_until(int(day[1]), month, None, today)
    return None


def _dates(text: str, today: date) -> list[int]:
    found = [_days_until(int(day), int(month), int(year) if year else None, today)
             for day, month, year in _DATE.findall(text)]
    found += [_days_until(int(day), int(month), int(year), today) for year, month, day in _ISO_DATE.findall(text)]
    return [days for days in found if days is not None]


def _days_until(day: int, month: int, year: int | None, today: date) -> int | None:
    """Days from today; without a year the next such day, unless it was less than two months ago: then it is past."""
    try:
        if year is not None:
            return max(0, (date(year + 2000 if year < 100 else year, month, day) - today).days)
        days = (date(today.year, month, day) - today).days
        if days < -60:
            days = (date(today.year + 1, month, day) - today).days
    except ValueError:
        return None
    return max(0, days)
