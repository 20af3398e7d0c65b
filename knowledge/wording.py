"""What the words of one answer must hold to: length, marks, links, numbers, plain language.

These checks look at one file alone. What compares files stands in `check.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date
from itertools import combinations

from core import clock
from knowledge.answers import AnswerFile, describe_problems
from knowledge.mistakes import Mistake
from knowledge.model import Answer, Figure, Topic

LONGEST_DO = 900
LONGEST_SECTION = 1200
LONGEST_MESSAGE = 1800
LONGEST_SENTENCE = 24
LONGEST_MEAN = 14.0
# Two sections that share more than this part of their five-letter pieces say the same; ordinary pairs of one answer,
# which share their office words, stay under 0.4.
TOO_ALIKE = 0.5
_PIECE = 5

_LINK = re.compile(r"\[([^\]]*)\]\(([^)]*)\)")
_HTML = re.compile(r"</?[A-Za-z!][^>]*>|<!--")
_FORBIDDEN_LINES = (
    (re.compile(r"#{1,6}\s"), "a heading has no place inside a section; use **bold**"),
    (re.compile(r"\s*\|"), "a table cannot be shown in a chat; use a list"),
    (re.compile(r"\s*>\s"), "a quotation mark `>` at the beginning of a line is not shown; remove it"),
    (re.compile(r"\s*(?:```|~~~)"), "code blocks are not shown; remove them"),
    (re.compile(r"\s*(?:-{3,}|\*{3,}|_{3,})\s*$"), "a ruled line is not shown; remove it"),
)
_IMAGE = re.compile(r"!\[")
_INVISIBLE = re.compile("[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u200b\u200e\u200f\u202a-\u202e"
                        "\u2060-\u2064\u2066-\u206f\ufeff\ufff9-\ufffb]")
_DIGIT = "0-9\u0660-\u0669\u06f0-\u06f9"
_MONEY = re.compile(
    rf"(?:[{_DIGIT}][{_DIGIT}.,٫٬]*(?:\s|\u00a0|\u202f)?(?:€|EUR\b|[Ee]uros?\b|[Cc]ent\b|يورو|یورو|اليورو|евро|євро|avro\b|%|٪"
    r"|Prozent|per ?cent|pour cent|بالمئة|بالمائة|في المئة|في المائة|درصد|процент|відсотк))"
    rf"|€(?:\s|\u00a0)?[{_DIGIT}]|%(?:\s|\u00a0)?[{_DIGIT}]|yüzde\s[{_DIGIT}]")
MOBILE = re.compile(r"(?<![\d+])(?:(?:\+|00)49[\s/().-]{0,2}(?:0|\(0\))?[\s/().-]?|0[\s/().-]?)1\s?[567]\d"
                    r"[\d\s/().-]{5,}")
_MARKS = re.compile(r"\*\*|\\(?=[\\`*_\[\]<>.)#+-])")
_SENTENCE_END = re.compile(r"(?<=[.!?؟۔…])[\"»“”’)\]]*\s+|\n+|:\s+|;\s+")
_WORD = re.compile(r"[^\W\d_]+(?:[’'ʼ.\-/][^\W\d_]+)*|\d[\d.,:]*")


def visible(markdown: str) -> str:
    """What a person reads of a section: link texts without addresses, no marks."""
    return _MARKS.sub("", _LINK.sub(r"\1", markdown))


def filled(answer: Answer, aspect: str, *, current: bool = True) -> str:
    """A section with all its figures put in, or with all their wordings without the figure."""
    text = answer.sections[aspect]
    for figure in answer.figures:
        text = text.replace("{{" + figure.id + "}}", figure.text if current else figure.without)
    return text


def examine(read: AnswerFile, topics: Mapping[str, Topic], today: date | None = None) -> list[Mistake]:
    """All mistakes of one file: those found while reading it, and those of its words."""
    mistakes = list(read.mistakes)
    answer = read.answer
    if answer is None:
        return mistakes
    today = today or clock.today()
    mistakes += [Mistake(read.file, 1, what) for topic in (topics.get(answer.topic),) if topic
                 for what in describe_problems(topic, answer)]
    mistakes += _dates(read, answer, today)
    mistakes += [Mistake(read.file, read.front_lines.get("title", 1), what) for what in line_problems(answer.title)]
    for figure in answer.figures:
        mistakes += [Mistake(read.file, read.front_lines.get("figures", 1), f"figure `{figure.id}`: {what}")
                     for what in _figure_problems(figure)]
    for aspect in answer.aspects:
        mistakes += _section(read, answer, aspect)
    return [*mistakes, *_repetitions(read, answer)]


def _dates(read: AnswerFile, answer: Answer, today: date) -> Iterator[Mistake]:
    if answer.as_of > today:
        yield Mistake(read.file, read.front_lines["as_of"], f"`as_of` {answer.as_of} lies in the future")
    if answer.review_due <= answer.as_of:
        yield Mistake(read.file, read.front_lines["review_due"], "`review_due` must lie after `as_of`")
    for source in answer.sources:
        if source.seen > today:
            yield Mistake(read.file, read.front_lines["sources"], f"`seen` {source.seen} lies in the future")
    for figure in answer.figures:
        if figure.as_of > today:
            yield Mistake(read.file, read.front_lines["figures"],
                          f"`as_of` of the figure `{figure.id}` lies in the future")


def _figure_problems(figure: Figure) -> Iterator[str]:
    for text in (figure.text, figure.without):
        yield from line_problems(text)
    if _MONEY.search(figure.without):
        yield "`without` still names an amount; say it without one"


def line_problems(line: str) -> Iterator[str]:
    """What no text for newcomers may hold: hidden characters, HTML, pictures, mobile numbers, other links."""
    if match := _INVISIBLE.search(line):
        yield (f"an invisible character U+{ord(match.group()):04X} stands here; remove it (the program adds what is "
               "needed)")
    if match := _HTML.search(line):
        yield f"`{match.group()}` looks like HTML; use **bold** and [links](https://...) only"
    if match := MOBILE.search(line):
        yield f"`{match.group().strip()}` is a mobile number; use the office's own line"
    if line.count("**") % 2:
        yield "a `**` is not closed on this line"
    if _IMAGE.search(line):
        yield "pictures cannot be shown; remove it"
    for _, address in _LINK.findall(line):
        if not re.fullmatch(r"https?://[^\s]+\.[^\s]+", address):
            yield f"the link `{address}` must begin with https:// or http://"


def _section(read: AnswerFile, answer: Answer, aspect: str) -> Iterator[Mistake]:
    first = read.lines[aspect]
    for number, line in enumerate(answer.sections[aspect].split("\n"), first):
        for pattern, what in _FORBIDDEN_LINES:
            if pattern.match(line):
                yield Mistake(read.file, number, what)
        for what in line_problems(line):
            yield Mistake(read.file, number, what)
        if match := _MONEY.search(visible(line)):
            yield Mistake(read.file, number, f"`{match.group().strip()}` is an amount; put it into `figures` with "
                                             "as_of, valid_until and source")
    longest = LONGEST_DO if aspect == "do" else LONGEST_SECTION
    length = max(len(visible(filled(answer, aspect, current=current))) for current in (True, False))
    if length > longest:
        yield Mistake(read.file, first, f"`## {aspect}` has {length} characters with its figures; shorten it to "
                                        f"{longest}")
    yield from _plainness(read, answer, aspect)


def sentences(text: str) -> list[int]:
    """The number of words of each sentence of a section; list items, lines and the parts around a colon count apart."""
    pieces = _SENTENCE_END.split(re.sub(r"(?m)^\s*(?:\d+[.)]|[-*+•])\s+", "", visible(text)))
    counts = (len(_WORD.findall(piece)) for piece in pieces)
    return [count for count in counts if count]


def _plainness(read: AnswerFile, answer: Answer, aspect: str) -> Iterator[Mistake]:
    text = filled(answer, aspect)
    for number, line in enumerate(answer.sections[aspect].split("\n"), read.lines[aspect]):
        words = max(sentences(line), default=0)
        if words > LONGEST_SENTENCE:
            yield Mistake(read.file, number, f"a sentence of {words} words; make two of it (at most "
                                             f"{LONGEST_SENTENCE})")
    counts = sentences(text)
    if counts and sum(counts) / len(counts) > LONGEST_MEAN:
        mean = sum(counts) / len(counts)
        yield Mistake(read.file, read.lines[aspect], f"the sentences of `## {aspect}` have {mean:.1f} words on "
                                                     f"average; shorten them to {LONGEST_MEAN:.0f}")


def likeness(first: str, second: str) -> float:
    """How much of the shorter text (in pieces of five letters) stands in the longer one too, 0 to 1."""
    pieces = [{plain[i:i + _PIECE] for i in range(len(plain) - _PIECE + 1)}
              for plain in (re.sub(r"\W+", " ", visible(text).casefold()) for text in (first, second))]
    shorter = min(len(pieces[0]), len(pieces[1]))
    return len(pieces[0] & pieces[1]) / shorter if shorter else 0.0


def _repetitions(read: AnswerFile, answer: Answer) -> Iterator[Mistake]:
    for earlier, later in combinations(answer.aspects, 2):
        alike = likeness(filled(answer, earlier), filled(answer, later))
        if alike > TOO_ALIKE:
            yield Mistake(read.file, read.lines[later], f"`## {later}` repeats `## {earlier}` (likeness {alike:.2f}); "
                                                        "say only what is new, or remove it")
