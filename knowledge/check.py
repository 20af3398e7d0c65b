"""`lotse content check`: every file by itself, the languages of each answer against one another, what is missing."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path

from core.languages import SOURCE
from knowledge.answers import AnswerFile, file_name
from knowledge.files import Content, read_content
from knowledge.library import Library
from knowledge.mistakes import Mistake
from knowledge.model import Answer, Region, Service
from knowledge.topics import CONTENT
from knowledge.wording import LONGEST_MESSAGE, filled, visible

REQUIRED_LANGUAGES = ("de", "en", "ar")

_LINK = re.compile(r"\]\((https?://[^)\s]+)\)")
_EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_NUMBERED = re.compile(r"^\s*\d+[.)]\s", re.MULTILINE)
_DIGITS = str.maketrans({**{chr(0x660 + n): str(n) for n in range(10)}, **{chr(0x6F0 + n): str(n) for n in range(10)}})
_PHONE = re.compile(r"(?<![\w/.-])(?:11[02](?![\d ]*\d)|(?:\+|0|11)\d?[\d \u00a0/-]{1,16}\d)(?![\w/])")
_PLACE = re.compile(r"\{\{(.*?)\}\}")
_NUMBER = re.compile(r"\d+(?:[.,:]\d+)*")
# The source line under an answer ("Source: ..., as of ...; not yet confirmed by your town") in the longest language.
_SOURCE_LINE = 160


def check_content(folder: Path = CONTENT, *, required: Sequence[str] = REQUIRED_LANGUAGES,
                  today: date | None = None) -> list[Mistake]:
    """All mistakes of a content folder, sorted by file and line; empty where it may be released.

    `required` are the languages that every topic with an answer must have.
    """
    return check(read_content(folder), required=required, today=today)


def check(content: Content, *, required: Sequence[str] = REQUIRED_LANGUAGES,
          today: date | None = None) -> list[Mistake]:
    """The same for content that was read already."""
    found = content.mistakes(today)
    by_topic: dict[str, dict[str, AnswerFile]] = defaultdict(dict)
    for read in content.answers:
        if read.answer is not None:
            by_topic[read.answer.topic][read.answer.language] = read
    for topic, languages in by_topic.items():
        found += _coverage(topic, languages, required)
        source = languages.get(SOURCE)
        for language, read in languages.items():
            if source is not None and language != SOURCE:
                found += _comparison(source, read)
            found += _office_words(read)
    found += _composed(content, content.library())
    found += _descriptions(content, required)
    return sorted(set(found))


def _coverage(topic: str, languages: Mapping[str, AnswerFile], required: Sequence[str]) -> Iterator[Mistake]:
    some = languages.get(SOURCE) or next(iter(languages.values()))
    for language in required:
        if language not in languages:
            yield Mistake(some.file, 1, f"the topic `{topic}` has no answer in `{language}`; add "
                                        f"{file_name(topic, language)}")


def _comparison(source: AnswerFile, read: AnswerFile) -> Iterator[Mistake]:
    """What a translation must share with the German answer."""
    german, other = source.answer, read.answer
    if german is None or other is None:
        return
    for what in _front_differences(german, other):
        yield Mistake(read.file, 1, what)
    for aspect in german.aspects:
        if aspect not in other.sections:
            yield Mistake(read.file, 1, f"`## {aspect}` is missing; {source.file} has it")
    for aspect in other.aspects:
        if aspect not in german.sections:
            yield Mistake(read.file, read.lines[aspect], f"`## {aspect}` does not exist in {source.file}; add it there "
                                                         "or remove it here")
        else:
            for what in _section_differences(german, other, aspect):
                yield Mistake(read.file, read.lines[aspect], f"`## {aspect}`: {what}")


def _front_differences(german: Answer, other: Answer) -> Iterator[str]:
    dates = [{figure.id: (figure.as_of, figure.valid_until, figure.source) for figure in answer.figures}
             for answer in (german, other)]
    if dates[0] != dates[1]:
        yield f"`figures` must have the ids, dates and sources of {SOURCE}.md"
    if [source.url for source in german.sources] != [source.url for source in other.sources]:
        yield f"`sources` must have the addresses of {SOURCE}.md, in the same order"
    if german.related != other.related:
        yield f"`related` must be the same as in {SOURCE}.md"
    if set(german.office_words) != set(other.office_words):
        difference = sorted(set(german.office_words) ^ set(other.office_words))
        yield f"`office_words` must be the same as in {SOURCE}.md; they differ in {', '.join(difference)}"
    for text in ("text", "without"):
        for one, two in _pairs(german, other, text):
            if sorted(_NUMBER.findall(_plain_digits(one))) != sorted(_NUMBER.findall(_plain_digits(two))):
                yield f"the numbers of a figure differ from {SOURCE}.md: `{one}` and `{two}`"


def _pairs(german: Answer, other: Answer, text: str) -> Iterator[tuple[str, str]]:
    translated = {figure.id: figure for figure in other.figures}
    for figure in german.figures:
        if figure.id in translated:
            yield getattr(figure, text), getattr(translated[figure.id], text)


def _section_differences(german: Answer, other: Answer, aspect: str) -> Iterator[str]:
    one, two = german.sections[aspect], other.sections[aspect]
    for what, find in (("links", _LINK.findall), ("telephone numbers", phones), ("e-mail addresses", _EMAIL.findall),
                       ("figures", _PLACE.findall), ("numbers", numbers)):
        first, second = Counter(find(one)), Counter(find(two))
        if first != second:
            yield f"the {what} differ from {SOURCE}.md: {_difference(first, second)}"
    steps = [len(_NUMBERED.findall(text)) for text in (one, two)]
    if steps[0] != steps[1]:
        yield f"{steps[1]} numbered steps, but {steps[0]} in {SOURCE}.md"


def _difference(first: Counter[str], second: Counter[str]) -> str:
    missing, extra = sorted((first - second).elements()), sorted((second - first).elements())
    parts = [f"missing {', '.join(missing)}" if missing else "", f"too many {', '.join(extra)}" if extra else ""]
    return "; ".join(part for part in parts if part)


def _plain_digits(text: str) -> str:
    return text.translate(_DIGITS)


def phones(text: str) -> list[str]:
    """The telephone numbers of a text as digits: those that begin with + or 0, and the short ones (110, 116117)."""
    numbers = (re.sub(r"\D", "", match) for match in _PHONE.findall(_plain_digits(visible(text))))
    return [number for number in numbers if len(number) >= 6 or number in {"110", "112"}]


def numbers(text: str) -> list[str]:
    """All numbers of a text in European digits, without those that only count the steps."""
    return _NUMBER.findall(_plain_digits(visible(_PLACE.sub("", _NUMBERED.sub("", text)))))


def _office_words(read: AnswerFile) -> Iterator[Mistake]:
    """The German words that people meet on letters and doors must stand in the text, in every language."""
    answer = read.answer
    if answer is None:
        return
    text = " ".join([answer.title, *(visible(filled(answer, aspect)) for aspect in answer.aspects)]).casefold()
    for word in answer.office_words:
        if word.casefold() not in text:
            yield Mistake(read.file, read.front_lines.get("office_words", 1),
                          f"the office word `{word}` does not occur in the text; use it there in brackets, or remove "
                          "it")


def _composed(content: Content, library: Library) -> Iterator[Mistake]:
    """The first message (section `do`, two services, source line) must stay short wherever the person lives."""
    for read in content.answers:
        answer = read.answer
        if answer is None or "do" not in answer.sections:
            continue
        longest = max((_services_length(region, answer, library) for region in library.regions.values()), default=0)
        length = len(visible(filled(answer, "do"))) + longest + _SOURCE_LINE
        if length > LONGEST_MESSAGE:
            yield Mistake(read.file, read.lines["do"], f"with its services the first message has about {length} "
                                                       f"characters; shorten it to {LONGEST_MESSAGE}")


def _services_length(region: Region, answer: Answer, library: Library) -> int:
    shown = [library.services_for(answer.topic, town.name) for town in region.towns]
    return max((sum(service_length(service, answer.language) for service in services) for services in shown), default=0)


def service_length(service: Service, language: str) -> int:
    """About how many characters a service takes in a message: each part on a line, with a mark in front."""
    parts = (service.name, service.description_in(language), service.address, service.phone, service.email,
             service.hours_text(language), service.url)
    return sum(len(part) + 4 for part in parts if part)


def _descriptions(content: Content, required: Sequence[str]) -> Iterator[Mistake]:
    """Each service that newcomers see says in every required language what it is for."""
    for read in content.regions:
        for service in read.region.services if read.region else ():
            missing = [language for language in required if language not in service.description]
            if service.shown and missing:
                yield Mistake(read.file, read.lines.get(service.id, 1), f"the service `{service.id}` is shown but its "
                              f"`description` is missing in {', '.join(missing)}; add one plain sentence each")
