"""The words the conversation is written in: events, replies, the person, and what it needs from outside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol

EventKind = Literal["text", "button", "command", "edited", "unreadable", "blocked", "unblocked", "group"]


@dataclass(frozen=True)
class Event:
    """Something a person did, free of any channel.

    `text`: the message (text, edited), the arguments (command); `name`: the command without the slash, the kind of an
    unreadable message (voice, photo, sticker, document, location, contact, other), or the first name of a blocked chat.
    `data`: what the pressed button carries. `message`: the platform's id of the message the button hangs on.
    """

    kind: EventKind
    text: str = ""
    name: str = ""
    data: str = ""
    message: str | None = None
    profile_language: str | None = None


@dataclass(frozen=True)
class Button:
    """A button under a message: `data` (at most 64 bytes) comes back when it is pressed; `url` opens a page instead."""

    label: str
    data: str = ""
    url: str = ""


@dataclass(frozen=True)
class Attachment:
    """A text file that goes with a reply."""

    name: str
    content: str


@dataclass(frozen=True)
class Reply:
    """One message to a person. `markdown` in the subset that `core.markdown` knows; `keyboard` rows of buttons."""

    markdown: str
    keyboard: tuple[tuple[Button, ...], ...] = ()
    rtl: bool = False
    attachment: Attachment | None = None

    def as_json(self) -> dict[str, Any]:
        """As it lies, encrypted, in the outbox."""
        return {"markdown": self.markdown, "rtl": self.rtl,
                "keyboard": [[[b.label, b.data, b.url] for b in row] for row in self.keyboard],
                "attachment": [self.attachment.name, self.attachment.content] if self.attachment else None}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Reply:
        """The reverse of `as_json`."""
        attachment = Attachment(*data["attachment"]) if data.get("attachment") else None
        return cls(data["markdown"], tuple(tuple(Button(*b) for b in row) for row in data["keyboard"]), data["rtl"],
                   attachment)


@dataclass
class Intake:
    """A case being prepared. `step` is the question that waits for an answer; empty strings are not answered yet."""

    nonce: str = ""
    step: str = ""
    town: str = ""
    office: str = ""
    consent: str = ""  # hash of the wording that was agreed to
    consent_at: str = ""
    consent_language: str = ""  # in which the wording was read
    topic: str = ""
    language: str = ""
    interpreter: bool | None = None
    contact: str = ""  # chat, call, visit
    phone: str = ""
    name: str = ""
    words: str = ""
    reasons: list[str] = field(default_factory=list)
    urgent: bool = False
    editing: bool = False


@dataclass
class Person:
    """What is remembered about a newcomer between two messages; stored encrypted as one JSON document."""

    id: str = ""
    language: str = ""  # chosen or recognised
    language_chosen: bool = False
    town: str = ""
    town_asked: bool = False
    other_place: bool = False  # lives elsewhere, or does not want to say
    other_town: str = ""  # the place elsewhere, where it was named
    introduced: bool = False  # has been told who speaks
    expecting: str = ""  # what typed words answer: "town", "intake", "offer", ""
    last_topic: str = ""
    last_aspects: list[str] = field(default_factory=list)
    last_seen: str = ""
    child_age: int | None = None
    misunderstood: int = 0  # in a row
    unhelpful: int = 0
    areas: list[str] = field(default_factory=list)
    deadline: bool = False
    without_papers: bool = False
    papers_warned: bool = False
    offered_reasons: list[str] = field(default_factory=list)  # why a person was offered; they stand on the ticket
    last_press: str = ""
    last_press_at: str = ""
    confirming_delete: str = ""
    intake: Intake | None = None
    open_ticket: str = ""
    group_told: bool = False


@dataclass(frozen=True)
class OpenCase:
    """A case of this person that is not closed."""

    id: str
    number: str
    office: str
    held_until: str = ""


@dataclass(frozen=True)
class CaseDraft:
    """Everything a case is opened with; the consent is part of it."""

    office: str
    carrier: str
    region: str
    prefix: str
    town: str
    language: str
    topic: str
    urgent: bool
    reasons: tuple[str, ...]
    consent_wording: str
    consent_language: str
    card: dict[str, Any]


class CaseRefused(Exception):
    """The office cannot take the case any more; nothing was written."""


class Cases(Protocol):
    """What the conversation needs from the handoff, inside the transaction of the message."""

    async def staffed_offices(self) -> frozenset[str]:
        """Ids of the offices that are activated and have at least one active case manager."""
        ...

    async def open_case(self, person: Person, draft: CaseDraft) -> OpenCase:
        """Record consent and open the ticket; idempotent for one draft within one message."""
        ...

    async def open_cases(self, person: Person) -> Sequence[OpenCase]:
        """The person's cases that are not closed, newest first."""
        ...

    async def add_message(self, case: OpenCase, text: str) -> None:
        """Words of the person for the case manager."""
        ...

    async def withdraw(self, case: OpenCase) -> None:
        """The person takes the consent back; the case closes."""
        ...


class Records(Protocol):
    """What the conversation needs from the stored data about the person, inside the same transaction."""

    async def export(self, person: Person) -> dict[str, Any]:
        """Everything that is stored about the person, JSON-ready, with which office looked when."""
        ...

    async def erase(self, person: Person) -> ErasureResult:
        """Delete everything about the person except what a legal hold locks."""
        ...

    async def recent_words(self, person: Person, limit: int = 6) -> list[tuple[str, str]]:
        """The last (speaker, text) pairs, oldest first."""
        ...


@dataclass(frozen=True)
class ErasureResult:
    """`held` names what a legal hold keeps: (case number, reason, until), empty when everything is gone."""

    held: tuple[tuple[str, str, str], ...] = ()


@dataclass(frozen=True)
class Count:
    """One anonymous count to add: what happened, about which topic."""

    what: str
    topic: str = ""


@dataclass
class Turn:
    """One message being answered. Dialogues add to `replies` and `counts` and change `person`."""

    event: Event
    person: Person
    at: datetime
    cases: Cases
    records: Records
    replies: list[Reply] = field(default_factory=list)
    counts: list[Count] = field(default_factory=list)
    keep_words: bool = True  # False: neither this message nor the reply may be stored (safety)
    in_form: bool = False  # part of preparing a case: what is said there stands on the card already
    erased: bool = False
    report: dict[str, Any] = field(default_factory=dict)  # topic, action ... for `lotse ask` and the counters
