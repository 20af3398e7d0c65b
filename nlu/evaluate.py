"""The measures of understanding, exactly as the design defines them.

- right: the label is the topic and it was acted on (not clarify, not unsure)
- among three: the label is the topic or one of the first three alternatives
- confidently wrong: acted on another topic (for `out_of_scope` messages: a topic was answered)
- asked back: clarify or unsure on a message with a topic
- safety recall: action `safety` on `safety.*`; false alarm: action `safety` on anything else

Right, among three and asked back are shares of the messages that have a topic, confidently wrong of all messages.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console
from rich.table import Table

from nlu.examples import OUT_OF_SCOPE, Example
from nlu.model import Engine

ASKED_BACK = frozenset({"clarify", "unsure"})
NOT_ANSWERED = frozenset({"clarify", "unsure", "chat", "search"})
"""What may happen to an out_of_scope message without a topic having been answered."""
_BINS = 5


@dataclass(frozen=True)
class Outcome:
    """What the bot did with one message: the fields of `lotse ask`."""

    topic: str | None
    action: str
    alternatives: tuple[str, ...] = ()
    confidence: float = 0.0
    language: str = ""


Ask = Callable[[Example], Outcome]


@dataclass(frozen=True)
class Judged:
    """One message with what happened and how it counts."""

    example: Example
    outcome: Outcome

    @property
    def has_topic(self) -> bool:
        """Whether the message is about something the bot knows."""
        return self.example.topic != OUT_OF_SCOPE

    @property
    def asked_back(self) -> bool:
        """Whether the bot asked instead of acting."""
        return self.outcome.action in ASKED_BACK

    @property
    def right(self) -> bool:
        """Acted, and on the topic of the label."""
        return self.outcome.topic == self.example.topic and not self.asked_back

    @property
    def among_three(self) -> bool:
        """The label is the best guess or one of the first three alternatives."""
        return self.example.topic in (self.outcome.topic, *self.outcome.alternatives[:3])

    @property
    def confidently_wrong(self) -> bool:
        """Acted on another topic; for out_of_scope, answered one."""
        if not self.has_topic:
            return self.answered_as_topic
        return not self.asked_back and self.outcome.topic != self.example.topic

    @property
    def answered_as_topic(self) -> bool:
        """Whether a topic was answered, a person called or an alarm raised."""
        return self.outcome.action not in NOT_ANSWERED

    @property
    def is_danger(self) -> bool:
        """Whether the label is a safety topic."""
        return self.example.topic.startswith("safety.")

    @property
    def alarmed(self) -> bool:
        """Whether the safety step acted."""
        return self.outcome.action == "safety"


@dataclass(frozen=True)
class Measures:
    """Shares between 0 and 1, None where no message belongs to the measure; `count` is the number of messages."""

    count: int
    right: float | None
    among_three: float | None
    confidently_wrong: float | None
    asked_back: float | None
    safety_recall: float | None
    false_alarms: float | None
    human_recall: float | None
    out_of_scope_kept: float | None
    language: float | None


@dataclass(frozen=True)
class Report:
    """All measures of one evaluation."""

    overall: Measures
    by_language: dict[str, Measures]
    by_style: dict[str, Measures]
    calibration: dict[str, list[tuple[float, float, int]]]
    confusions: list[tuple[str, str, int, str]]
    missed_dangers: list[str] = field(default_factory=list)
    alarms: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """Everything as plain values for JSON."""
        return {
            "overall": vars(self.overall),
            "by_language": {name: vars(found) for name, found in self.by_language.items()},
            "by_style": {name: vars(found) for name, found in self.by_style.items()},
            "calibration": {name: [{"confidence": said, "right": true, "count": count} for said, true, count in bins]
                            for name, bins in self.calibration.items()},
            "confusions": [{"label": label, "taken_for": taken, "count": count, "example": text}
                           for label, taken, count, text in self.confusions],
            "missed_dangers": self.missed_dangers, "alarms": self.alarms,
        }


def engine_ask(engine: Engine, *, with_language: bool = False) -> Ask:
    """How the engine alone would act: for measuring understanding without the rest of the bot."""

    def ask(example: Example) -> Outcome:
        found = engine.understand(example.text, language=example.lang if with_language else None)
        if found.safety:
            action = "safety"
        elif found.is_unsure:
            action = "clarify" if found.topics else "unsure"
        else:
            action = "chat" if (found.topic or "").startswith(("chat.", OUT_OF_SCOPE)) else "answer"
        return Outcome(found.topic, action, tuple(topic for topic, _ in found.topics[1:4]), found.confidence,
                       found.language)

    return ask


def evaluate(examples: Iterable[Example], ask: Ask) -> Report:
    """Ask every message and measure."""
    judged = [Judged(example, ask(example)) for example in examples]
    return Report(
        overall=measure(judged),
        by_language=_grouped(judged, lambda one: one.example.lang),
        by_style=_grouped(judged, lambda one: one.example.style),
        calibration={lang: _calibration([one for one in judged if one.example.lang == lang])
                     for lang in sorted({one.example.lang for one in judged})},
        confusions=_confusions(judged),
        missed_dangers=[one.example.text for one in judged if one.is_danger and not one.alarmed],
        alarms=[one.example.text for one in judged if one.alarmed and not one.is_danger],
    )


def measure(judged: Sequence[Judged]) -> Measures:
    """The measures of a set of messages."""
    topical = [one for one in judged if one.has_topic]
    return Measures(
        count=len(judged),
        right=_share(one.right for one in topical),
        among_three=_share(one.among_three for one in topical),
        confidently_wrong=_share(one.confidently_wrong for one in judged),
        asked_back=_share(one.asked_back for one in topical),
        safety_recall=_share(one.alarmed for one in judged if one.is_danger),
        false_alarms=_share(one.alarmed for one in judged if not one.is_danger),
        human_recall=_share(one.right for one in judged if one.example.topic == "chat.human"),
        out_of_scope_kept=_share(not one.answered_as_topic for one in judged if not one.has_topic),
        language=_share(one.outcome.language == one.example.lang for one in judged if one.example.lang),
    )


def _share(values: Iterable[bool]) -> float | None:
    listed = list(values)
    return sum(listed) / len(listed) if listed else None


def _grouped(judged: Sequence[Judged], key: Callable[[Judged], str]) -> dict[str, Measures]:
    groups: dict[str, list[Judged]] = {}
    for one in judged:
        groups.setdefault(key(one) or "?", []).append(one)
    return {name: measure(groups[name]) for name in sorted(groups)}


def _calibration(judged: Sequence[Judged]) -> list[tuple[float, float, int]]:
    """Mean confidence, share right and number of messages in bins of confidence."""
    bins: list[list[Judged]] = [[] for _ in range(_BINS)]
    for one in judged:
        bins[min(_BINS - 1, int(one.outcome.confidence * _BINS))].append(one)
    return [(round(sum(one.outcome.confidence for one in part) / len(part), 3),
             round(sum(one.outcome.topic == one.example.topic for one in part) / len(part), 3), len(part))
            for part in bins if part]


def _confusions(judged: Sequence[Judged], most: int = 15) -> list[tuple[str, str, int, str]]:
    wrong = [one for one in judged if one.outcome.topic != one.example.topic]
    counts = Counter((one.example.topic, one.outcome.topic or "nothing") for one in wrong)
    first = {(one.example.topic, one.outcome.topic or "nothing"): one.example.text for one in reversed(wrong)}
    return [(label, taken, count, first[label, taken]) for (label, taken), count in counts.most_common(most)]


_COLUMNS = (("right", "right"), ("among 3", "among_three"), ("wrong", "confidently_wrong"), ("asked", "asked_back"),
            ("safety", "safety_recall"), ("alarms", "false_alarms"), ("person", "human_recall"),
            ("scope", "out_of_scope_kept"), ("lang.", "language"))


def print_report(report: Report, console: Console | None = None) -> None:
    """The report as tables for people."""
    console = console or Console()
    rows = [("all", report.overall), *report.by_language.items(), *report.by_style.items()]
    table = Table(title="Understanding, in percent")
    for name in ("", "n", *(title for title, _ in _COLUMNS)):
        table.add_column(name, justify="left" if not name else "right")
    for at, (name, found) in enumerate(rows):
        values = (getattr(found, attribute) for _, attribute in _COLUMNS)
        table.add_row(name, str(found.count), *("" if value is None else f"{100 * value:.1f}" for value in values),
                      end_section=at in {0, len(report.by_language)})
    console.print(table)
    bins = Table(title="Calibration: confidence said > right (messages)")
    bins.add_column("language")
    bins.add_column("from unsure to sure")
    for lang, listed in report.calibration.items():
        bins.add_row(lang, " · ".join(f"{said:.2f} > {true:.2f} ({count})" for said, true, count in listed))
    console.print(bins)
    worst = Table(title="Worst confusions")
    for name in ("label", "taken for", "n", "for example"):
        worst.add_column(name)
    for label, taken, count, text in report.confusions:
        worst.add_row(label, taken, str(count), text[:80])
    console.print(worst)
    for title, texts in (("Dangers not recognised", report.missed_dangers), ("False alarms", report.alarms)):
        if texts:
            console.print(f"{title}:", *(f"  {text[:110]}" for text in texts), sep="\n", markup=False)
