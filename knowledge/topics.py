"""The topics that the bot knows: `topics.yml`."""

from __future__ import annotations

from pathlib import Path

from core.errors import ContentError
from knowledge.located import Mistakes, read_items
from knowledge.mistakes import refuse
from knowledge.model import Topic

CONTENT = Path(__file__).parent / "content"
KINDS = ("answer", "complex", "safety", "chat")


def load_topics(folder: Path = CONTENT) -> dict[str, Topic]:
    """The topics of a content folder in the order of its file; a folder without one has those of this release.

    Raises ContentError where the file has mistakes.
    """
    path = folder / "topics.yml"
    if not path.exists():
        path = CONTENT / "topics.yml"
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ContentError(f"topics.yml:1: this file cannot be read: {error}") from None
    return parse_topics(text)


def parse_topics(text: str, file: str = "topics.yml") -> dict[str, Topic]:
    """The topics of one file's text."""
    mistakes = Mistakes(file)
    topics: dict[str, Topic] = {}
    for entry in read_items(text, mistakes):
        identifier, kind, about = entry.text("id", longest=60), entry.text("kind"), entry.text("about")
        entry.done()
        if identifier is None or kind is None or about is None:
            continue
        if kind not in KINDS:
            entry.wrong("kind", f"`kind` must be one of {', '.join(KINDS)}, not `{kind}`")
        if identifier in topics:
            entry.wrong("id", f"the topic `{identifier}` stands here twice; keep one")
        topics[identifier] = Topic(identifier, kind, about)
    refuse(mistakes.found)
    return topics
