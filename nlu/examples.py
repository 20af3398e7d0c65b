"""Reading topics, training examples (Rasa 3.1 YAML) and labelled sets (JSONL); mistakes name file and line."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast

import yaml

from core.errors import ContentError
from nlu.normalise import normalise

Kind = Literal["answer", "complex", "safety", "chat"]
OUT_OF_SCOPE = "out_of_scope"
STYLES = ("plain", "short", "typo", "story", "mixed", "keyword", "dictated", "latin", "learner")

_ANNOTATION = re.compile(r"\[[^\]]*\]\s*[({]|\[[^\]]*$")
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True)
class Topic:
    """One line of topics.yml; `about` says what is meant and where the border to its neighbours runs."""

    id: str
    kind: Kind
    about: str


@dataclass(frozen=True)
class Example:
    """One message with its label. `where` is `file:line`, for mistakes and reports."""

    text: str
    topic: str
    lang: str
    style: str = "plain"
    where: str = ""


def read_topics(data: Path) -> dict[str, Topic]:
    """The topics by id, in their order in the file."""
    file = data / "topics.yml"
    try:
        rows = yaml.load(file.read_text(encoding="utf-8"), Loader=_Loader)  # noqa: S506 a safe loader either way
    except OSError as error:
        raise ContentError(f"{file}: cannot be read ({error.strerror})") from None
    except yaml.YAMLError as error:
        raise ContentError(_yaml_mistake(file, error)) from None
    return {row["id"]: Topic(row["id"], row["kind"], row["about"]) for row in rows}


def languages_in(data: Path) -> tuple[str, ...]:
    """Codes of the folders that hold training data, in alphabetical order."""
    return tuple(sorted(folder.name for folder in data.iterdir() if folder.is_dir() and any(folder.glob("*.yml"))))


def read_training(data: Path) -> list[Example]:
    """All training examples of all languages; every mistake of every file is reported at once."""
    topics = read_topics(data)
    examples: list[Example] = []
    mistakes: list[str] = []
    for language in languages_in(data):
        for file in sorted((data / language).glob("*.yml")):
            examples += _read_file(file, language, topics, mistakes)
    mistakes += _under_two_topics(examples)
    if not examples and not mistakes:
        mistakes.append(f"{data}: holds no training examples")
    if mistakes:
        raise ContentError("\n".join(mistakes))
    return examples


def _read_file(file: Path, language: str, topics: Iterable[str], mistakes: list[str]) -> list[Example]:
    known = set(topics)
    found: list[Example] = []
    try:
        root = yaml.compose(file.read_text(encoding="utf-8"), Loader=_Loader)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mistakes.append(_yaml_mistake(file, error))
        return found
    for block in _blocks(root):
        line = block.start_mark.line + 1
        parts = {key.value: value for key, value in block.value}
        intent = parts.get("intent")
        if intent is None:
            mistakes.append(f"{file}:{line}: a block without intent")
            continue
        if intent.value not in known:
            mistakes.append(f"{file}:{line}: unknown intent {intent.value}")
            continue
        style = _style_of(parts.get("metadata"))
        if style not in STYLES:
            mistakes.append(f"{file}:{line}: unknown style {style} (known: {', '.join(STYLES)})")
        rows = list(_rows(parts.get("examples"), file, mistakes))
        if not rows:
            mistakes.append(f"{file}:{line}: {intent.value} has an empty block of examples")
        found += [Example(text, intent.value, language, style, f"{file}:{at}") for at, text in rows]
    return found


def _blocks(root: yaml.Node | None) -> Iterator[yaml.MappingNode]:
    if not isinstance(root, yaml.MappingNode):
        return
    for key, value in root.value:
        if key.value == "nlu" and isinstance(value, yaml.SequenceNode):
            yield from (node for node in value.value if isinstance(node, yaml.MappingNode))


def _style_of(metadata: yaml.Node | None) -> str:
    if isinstance(metadata, yaml.MappingNode):
        for key, value in metadata.value:
            if key.value == "style":
                return str(value.value)
    return "plain"


def _rows(node: yaml.Node | None, file: Path, mistakes: list[str]) -> Iterator[tuple[int, str]]:
    """Line number and text of each `- ` row of a literal block."""
    if not isinstance(node, yaml.ScalarNode):
        return
    # The text of a literal block (`|`) begins on the line after the mark.
    first = node.start_mark.line + 2
    for offset, raw in enumerate(node.value.split("\n")):
        line = raw.strip()
        if not line:
            continue
        where = f"{file}:{first + offset}"
        if not line.startswith("- "):
            mistakes.append(f"{where}: an example must begin with '- '")
        elif _ANNOTATION.search(line):
            mistakes.append(f"{where}: square brackets are read as an annotation by Rasa: {line[2:60]}")
        elif not normalise(line[2:]):
            mistakes.append(f"{where}: an example without words")
        else:
            yield first + offset, line[2:].strip()


def _under_two_topics(examples: Iterable[Example]) -> Iterator[str]:
    seen: dict[str, Example] = {}
    for example in examples:
        first = seen.setdefault(normalise(example.text), example)
        if first.topic != example.topic:
            yield f"{example.where}: the same text stands under {first.topic} ({first.where}) and {example.topic}"


def _yaml_mistake(file: Path, error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    line = mark.line + 1 if mark else 1
    return f"{file}:{line}: {getattr(error, 'problem', None) or error}"


def read_labelled(file: Path) -> list[Example]:
    """A labelled set: one JSON object a line with `text`, `topic`, optional `lang` and `style`."""
    examples: list[Example] = []
    mistakes: list[str] = []
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
        if not line.strip():
            continue
        where = f"{file}:{number}"
        try:
            row = json.loads(line)
        except ValueError:
            mistakes.append(f"{where}: not JSON")
            continue
        if not isinstance(row, dict) or not isinstance(row.get("text"), str) or not isinstance(row.get("topic"), str):
            mistakes.append(f"{where}: needs text and topic")
            continue
        fields = cast("dict[str, str]", row)
        examples.append(Example(fields["text"], fields["topic"], fields.get("lang", ""),
                                fields.get("style", "plain"), where))
    if mistakes:
        raise ContentError("\n".join(mistakes))
    return examples


def read_folder(folder: Path) -> list[Example]:
    """All labelled sets of a folder; none where it does not exist."""
    return [example for file in sorted(folder.glob("*.jsonl")) for example in read_labelled(file)]
