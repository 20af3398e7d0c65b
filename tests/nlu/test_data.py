"""The training data: many enough, varied, and apart from what measures it."""

from __future__ import annotations

from pathlib import Path

import pytest
from rich.console import Console

from nlu import likeness
from nlu.examples import Example, read_folder, read_topics, read_training
from nlu.training import DATA, VALIDATION

EVALUATION = VALIDATION.parent / "evaluation"


@pytest.fixture(scope="module")
def examples() -> list[Example]:
    return read_training(DATA)


def test_the_figures_are_printed(examples: list[Example]) -> None:
    likeness.print_figures(examples, Console(width=170))


def test_every_first_topic_has_enough_examples_in_every_language(examples: list[Example]) -> None:
    assert likeness.too_few(examples) == []


def test_examples_are_written_in_many_styles(examples: list[Example]) -> None:
    assert likeness.too_uniform(examples) == []


def test_no_two_examples_of_a_topic_are_nearly_the_same(examples: list[Example]) -> None:
    assert [str(pair) for pair in likeness.alike_within(examples)] == []


def test_no_two_topics_share_nearly_the_same_text(examples: list[Example]) -> None:
    assert [str(pair) for pair in likeness.alike_between(examples)] == []


@pytest.mark.parametrize("folder", [VALIDATION, EVALUATION], ids=["validation", "evaluation"])
def test_nothing_held_out_is_trained_on(examples: list[Example], folder: Path) -> None:
    assert likeness.leaked(examples, read_folder(folder)) == []


def test_held_out_sets_know_the_topics() -> None:
    held_out = [*read_folder(VALIDATION), *read_folder(EVALUATION)]
    assert {example.topic for example in held_out} <= set(read_topics(DATA))


def test_nearly_the_same_texts_are_found() -> None:
    pair = [Example("Wo kann ich meine Tochter anmelden?", "a", "de"), Example("wo kann ich meine tochter anmeldn", "a", "de")]
    assert len(likeness.alike_within(pair)) == 1
    other = Example("Der Bus kommt heute nicht, was jetzt?", "a", "de")
    assert likeness.alike_within([pair[0], other]) == []
