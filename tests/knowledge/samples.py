"""Small documents that pass all checks; tests change one thing in them."""

from __future__ import annotations

from pathlib import Path

from knowledge.answers import AnswerFile, parse_answer
from knowledge.mistakes import Mistake
from knowledge.regions import RegionFile, parse_region
from knowledge.topics import load_topics
from knowledge.wording import examine

TOPICS = load_topics()
NAME = "answers/school.documents/de.md"

ANSWER = """\
---
topic: school.documents
language: de
title: "Papiere für die Schule"
as_of: 2026-01-10
checked_by: none
review_due: 2099-01-10
sources:
  - title: "Schulamt"
    url: https://www.example.org/schule
    seen: 2026-01-10
figures:
  - id: copy_fee
    text: "Eine Kopie kostet 5 Euro."
    as_of: 2026-01-10
    valid_until: 2098-12-31
    source: https://www.example.org/kosten
    without: "Eine Kopie kostet etwas."
related: [school.registration]
office_words: [Impfpass]
---
## do

Nehmen Sie diese Papiere mit:

1. Ihren Pass
2. den **Impfpass** Ihres Kindes (Heft mit Impfungen)

## cost

{{copy_fee}} Fragen Sie vorher bei der [Schule](https://www.example.org/schule).
"""

REGION = """\
region: testland
name: Testland
prefix: TL
towns:
  - name: Übelstadt
    aliases: [Uebelhausen, أوبلشتات]
  - name: Neudorf
offices:
  - id: testland
    name: KIM Testland
    carrier: Kreis Testland
    towns: [Übelstadt, Neudorf]
    phone: "+49 2999 12345"
services:
  - id: tl.ki
    name: Integrationszentrum
    topics: [school.registration]
    address: Marktplatz 1, 12345 Übelstadt
    phone: "+49 2999 6789"
    hours:
      mon: ["08:30-12:00"]
      tue: ["08:30-12:00"]
      wed: ["08:30-12:00"]
      thu: ["08:30-12:00", "14:00-17:00"]
    hours_note: {de: Nur mit Termin, en: By appointment only}
    description: {de: Hilft bei der Schule., en: Helps with school., ar: يساعد في المدرسة.}
    sources:
      - {title: Kreis Testland, url: "https://www.example.org/ki", dated: "2024"}
    as_of: "2024-11"
"""


def write(folder: Path, name: str, text: str) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def changed(old: str, new: str, text: str = ANSWER) -> str:
    """The sample with one thing changed; fails where there is nothing to change."""
    assert old in text, f"{old!r} is not in the sample"
    return text.replace(old, new, 1)


def read(text: str = ANSWER, name: str = NAME) -> AnswerFile:
    return parse_answer(text, name, TOPICS)


def mistakes(text: str, name: str = NAME) -> list[Mistake]:
    return examine(read(text, name), TOPICS)


def says(text: str, name: str = NAME) -> list[str]:
    return [str(mistake) for mistake in mistakes(text, name)]


def read_region(text: str = REGION, *, by_desk: bool = False) -> RegionFile:
    return parse_region(text, "regions/testland.yml", TOPICS, by_desk=by_desk)
