"""One answer file (`answers/<topic>/<language>.md`): YAML front matter, then `## aspect` sections in Markdown.

    ---
    topic: school.registration
    language: de
    title: "Ihr Kind in der Schule anmelden"
    as_of: 2026-11-20
    checked_by: none                 (a person of the municipality confirms in the desk, never a file)
    review_due: 2027-05-20
    sources:
      - {title: ..., url: https://..., seen: 2026-11-20}
    figures:                         (amounts and dates that run out; {{fee}} in the text is their place)
      - {id: fee, text: "Das kostet 13 Euro.", without: "Das kostet etwas.", as_of: 2026-04-29,
         valid_until: 2026-12-31, source: https://...}
    related: [school.documents]
    office_words: [Schulamt]         (German words that must occur in the text of every language)
    ---
    ## do                            (then any of papers, cost, time, place, trouble, in this order)
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from core.languages import BY_CODE
from knowledge.located import Entry, Mistakes, compose
from knowledge.mistakes import Mistake
from knowledge.model import ASPECTS, Answer, Figure, Source, Topic

_SECTION = re.compile(r"##(?!#) *(.*?) *")
_PLACE = re.compile(r"\{\{(.*?)\}\}")
_FIGURE_ID = re.compile(r"[a-z][a-z0-9_-]{1,40}")
LONGEST_TITLE = 60
# The keys that later checks point at.
_FRONT_KEYS = ("title", "as_of", "review_due", "sources", "figures", "related", "office_words")


@dataclass(frozen=True)
class AnswerFile:
    """What was read from one file. `answer` is None where it is too broken to be used.

    `lines` tells on which line the text of each section begins, so that later checks can point at it.
    """

    file: str
    answer: Answer | None
    lines: Mapping[str, int]
    mistakes: tuple[Mistake, ...]
    front_lines: Mapping[str, int] = field(default_factory=dict)


def file_name(topic: str, language: str) -> str:
    """Where an answer lies in a content folder."""
    return f"answers/{topic}/{language}.md"


def parse_answer(text: str, file: str, topics: Collection[str], *, by_desk: bool = False) -> AnswerFile:
    """Read one file. `topics` are the ids that exist; the folder and the file name must agree with the front matter.

    Only documents of the desk (`by_desk`) may say who checked them.
    """
    mistakes = Mistakes(file)
    parts = _split(text, mistakes)
    if parts is None:
        return AnswerFile(file, None, {}, tuple(mistakes.found))
    front, body, body_line = parts
    sections, lines = _sections(body, body_line, mistakes)
    front_mistakes = Mistakes(file, first_line=2)
    node = compose(front, front_mistakes)
    entry = Entry(node, front_mistakes, "the front matter") if node is not None else None
    if node is None and not front_mistakes.found:
        front_mistakes.add(2, "the front matter is empty; begin with `topic:`, `language:`, `title:` ...")
    answer = _answer(entry, sections, topics, by_desk) if entry is not None and entry.is_mapping else None
    if answer is not None and entry is not None:
        _check_place(answer, file, entry)
        _check_figures(answer, lines, entry, mistakes)
    front_lines = {key: entry.line_of(key) for key in _FRONT_KEYS} if entry is not None else {}
    found = (*front_mistakes.found, *mistakes.found)
    return AnswerFile(file, answer, lines, tuple(sorted(found)), front_lines)


def _split(text: str, mistakes: Mistakes) -> tuple[str, str, int] | None:
    """Front matter, body and the line on which the body begins."""
    lines = [line.removesuffix("\r") for line in text.removeprefix("\ufeff").split("\n")]
    if not lines or lines[0].strip() != "---":
        mistakes.add(1, "the file must begin with a line `---`, then the front matter")
        return None
    end = next((number for number, line in enumerate(lines[1:], 1) if line.strip() == "---"), None)
    if end is None:
        mistakes.add(1, "the front matter has no end; close it with a line `---`")
        return None
    return "\n".join(lines[1:end]), "\n".join(lines[end + 1:]), end + 2


def _sections(body: str, first: int, mistakes: Mistakes) -> tuple[dict[str, str], dict[str, int]]:
    """The sections by aspect, and the line on which the text of each begins."""
    sections: dict[str, list[str]] = {}
    lines: dict[str, int] = {}
    current: list[str] | None = None
    for number, line in enumerate(body.split("\n"), first):
        match = _SECTION.fullmatch(line)
        if match is None:
            if current is not None:
                current.append(line)
            elif line.strip():
                mistakes.add(number, "text must stand under a section such as `## do`")
            continue
        aspect = match.group(1)
        current = []
        if aspect not in ASPECTS:
            mistakes.add(number, f"`## {aspect}` is no section; use {', '.join(ASPECTS)}")
        elif aspect in sections:
            mistakes.add(number, f"`## {aspect}` stands here twice; put both together")
        else:
            sections[aspect], lines[aspect] = current, number + 1
    if list(sections) != [aspect for aspect in ASPECTS if aspect in sections]:
        mistakes.add(first, f"put the sections into this order: {', '.join(ASPECTS)}")
    texts: dict[str, str] = {}
    for aspect, content in sections.items():
        skipped = next((n for n, line in enumerate(content) if line.strip()), 0)
        lines[aspect] += skipped
        texts[aspect] = "\n".join(content).strip()
        if not texts[aspect]:
            mistakes.add(lines[aspect] - 1, f"`## {aspect}` is empty; fill it in or remove it")
    return texts, lines


def _answer(entry: Entry, sections: Mapping[str, str], topics: Collection[str], by_desk: bool) -> Answer | None:
    topic, language = entry.text("topic", longest=60), entry.text("language", longest=8)
    title = entry.text("title", longest=LONGEST_TITLE)
    as_of, review_due = entry.day("as_of"), entry.day("review_due")
    checked_by = _checked_by(entry, by_desk)
    sources = tuple(source for item in entry.entries("sources") if (source := _source(item)))
    figures = tuple(figure for item in entry.entries("figures", required=False) if (figure := _figure(item)))
    related = _related(entry, topic, topics)
    office_words = tuple(entry.texts("office_words", required=False))
    entry.done()
    if topic is not None and topic not in topics:
        entry.wrong("topic", f"the topic `{topic}` does not exist; use one of topics.yml")
    if language is not None and language not in BY_CODE:
        entry.wrong("language", f"the language `{language}` is not known; use one of {', '.join(BY_CODE)}")
    if not sources and topic is not None and not topic.startswith("chat."):
        entry.wrong("sources", "name at least one source with title, url and seen")
    if topic is None or language is None or title is None or as_of is None or review_due is None:
        return None
    return Answer(topic=topic, language=language, title=title, as_of=as_of, checked_by=checked_by,
                  review_due=review_due, sources=sources, figures=figures, related=related,
                  office_words=office_words, sections=sections)


def _checked_by(entry: Entry, by_desk: bool) -> str | None:
    name = entry.text("checked_by", longest=120)
    if name in {"none", None}:
        return None
    if not by_desk:
        entry.wrong("checked_by", "`checked_by` must be `none` in a file; a person of the municipality confirms in the "
                                  "desk")
        return None
    return name


def _related(entry: Entry, topic: str | None, topics: Collection[str]) -> tuple[str, ...]:
    related = entry.texts("related", required=False)
    for other in related:
        if other not in topics:
            entry.wrong("related", f"`related` names `{other}`, which is no topic; use ids of topics.yml")
        if other == topic:
            entry.wrong("related", "`related` names the topic itself; remove it")
    if len(set(related)) != len(related):
        entry.wrong("related", "`related` names a topic twice; keep one")
    return tuple(related)


def _source(entry: Entry) -> Source | None:
    title, url, seen = entry.text("title", longest=200), entry.address("url"), entry.day("seen")
    entry.done()
    return Source(title, url, seen) if title and url and seen else None


def _figure(entry: Entry) -> Figure | None:
    identifier = entry.text("id", longest=42)
    text, without = entry.text("text", longest=600), entry.text("without", longest=600)
    as_of, valid_until = entry.day("as_of"), entry.day("valid_until", required=False)
    source = entry.text("source", longest=600)
    entry.done()
    if identifier and not _FIGURE_ID.fullmatch(identifier):
        entry.wrong("id", f"`{identifier}` must be written with a-z, 0-9, - and _ only")
    if as_of and valid_until and valid_until < as_of:
        entry.wrong("valid_until", "`valid_until` lies before `as_of`")
    if not (identifier and text and without and as_of and source):
        return None
    return Figure(identifier, text, without, as_of, valid_until, source)


def _check_place(answer: Answer, file: str, entry: Entry) -> None:
    """The folder is the topic and the file name the language, so that nobody has to open a file to know."""
    if file.startswith("answers/") and file != file_name(answer.topic, answer.language):
        entry.wrong("topic", f"this file belongs at {file_name(answer.topic, answer.language)}; move it or mend "
                             "`topic` and `language`")


def _check_figures(answer: Answer, lines: Mapping[str, int], entry: Entry, mistakes: Mistakes) -> None:
    """Each figure is defined once and used; each place has its figure."""
    known = [figure.id for figure in answer.figures]
    used: set[str] = set()
    for aspect, text in answer.sections.items():
        for offset, line in enumerate(text.split("\n")):
            for name in _PLACE.findall(line):
                used.add(name)
                if name not in known:
                    mistakes.add(lines[aspect] + offset, f"there is no figure `{name}`; add it under `figures` in the "
                                                         "front matter")
    for identifier in known:
        if identifier not in used:
            entry.wrong("figures", f"the figure `{identifier}` is used nowhere; write {{{{{identifier}}}}} or remove "
                                   "it")
        if known.count(identifier) > 1:
            entry.wrong("figures", f"the figure `{identifier}` is defined twice; keep one")


def describe_problems(topic: Topic, answer: Answer) -> list[str]:
    """What is missing or too much for the kind of topic."""
    if topic.id == "out_of_scope":
        return ["`out_of_scope` has no answer; remove this file"]
    if "do" not in answer.sections:
        return ["the section `## do` is missing; it is the first message"]
    others = [aspect for aspect in answer.aspects if aspect != "do"]
    if topic.kind == "safety" and others:
        return [f"safety topics have only `## do`; remove {', '.join(others)}"]
    return []
