"""Isolates: balanced, and nothing but direction changes."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.bidi import LRI, PDI, RLM, isolate, isolate_runs, strip

ANY = st.text(max_size=200) | st.text(alphabet="ab1+.,()/@§-–| \nاب ٣:;\u2066\u2069\u200f\u202e", max_size=80)


def depth_is_sound(text: str) -> bool:
    depth = 0
    for letter in text:
        depth += (letter == LRI) - (letter == PDI)
        if not 0 <= depth <= 1:
            return False
    return depth == 0


@given(ANY)
@settings(max_examples=500, deadline=None, derandomize=True)
def test_isolates_are_balanced_and_never_nested_on_every_line(text: str) -> None:
    for line in isolate(text).split("\n"):
        assert depth_is_sound(line)
    assert depth_is_sound(isolate_runs(text))


@given(ANY)
@settings(max_examples=500, deadline=None, derandomize=True)
def test_nothing_is_changed_but_direction(text: str) -> None:
    assert strip(isolate(text)) == strip(text) == strip(isolate_runs(text))


@given(ANY)
@settings(max_examples=300, deadline=None, derandomize=True)
def test_isolating_twice_is_isolating_once(text: str) -> None:
    assert isolate(isolate(text)) == isolate(text) and isolate_runs(isolate_runs(text)) == isolate_runs(text)


@pytest.mark.parametrize("run", [
    "Rathaus", "Kommunales Integrationszentrum (KI)", "+49 2452 13-4312", "ki@kreis-heinsberg.de", "https://www.example.org/a?b=1",
    "§ 24 AufenthG", "§24a", "§§ 3 und 4 AsylG", "Valkenburger Str. 45, 52525 Heinsberg", "18,50 €", "/mydata", "HS-2026-0042", "Mo–Fr 8:30", "WhatsApp"])
def test_a_german_run_is_isolated_as_one_piece(run: str) -> None:
    assert isolate_runs(f"اسألوا {run} عن ذلك") == f"اسألوا {LRI}{run}{PDI} عن ذلك"


@pytest.mark.parametrize("number", ["5", "110", "2026"])
def test_a_plain_number_needs_no_isolate(number: str) -> None:
    assert LRI not in isolate(f"اتصلوا بـ {number} الآن")


def test_each_line_with_something_on_it_begins_with_a_mark() -> None:
    assert isolate("سلام\n\nRathaus") == f"{RLM}سلام\n\n{RLM}{LRI}Rathaus{PDI}"


def test_brackets_around_a_german_word_stay_outside_with_the_arabic() -> None:
    assert isolate_runs("البلدية (Rathaus).") == f"البلدية ({LRI}Rathaus{PDI})."
