"""Markdown to Telegram HTML, page HTML and plain text; people's words stay exactly their words."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core import bidi
from core.markdown import escape, links, to_page_html, to_plain, to_telegram_html

PRINTABLE = st.text(alphabet=st.characters(exclude_categories=("Cs", "Cc")), max_size=200)
TRICKY = st.text(alphabet="*_`[]()<>&\\#-+1.) \n!~|:ab\t", max_size=80)


def words(text: str) -> list[str]:
    """What is left when white space is not looked at."""
    return text.split()


class Tags(HTMLParser):
    """Reads HTML as Telegram does: only known tags, properly nested."""

    def __init__(self, text: str, allowed: set[str]) -> None:
        super().__init__(convert_charrefs=True)
        self.allowed, self.open, self.text = allowed, list[str](), ""
        self.feed(text)
        self.close()
        assert self.open == [], text

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in self.allowed, tag
        if tag not in {"br"}:
            self.open.append(tag)
        if tag == "a":
            assert dict(attrs)["href"], attrs

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


@given(PRINTABLE | TRICKY)
@settings(max_examples=500, deadline=None, derandomize=True)
def test_escaped_words_are_shown_exactly_in_all_forms(text: str) -> None:
    assert words(to_plain(escape(text))) == words(text)
    assert words(Tags(to_telegram_html(escape(text)), set()).text) == words(text)
    assert words(Tags(to_page_html(escape(text)), {"p", "br"}).text) == words(text)


@given(TRICKY)
@settings(max_examples=300, deadline=None, derandomize=True)
def test_escaped_words_stay_words_inside_a_sentence_of_ours(text: str) -> None:
    one_line = " ".join(text.split())
    assert words(to_plain(f"**Ort:** {escape(one_line)}.")) == words(f"Ort: {one_line}.")


@given(PRINTABLE | TRICKY, st.booleans())
@settings(max_examples=300, deadline=None, derandomize=True)
def test_any_markdown_gives_html_that_telegram_takes(text: str, rtl: bool) -> None:
    Tags(to_telegram_html(text, rtl=rtl), {"b", "a"})
    Tags(to_page_html(text, rtl=rtl), {"p", "br", "ol", "ul", "li", "strong", "em", "a"})
    to_plain(text, rtl=rtl), links(text)


@given(PRINTABLE | TRICKY)
@settings(max_examples=300, deadline=None, derandomize=True)
def test_right_to_left_differs_only_by_direction_marks(text: str) -> None:
    text = bidi.strip(text)
    assert words(bidi.strip(to_plain(text, rtl=True))) == words(to_plain(text))


@pytest.mark.parametrize(("markdown", "telegram"), [
    ("**fett** und normal", "<b>fett</b> und normal"),
    ("1. eins\n2. zwei", "1. eins\n2. zwei"),
    ("3. drei\n4. vier", "3. drei\n4. vier"),
    ("- a\n- b\n\nText", "• a\n• b\n\nText"),
    ("Absatz eins\nZeile\n\nAbsatz zwei", "Absatz eins\nZeile\n\nAbsatz zwei"),
    ("[Amt](https://example.org/a?b=1&c=2)", '<a href="https://example.org/a?b=1&amp;c=2">Amt</a>'),
    ("[**Amt**](https://example.org)", '<a href="https://example.org"><b>Amt</b></a>'),
    ("[x](javascript:alert(1))", "[x](javascript:alert(1))"),
    ("[x](tg://user?id=1)", "x"),
    ("[x](tg://user?id=1) [y](https://example.org)", 'x <a href="https://example.org">y</a>'),
    ("<b>nicht fett</b> & co", "&lt;b&gt;nicht fett&lt;/b&gt; &amp; co"),
    ("# kein Titel", "# kein Titel"), ("`kein code`", "`kein code`"), ("> kein Zitat", "&gt; kein Zitat"),
    ("![bild](https://example.org/x.png)", '!<a href="https://example.org/x.png">bild</a>'),
    ("&lt; bleibt", "&amp;lt; bleibt"), ("https://example.org", "https://example.org"), ("a\n---\nb", "a\n---\nb"),
    ("    eingerückt", "eingerückt"), ("", ""), ("\n\n", ""), ("*schräg*", "schräg")])
def test_the_subset_in_telegrams_html(markdown: str, telegram: str) -> None:
    assert to_telegram_html(markdown) == telegram


def test_lists_keep_their_order_and_are_not_torn_apart() -> None:
    assert to_plain("Text\n\n1. eins\n\n   noch eins\n2. zwei\n\nEnde") == "Text\n\n1. eins\nnoch eins\n2. zwei\n\nEnde"


def test_links_in_plain_text_show_their_address_once() -> None:
    assert to_plain("[Amt](https://example.org) und [https://example.org](https://example.org)") == (
        "Amt (https://example.org) und https://example.org")


def test_the_addresses_of_all_links_are_found_in_order() -> None:
    assert links("[a](https://a.org) x [b](mailto:b@b.org)") == ["https://a.org", "mailto:b@b.org"]


def test_a_page_gets_no_script_whatever_is_written() -> None:
    page = to_page_html('<script>alert(1)</script> [x](javascript:alert(1)) <img src=x onerror=alert(1)> [y](https://a.org "t")')
    assert "<script" not in page and "<img" not in page and 'href="javascript' not in page
    assert 'rel="noopener noreferrer"' in page


def test_in_right_to_left_each_line_begins_with_a_mark_and_numbers_with_words_are_isolated() -> None:
    lines = to_telegram_html("اذهبوا إلى (Rathaus) الساعة 9\n+49 2999 12345", rtl=True).split("\n")
    assert all(line.startswith(bidi.RLM) for line in lines)
    assert f"{bidi.LRI}Rathaus{bidi.PDI}" in lines[0] and f"{bidi.LRI}+49 2999 12345{bidi.PDI}" in lines[1]


@pytest.mark.parametrize("text", ["a" * 20_000, "(" * 5_000, "(a" * 3_000, "a (" * 3_000, "[" * 3_000, "*" * 4_096, "a, " * 5_000 + "(",
                                  "-" * 4_096, "1. " * 1_500, "> " * 2_000, "\\" * 4_096, "[a](" * 1_000])
def test_long_and_odd_text_takes_no_time(text: str) -> None:
    import time
    begin = time.perf_counter()
    for rtl in (False, True):
        to_telegram_html(text, rtl=rtl), to_page_html(text, rtl=rtl), to_plain(escape(text), rtl=rtl)
    assert time.perf_counter() - begin < 3


def test_no_control_character_of_a_person_gets_out_of_a_right_to_left_message() -> None:
    shown = to_plain(escape("\u202eumgekehrt\u2066 سلام"), rtl=True)
    assert "\u202e" not in shown and shown.count(bidi.LRI) == shown.count(bidi.PDI)
    assert re.sub("[\u200e\u200f\u2066-\u2069]", "", shown) == "umgekehrt سلام"
