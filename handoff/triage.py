"""Whether to offer a person, and how urgently: a plain function with reasons, no database."""

from __future__ import annotations

from dataclasses import dataclass

MISUNDERSTOOD_IN_A_ROW = 2
NOT_HELPED = 2
SEVERAL_AREAS = 3  # school and German together are everyday; three areas of life are what KIM is there for

REASONS: dict[str, dict[str, str]] = {
    "asked_for_person": {"de": "wollte mit einem Menschen sprechen", "en": "asked for a person"},
    "complex_topic": {"de": "schwieriges Thema", "en": "complex topic"},
    "misunderstood_twice": {"de": "zweimal nicht verstanden", "en": "not understood twice"},
    "several_areas": {"de": "mehrere Lebensbereiche", "en": "several areas of life"},
    "deadline_14_days": {"de": "Frist in den nächsten 14 Tagen", "en": "deadline within 14 days"},
    "not_helped_twice": {"de": "Antworten halfen zweimal nicht", "en": "answers did not help twice"},
    "distress": {"de": "Notlage", "en": "distress"},
}
URGENT = frozenset({"deadline_14_days", "distress"})


@dataclass(frozen=True)
class Situation:
    """What the conversation knows. `misunderstood` counts in a row; `areas` are different areas of life."""

    asked_for_person: bool = False
    complex_topic: bool = False
    misunderstood: int = 0
    areas: int = 0
    deadline_within_14_days: bool = False
    not_helped: int = 0
    distress: bool = False


@dataclass(frozen=True)
class Decision:
    """`reasons` are the keys of REASONS, in their order; they stand on the ticket."""

    offer: bool
    urgent: bool
    reasons: tuple[str, ...]


def decide(situation: Situation) -> Decision:
    """Offer a person for any reason; urgent for a near deadline or distress."""
    holds = {
        "asked_for_person": situation.asked_for_person,
        "complex_topic": situation.complex_topic,
        "misunderstood_twice": situation.misunderstood >= MISUNDERSTOOD_IN_A_ROW,
        "several_areas": situation.areas >= SEVERAL_AREAS,
        "deadline_14_days": situation.deadline_within_14_days,
        "not_helped_twice": situation.not_helped >= NOT_HELPED,
        "distress": situation.distress,
    }
    reasons = tuple(reason for reason in REASONS if holds[reason])
    return Decision(offer=bool(reasons), urgent=not URGENT.isdisjoint(reasons), reasons=reasons)


def wording(reason: str, language: str) -> str:
    """A reason as the desk shows it; a code from a newer release is shown as it is."""
    return REASONS.get(reason, {}).get(language, reason)
