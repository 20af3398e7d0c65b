"""The list of topics."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import ContentError
from knowledge.topics import KINDS, load_topics, parse_topics


def test_the_topics_of_the_release_are_known() -> None:
    topics = load_topics()
    assert topics["school.registration"].kind == "answer"
    assert topics["residence.rejection"].kind == "complex"
    assert topics["safety.violence"].area == "safety"
    assert topics["out_of_scope"].area == "out_of_scope"
    assert {topic.kind for topic in topics.values()} == set(KINDS)


def test_a_folder_without_topics_has_those_of_the_release(tmp_path: Path) -> None:
    assert load_topics(tmp_path) == load_topics()


@pytest.mark.parametrize(("text", "words"), [
    ("- {id: a.b, kind: answer}", "topics.yml:1: `about` is missing"),
    ("- {id: a.b, kind: odd, about: x}", "`kind` must be one of"),
    ("- {id: a.b, kind: answer, about: x}\n- {id: a.b, kind: answer, about: y}", "topics.yml:2: the topic `a.b` stands"),
    ("id: a.b", "this file must be a list"),
    ("- [", "not valid YAML"),
    ("- {id: a.b, kind: answer, about: x, more: y}", "`more` is not known here"),
])
def test_mistakes_are_named_with_their_line(text: str, words: str) -> None:
    with pytest.raises(ContentError, match=r"topics\.yml") as caught:
        parse_topics(text)
    assert words in caught.value.sentence
