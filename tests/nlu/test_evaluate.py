"""The measures count what the design says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from rich.console import Console

from nlu.engine import BuiltinEngine
from nlu.evaluate import Measures, Outcome, engine_ask, evaluate, print_report
from nlu.examples import Example, read_folder, read_training
from nlu.likeness import without
from nlu.training import DATA, VALIDATION

FIGURES = Path(__file__).parent / "figures.json"
"""What was reached. A fall of more than two points fails; lowering needs a commit of its own that gives the reason."""
ROOM = 0.02


def judged(label: str, outcome: Outcome) -> Measures:
    return evaluate([Example("x", label, "de")], lambda _: outcome).overall


def test_acting_on_the_label_is_right() -> None:
    found = judged("housing.search", Outcome("housing.search", "answer"))
    assert (found.right, found.among_three, found.confidently_wrong, found.asked_back) == (1, 1, 0, 0)


def test_asking_back_is_never_right_but_may_be_among_three() -> None:
    found = judged("housing.search", Outcome("work.search", "clarify", ("a.a", "b.b", "housing.search")))
    assert (found.right, found.among_three, found.confidently_wrong, found.asked_back) == (0, 1, 0, 1)


def test_the_fourth_alternative_is_too_late() -> None:
    assert judged("housing.search", Outcome("x.x", "clarify", ("a.a", "b.b", "c.c", "housing.search"))).among_three == 0


def test_acting_on_another_topic_is_confidently_wrong() -> None:
    assert judged("housing.search", Outcome("work.search", "handoff")).confidently_wrong == 1


@pytest.mark.parametrize(("action", "wrong"), [("answer", 1), ("handoff", 1), ("safety", 1), ("chat", 0), ("clarify", 0),
                                               ("unsure", 0), ("search", 0)])
def test_out_of_scope_is_wrong_only_where_a_topic_was_answered(action: str, wrong: int) -> None:
    found = judged("out_of_scope", Outcome("housing.search", action))
    assert found.confidently_wrong == wrong and found.out_of_scope_kept == 1 - wrong and found.asked_back is None


def test_safety_counts_by_the_action() -> None:
    assert judged("safety.suicide", Outcome("safety.violence", "safety")).safety_recall == 1
    assert judged("safety.suicide", Outcome("safety.suicide", "clarify")).safety_recall == 0
    assert judged("housing.search", Outcome("safety.suicide", "safety")).false_alarms == 1


def test_the_report_is_printable_and_json(engine: BuiltinEngine) -> None:
    report = evaluate(read_folder(VALIDATION)[:50], engine_ask(engine))
    json.dumps(report.as_dict())
    console = Console(width=160, record=True)
    print_report(report, console)
    assert "Understanding" in console.export_text()


def test_no_language_falls_below_its_recorded_figures(engine: BuiltinEngine) -> None:
    recorded = json.loads(FIGURES.read_text())
    report = evaluate(without(read_folder(VALIDATION), read_training(DATA)), engine_ask(engine))
    assert set(recorded) <= set(report.by_language)
    for language, figures in recorded.items():
        reached = vars(report.by_language[language])
        for name in ("right", "among_three", "safety_recall", "out_of_scope_kept", "human_recall"):
            assert reached[name] >= figures[name] - ROOM, (language, name)
        for name in ("confidently_wrong", "asked_back", "false_alarms"):
            assert reached[name] <= figures[name] + ROOM, (language, name)
