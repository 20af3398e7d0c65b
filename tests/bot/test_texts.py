"""Every text the code asks for exists, in every language, with the same places."""

from __future__ import annotations

import ast
import re
import string
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.conversation import unreadable
from bot.conversation.commands import NAMES
from bot.conversation.menu import AREAS
from bot.texts import FOLDER, Texts, load_texts, read_catalogue
from core.languages import BY_CODE
from core.markdown import links, to_plain, to_telegram_html
from knowledge.model import ASPECTS
from tests.fakes import LONGEST_MESSAGE

CODE = Path(__file__).parents[2] / "bot"
CATALOGUES = {path.stem: read_catalogue(path) for path in sorted(FOLDER.glob("*.po"))}
# What the pieces in braces of a key may be: f"aspect.{other}" asks for aspect.do, aspect.papers ...
PIECES = {
    "aspect.": ASPECTS, "menu.": (*AREAS, "emergency"), "command.": NAMES, "sent.": ("chat", "call", "visit"),
    "card.contact_": ("chat", "call", "visit"), "unreadable.": (*unreadable.KNOWN, "other", "empty"),
    "field.": ("town", "topic", "language", "contact", "words", "name")}
FUNCTIONS = {"text", "button", "_step_button", "texts"}


def keys_in_code() -> Iterator[tuple[str, str]]:
    """(key, place) of every text that code asks for; also both sides of `a if x else b`, and names of variables."""
    for file in sorted(CODE.rglob("*.py")):
        tree = ast.parse(file.read_text("utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and _name(node.func) in FUNCTIONS:
                for argument in node.args:
                    for key in _keys(argument, tree):
                        yield key, f"{file.name}:{node.lineno}"


def _name(function: ast.expr) -> str:
    return function.id if isinstance(function, ast.Name) else getattr(function, "attr", "")


def _keys(node: ast.expr, tree: ast.Module) -> Iterator[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and re.fullmatch(r"[a-z_]+(\.[a-z_]+)?", node.value):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from _keys(node.body, tree)
        yield from _keys(node.orelse, tree)
    elif isinstance(node, ast.JoinedStr) and isinstance(node.values[0], ast.Constant):
        start = str(node.values[0].value)
        yield from (start + piece for piece in PIECES.get(start, ()))
    elif isinstance(node, ast.Name):
        for assignment in ast.walk(tree):
            if (isinstance(assignment, ast.Assign) and [_name(target) for target in assignment.targets] == [node.id]
                    and not isinstance(assignment.value, ast.Name)):
                yield from _keys(assignment.value, tree)


USED = [(key, place) for key, place in keys_in_code() if "." in key or key in {"welcome", "introduction", "understood", "group"}]


def places(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def test_the_walk_through_the_code_finds_the_texts() -> None:
    assert len({key for key, _ in USED}) > 100


@pytest.mark.parametrize("code", CATALOGUES)
def test_every_text_the_code_asks_for_exists(code: str) -> None:
    missing = {f"{place} {key}" for key, place in USED if key not in CATALOGUES[code]}
    assert not missing


@pytest.mark.parametrize("code", CATALOGUES)
def test_all_catalogues_have_the_same_keys(code: str) -> None:
    assert set(CATALOGUES[code]) == set(CATALOGUES["en"])
    assert load_texts().missing(code) == []


def test_no_text_is_left_that_nothing_asks_for() -> None:
    source = "\n".join(file.read_text("utf-8") for file in CODE.rglob("*.py"))
    made = {start + piece for start, pieces in PIECES.items() for piece in pieces}
    assert {key for key in CATALOGUES["en"] if f'"{key}"' not in source and key not in made} == set()


@pytest.mark.parametrize("code", CATALOGUES)
def test_all_catalogues_have_the_same_places(code: str) -> None:
    for key, text in CATALOGUES["en"].items():
        if key != "button.switch_to":  # names its own language
            assert places(CATALOGUES[code][key]) == places(text), key


@pytest.mark.parametrize("code", CATALOGUES)
def test_all_catalogues_keep_the_links_numbers_and_commands(code: str) -> None:
    for key, text in CATALOGUES["en"].items():
        other = CATALOGUES[code][key]
        assert links(other) == links(text), key
        assert sorted(re.findall(r"(?<!\w)/[a-z]+\b", other)) == sorted(re.findall(r"(?<!\w)/[a-z]+\b", text)), key
        assert set(re.findall(r"\b11[02]\b", other)) == set(re.findall(r"\b11[02]\b", text)), key


@pytest.mark.parametrize("code", CATALOGUES)
def test_every_text_can_be_filled_and_rendered_within_a_message(code: str) -> None:
    for key, text in CATALOGUES[code].items():
        filled = text.format(**dict.fromkeys(places(text), "Wert"))
        rtl = BY_CODE[code].rtl
        assert to_plain(filled, rtl=rtl).strip(), key
        assert len(to_telegram_html(filled, rtl=rtl)) < LONGEST_MESSAGE, key
        assert "{" not in filled and "}" not in filled, key
        assert "**" not in to_plain(filled) and "<b></b>" not in to_telegram_html(filled), key


@pytest.mark.parametrize("code", CATALOGUES)
def test_buttons_are_one_short_line(code: str) -> None:
    for key, text in CATALOGUES[code].items():
        if key.startswith(("button.", "aspect.", "menu.", "field.")) and key not in {
                "aspect.missing", "menu.title", "menu.area", "menu.emergency_title", "button.old"}:
            assert "\n" not in text and len(text) <= 38, (key, len(text))


@pytest.mark.parametrize("code", CATALOGUES)
def test_telegrams_limits_for_commands_and_description_are_kept(code: str) -> None:
    assert all(1 <= len(CATALOGUES[code][f"command.{name}"]) <= 256 for name in NAMES)
    assert len(CATALOGUES[code]["bot.description"]) <= 512


@pytest.mark.parametrize("code", CATALOGUES)
def test_emergency_numbers_stand_at_the_beginning_of_a_line(code: str) -> None:
    for key in ("safety.numbers", "menu.emergency_title"):
        lines = CATALOGUES[code][key].splitlines()
        assert any(line.startswith("110") for line in lines) and any(line.startswith("112") for line in lines)


@pytest.mark.parametrize("code", CATALOGUES)
def test_a_program_speaks_and_no_authority(code: str) -> None:
    words = {"de": ("Computerprogramm", "Anwalt"), "en": ("computer program", "lawyer"), "ar": ("برنامج", "محامي")}
    text = CATALOGUES[code]["introduction"]
    assert all(word in text for word in words.get(code, ())), text


def test_a_language_with_a_missing_text_is_not_offered() -> None:
    texts = Texts({"en": {"a": "A", "b": "B"}, "de": {"a": "A"}, "ar": {"a": "أ", "b": "ب"}})
    assert texts.languages == ("en", "ar") and texts.missing("de") == ["b"] and texts.missing("fr") == ["a", "b"]
    assert texts("b", "de") == "B"


def test_an_unknown_text_is_a_bug_and_not_silence() -> None:
    with pytest.raises(KeyError):
        load_texts()("no.such_text", "de")


def test_values_with_braces_are_shown_as_they_are() -> None:
    assert "{town} {0}" in load_texts()("town.set", "de", town="{town} {0}")
