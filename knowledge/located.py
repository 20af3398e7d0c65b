"""YAML whose values know their line, read through small typed questions that collect mistakes instead of raising.

Every scalar is text here: YAML's own guesses (`no` as false, `2024` as a number) would only hide what the author wrote.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date
from typing import Any

import yaml

from knowledge.mistakes import Mistake

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_NULL = "tag:yaml.org,2002:null"
_ADDRESS = re.compile(r"https?://[^\s<>\"']+\.[^\s<>\"']+")


class Mistakes:
    """The mistakes of one file. `first_line` is the line of the file on which the parsed text begins."""

    def __init__(self, file: str, first_line: int = 1) -> None:
        self.file = file
        self.first_line = first_line
        self.found: list[Mistake] = []

    def add(self, line: int, what: str) -> None:
        """Note a mistake on this line of the file."""
        self.found.append(Mistake(self.file, max(line, 1), what))


def compose(text: str, mistakes: Mistakes) -> yaml.Node | None:
    """The node tree, or None (with a mistake noted) where the text is no YAML."""
    try:
        node = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mistakes.first_line + (mark.line if mark else 0)
        mistakes.add(line, f"this is not valid YAML: {error.problem or error.context}")
        return None
    except yaml.YAMLError as error:
        mistakes.add(mistakes.first_line, f"this is not valid YAML: {str(error).splitlines()[0]}")
        return None
    return node


class Entry:
    """One mapping of the file. Ask for each key; `done` then notes those that nobody asked for."""

    def __init__(self, node: yaml.Node | None, mistakes: Mistakes, what: str = "this file") -> None:
        self._mistakes = mistakes
        self._nodes: dict[str, yaml.Node] = {}
        self._key_lines: dict[str, int] = {}
        self._asked: set[str] = set()
        self.line = self._line(node) if node is not None else mistakes.first_line
        if not isinstance(node, yaml.MappingNode):
            self.is_mapping = False
            mistakes.add(self.line, f"{what} must be a list of `key: value` lines")
            return
        self.is_mapping = True
        for key_node, value_node in node.value:
            key = str(key_node.value)
            if key in self._nodes:
                mistakes.add(self._line(key_node), f"`{key}` stands here twice; keep one")
            self._nodes[key] = value_node
            self._key_lines[key] = self._line(key_node)

    def _line(self, node: yaml.Node) -> int:
        return int(self._mistakes.first_line + node.start_mark.line)

    def line_of(self, key: str) -> int:
        """The line of this key, or that of the whole entry where it is missing."""
        return self._key_lines.get(key, self.line)

    def names(self) -> list[str]:
        """All keys, in the order of the file; they count as asked for."""
        self._asked.update(self._nodes)
        return list(self._nodes)

    def has(self, key: str) -> bool:
        """Whether the key is there with a value."""
        return self._node(key) is not None

    def wrong(self, key: str, what: str) -> None:
        """Note a mistake on the line of this key."""
        self._mistakes.add(self.line_of(key), what)

    def _node(self, key: str) -> yaml.Node | None:
        self._asked.add(key)
        node = self._nodes.get(key)
        if node is None or (isinstance(node, yaml.ScalarNode) and node.tag == _NULL):
            return None
        return node

    def text(self, key: str, *, required: bool = True, longest: int = 400) -> str | None:
        """A scalar without surrounding space; None where it is missing, empty or wrong."""
        node = self._node(key)
        if node is None:
            if required:
                self._mistakes.add(self.line_of(key), f"`{key}` is missing; add it")
            return None
        if not isinstance(node, yaml.ScalarNode):
            self.wrong(key, f"`{key}` must be a single text")
            return None
        value = str(node.value).strip()
        if not value and required:
            self.wrong(key, f"`{key}` is empty; fill it in")
        if len(value) > longest:
            self.wrong(key, f"`{key}` has {len(value)} characters; shorten it to {longest}")
        return value or None

    def day(self, key: str, *, required: bool = True) -> date | None:
        """A calendar day."""
        value = self.text(key, required=required)
        if value is None:
            return None
        try:
            return date.fromisoformat(value)
        except ValueError:
            self.wrong(key, f"`{key}` must be a day like 2026-11-20, not `{value}`")
            return None

    def address(self, key: str, *, required: bool = True) -> str | None:
        """A web address with http or https."""
        value = self.text(key, required=required, longest=600)
        if value is not None and not _ADDRESS.fullmatch(value):
            self.wrong(key, f"`{key}` must be a web address that begins with https:// or http://, not `{value}`")
            return None
        return value

    def truth(self, key: str) -> bool:
        """`true` or `false`; a missing key is false."""
        value = self.text(key, required=False)
        if value not in {None, "true", "false"}:
            self.wrong(key, f"`{key}` must be true or false, not `{value}`")
        return value == "true"

    def texts(self, key: str, *, required: bool = True) -> list[str]:
        """A list of texts; empty where it is missing."""
        return [value for value, _ in self.located_texts(key, required=required)]

    def located_texts(self, key: str, *, required: bool = True) -> list[tuple[str, int]]:
        """A list of texts, each with its line."""
        out: list[tuple[str, int]] = []
        for node in self._items(key, required):
            if isinstance(node, yaml.ScalarNode) and node.tag != _NULL and str(node.value).strip():
                out.append((str(node.value).strip(), self._line(node)))
            else:
                self._mistakes.add(self._line(node), f"each item of `{key}` must be a text")
        return out

    def entry(self, key: str, *, required: bool = True) -> Entry | None:
        """A mapping inside this one."""
        node = self._node(key)
        if node is None:
            if required:
                self._mistakes.add(self.line_of(key), f"`{key}` is missing; add it")
            return None
        entry = Entry(node, self._mistakes, f"`{key}`")
        return entry if entry.is_mapping else None

    def entries(self, key: str, *, required: bool = True) -> list[Entry]:
        """A list of mappings."""
        entries = [Entry(node, self._mistakes, f"each item of `{key}`") for node in self._items(key, required)]
        return [entry for entry in entries if entry.is_mapping]

    def is_text(self, key: str) -> bool:
        """Whether the value is a single text (and not a list or a mapping)."""
        return isinstance(self._node(key), yaml.ScalarNode)

    def _items(self, key: str, required: bool) -> Iterable[yaml.Node]:
        node = self._node(key)
        if node is None:
            if required:
                self._mistakes.add(self.line_of(key), f"`{key}` is missing; add it (an empty list is `[]`)")
            return []
        if not isinstance(node, yaml.SequenceNode):
            self.wrong(key, f"`{key}` must be a list")
            return []
        return list(node.value)

    def done(self) -> None:
        """Note the keys that are unknown here."""
        for key in self._nodes:
            if key not in self._asked:
                self.wrong(key, f"`{key}` is not known here; remove it or mend its spelling")


def read_items(text: str, mistakes: Mistakes) -> list[Entry]:
    """The mappings of a file that is one list."""
    node = compose(text, mistakes)
    if node is None:
        return []
    if not isinstance(node, yaml.SequenceNode):
        mistakes.add(mistakes.first_line, "this file must be a list")
        return []
    return [entry for entry in (Entry(item, mistakes, "each item") for item in node.value) if entry.is_mapping]
