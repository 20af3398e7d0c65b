"""The Markdown that answers and replies are written in, turned into Telegram HTML, page HTML and plain text.

The subset: paragraphs with line breaks, numbered and bulleted lists, **bold**, [links](https://...). Raw HTML is text.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Sequence

import nh3
from markdown_it import MarkdownIt
from markdown_it.token import Token

from core import bidi

_PARSER = MarkdownIt("commonmark", {"html": False, "breaks": True}).disable(
    ["heading", "lheading", "fence", "code", "html_block", "html_inline", "hr", "blockquote", "image", "backticks",
     "reference", "autolink", "entity"])
_SPECIAL = re.compile(r"([\\`*_\[\]<>])")
_LINE_START = re.compile(r"^(\s*)([-+*#>]|\d+[.)])", re.MULTILINE)
_LINK_SCHEMES = ("https://", "http://", "mailto:")


def escape(text: str) -> str:
    """Somebody's words as Markdown that shows exactly these words."""
    text = _SPECIAL.sub(r"\\\1", bidi.strip(text))
    return _LINE_START.sub(lambda m: f"{m.group(1)}{_escaped_marker(m.group(2))}", text)


def _escaped_marker(marker: str) -> str:
    return marker[:-1] + "\\" + marker[-1]


def to_telegram_html(markdown: str, *, rtl: bool = False) -> str:
    """HTML in Telegram's dialect: only b and a, lists written out; for right-to-left text with isolates."""
    return _flatten(markdown, _telegram_inline, rtl)


def to_plain(markdown: str, *, rtl: bool = False) -> str:
    """What a person reads, without any markup; links as `text (address)`."""
    return _flatten(markdown, _plain_inline, rtl)


def to_page_html(markdown: str, *, rtl: bool = False) -> str:
    """HTML for a page, sanitised."""
    tokens = _PARSER.parse(markdown)
    if rtl:
        for token in tokens:
            _isolate(token.children or [])
    rendered = _PARSER.renderer.render(tokens, _PARSER.options, {})
    return nh3.clean(rendered, tags={"p", "br", "ol", "ul", "li", "strong", "em", "a"},
                     attributes={"a": {"href"}, "ol": {"start"}}, url_schemes={"https", "http", "mailto"},
                     link_rel="noopener noreferrer")


def links(markdown: str) -> list[str]:
    """The addresses of all links, in order."""
    return [str(child.attrGet("href")) for token in _PARSER.parse(markdown) for child in token.children or []
            if child.type == "link_open"]


def _flatten(markdown: str, inline: Callable[[Sequence[Token], bool], str], rtl: bool) -> str:
    """Blocks as lines: an empty line between paragraphs, none between the items of a list."""
    out: list[str] = []
    lists: list[int | None] = []
    prefix = ""
    for token in _PARSER.parse(markdown):
        if token.type == "ordered_list_open":
            lists.append(int(token.attrGet("start") or 1))
        elif token.type == "bullet_list_open":
            lists.append(None)
        elif token.type in {"ordered_list_close", "bullet_list_close"}:
            lists.pop()
            if not lists and out and out[-1] != "":
                out.append("")
        elif token.type == "list_item_open":
            number = lists[-1]
            prefix = "• " if number is None else f"{number}. "
            if number is not None:
                lists[-1] = number + 1
        elif token.type == "inline":
            if rtl:
                _isolate(token.children or [])
            text = inline(token.children or [], rtl)
            mark = bidi.RLM if rtl else ""
            out.extend(mark + line for line in (prefix + text).split("\n"))
            prefix = ""
            if not lists:
                out.append("")
    return "\n".join(out).strip("\n")


def _isolate(children: Sequence[Token]) -> None:
    """Put isolates into the text of each line, in place: run by run where the line has right-to-left letters."""
    line: list[Token] = []
    for child in [*children, None]:
        if child is not None and child.type not in {"softbreak", "hardbreak"}:
            line.append(child)
            continue
        texts = [part for part in line if part.type == "text"]
        alone = not any(bidi.has_rtl(part.content) for part in texts) and len(texts) == 1
        for part in texts:
            part.content = bidi.isolate_runs(part.content, whole_line=alone)
        line = []


def _telegram_inline(children: Sequence[Token], _rtl: bool) -> str:
    parts: list[str] = []
    is_link = False
    for child in children:
        if child.type == "text":
            parts.append(html.escape(child.content, quote=False))
        elif child.type in {"softbreak", "hardbreak"}:
            parts.append("\n")
        elif child.type in {"strong_open", "strong_close"}:
            parts.append("<b>" if child.type.endswith("open") else "</b>")
        elif child.type == "link_open":
            address = str(child.attrGet("href"))
            is_link = address.startswith(_LINK_SCHEMES)
            if is_link:
                parts.append(f'<a href="{html.escape(address)}">')
        elif child.type == "link_close" and is_link:
            parts.append("</a>")
    return "".join(parts)


def _plain_inline(children: Sequence[Token], rtl: bool) -> str:
    parts: list[str] = []
    address = ""
    for child in children:
        if child.type == "text":
            parts.append(child.content)
        elif child.type in {"softbreak", "hardbreak"}:
            parts.append("\n")
        elif child.type == "link_open":
            address = str(child.attrGet("href"))
        elif child.type == "link_close" and parts and bidi.strip(parts[-1]) != address:
            parts.append(f" ({bidi.isolate_runs(address) if rtl else address})")
    return "".join(parts)
