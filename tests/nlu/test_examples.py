"""Mistakes in data files are named with file and line."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import ContentError
from nlu.examples import read_labelled, read_training

TOPICS = '- {id: a.one, kind: answer, about: "x"}\n- {id: a.two, kind: answer, about: "y"}\n'


def write(folder: Path, text: str) -> Path:
    (folder / "topics.yml").write_text(TOPICS)
    (folder / "de").mkdir(exist_ok=True)
    (folder / "de" / "a.yml").write_text(text)
    return folder


def block(intent: str, *rows: str) -> str:
    listed = "".join(f"    {row}\n" for row in rows)
    return f"- intent: {intent}\n  metadata: {{style: plain}}\n  examples: |\n{listed}"


HEAD = 'version: "3.1"\nnlu:\n'


def test_examples_carry_language_style_and_place(tmp_path: Path) -> None:
    [first, second] = read_training(write(tmp_path, HEAD + block("a.one", "- hallo", "- guten tag")))
    assert (first.text, first.topic, first.lang, first.style) == ("hallo", "a.one", "de", "plain")
    assert second.where.endswith("a.yml:7")


@pytest.mark.parametrize(("text", "line", "what"), [
    (block("a.three", "- hallo"), 3, "unknown intent a.three"),
    (block("a.one", ""), 3, "empty block"),
    (block("a.one", "- ich wohne in [Wegberg](town)"), 6, "annotation"),
    (block("a.one", "- hallo", "hallo welt"), 7, "must begin with '- '"),
    (block("a.one", "- ..."), 6, "without words"),
    (block("a.one", "- Hallo!") + block("a.two", "- hallo"), 10, "same text"),
    ("- intent: [\n", 4, ""),
])
def test_a_mistake_names_file_and_line(tmp_path: Path, text: str, line: int, what: str) -> None:
    with pytest.raises(ContentError) as caught:
        read_training(write(tmp_path, HEAD + text))
    assert any(f"a.yml:{line}:" in row and what in row for row in str(caught.value).splitlines()), str(caught.value)


def test_all_mistakes_are_reported_at_once(tmp_path: Path) -> None:
    with pytest.raises(ContentError) as caught:
        read_training(write(tmp_path, HEAD + block("a.x", "- hallo") + block("a.y", "- tschüss")))
    assert len(str(caught.value).splitlines()) == 2


def test_a_labelled_row_without_topic_is_named(tmp_path: Path) -> None:
    file = tmp_path / "x.jsonl"
    file.write_text('{"text": "hi", "topic": "a.one"}\n{"text": "hi"}\nnonsense\n')
    with pytest.raises(ContentError) as caught:
        read_labelled(file)
    assert "x.jsonl:2: needs text and topic" in str(caught.value) and "x.jsonl:3: not JSON" in str(caught.value)
