"""Answers, services, regions and towns as the rest of Lotse sees them: frozen values, no database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from knowledge.hours import opening_hours

ASPECTS = ("do", "papers", "cost", "time", "place", "trouble")


@dataclass(frozen=True)
class Topic:
    """One line of `topics.yml`. `kind` is answer, complex, safety or chat."""

    id: str
    kind: str
    about: str

    @property
    def area(self) -> str:
        """The first part of the id: school, residence ..."""
        return self.id.split(".")[0]


@dataclass(frozen=True)
class Source:
    """Where a fact comes from, and when it was last seen there."""

    title: str
    url: str
    seen: date


@dataclass(frozen=True)
class Figure:
    """An amount or date inside an answer; after `valid_until` the wording `without` takes its place."""

    id: str
    text: str
    without: str
    as_of: date
    valid_until: date | None
    source: str


@dataclass(frozen=True)
class Answer:
    """One published answer in one language. `sections` maps aspects to Markdown with `{{figure}}` places."""

    topic: str
    language: str
    title: str
    as_of: date
    checked_by: str | None
    review_due: date
    sources: tuple[Source, ...]
    figures: tuple[Figure, ...]
    related: tuple[str, ...]
    office_words: tuple[str, ...]
    sections: Mapping[str, str]

    def section(self, aspect: str, today: date) -> str | None:
        """The Markdown of one aspect with its figures put in, or their wording without the figure where out of date."""
        text = self.sections.get(aspect)
        if text is None:
            return None
        for figure in self.figures:
            current = figure.valid_until is None or today <= figure.valid_until
            text = text.replace("{{" + figure.id + "}}", figure.text if current else figure.without)
        return text

    @property
    def aspects(self) -> tuple[str, ...]:
        """The aspects it has, in their fixed order."""
        return tuple(aspect for aspect in ASPECTS if aspect in self.sections)


@dataclass(frozen=True)
class Service:
    """A local office. `covers` holds town names, empty for the whole region. `as_of` is "2024-11" or "undated".

    `shown` is False where the data is older than 2023 or doubtful and nobody has confirmed it yet. `name` and `hours`
    are German; `description` maps language codes to one plain sentence. `opening` holds the hours by weekday (`mon` to
    `sun`) and `hours_note` what cannot be said in times, by language; `hours_text` puts both together. `note` and
    `doubtful` are for the desk and never shown to newcomers.
    """

    id: str
    region: str
    name: str
    topics: tuple[str, ...]
    covers: tuple[str, ...]
    address: str | None
    phone: str | None  # +49 ...
    email: str | None
    url: str | None
    hours: str | None
    languages: str | None
    source_url: str | None
    source_title: str
    as_of: str
    confirmed_by: str | None
    confirmed_at: date | None
    shown: bool
    description: Mapping[str, str] = field(default_factory=dict)
    opening: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    hours_note: Mapping[str, str] = field(default_factory=dict)
    doubtful: str | None = None
    note: str | None = None
    for_newcomers: bool = True

    def hours_text(self, language: str) -> str | None:
        """The opening hours in the words of a language; None where they are not known."""
        return opening_hours(self.opening, self.hours_note, language)

    def description_in(self, language: str) -> str | None:
        """What the office does, in this language or else in English or German."""
        return next((self.description[code] for code in (language, "en", "de") if code in self.description), None)


@dataclass(frozen=True)
class Office:
    """Where cases of a town go: an office of the KIM and the carrier behind it."""

    id: str
    region: str
    name: str
    carrier: str
    towns: tuple[str, ...]
    phone: str | None
    address: str | None


@dataclass(frozen=True)
class Town:
    """A town with its slug for links (`bergisch-gladbach`), its region and other names people use for it."""

    name: str
    slug: str
    region: str
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True)
class Region:
    """A district or city with its towns, services and KIM routing. `prefix` begins its ticket numbers (`HS`)."""

    id: str
    name: str
    prefix: str
    towns: tuple[Town, ...]
    services: tuple[Service, ...]
    offices: tuple[Office, ...]


@dataclass(frozen=True)
class TownMatch:
    """A town found in a text. `certain` is False for a spelling so far off that the person should confirm it.

    `known` is False for a place that exists in Germany but is in no region here; then `town` is None and `text` is the
    German name of that place, and in passing `certain` means that the person says to live there. Otherwise `text` is
    what the person wrote.
    """

    town: Town | None
    text: str
    certain: bool
    known: bool = True
