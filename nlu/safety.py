"""The separate, recall-first step that recognises danger before anything else.

The score is the lead of the safety topics over all others in the joint model plus a model of its own (danger or not);
curated wordings from `data/safety.yml` add to it or take from it. One threshold decides, chosen for recall first.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import yaml

from core.errors import ContentError
from core.languages import SOURCE
from nlu.normalise import normalise

SIGN, HINT, HARMLESS = 1.8, 0.7, -1.9
"""What a wording adds to the score; the score's own spread is about one."""

FOREIGN_EXTRA = 3.0
"""More is needed where the model does not know the language: a few words shared with a mixed example prove little."""

_PREFIXES = "(?:\u0648\u0627\u0644|\u0628\u0627\u0644|\u0627\u0644|\u0644\u0644|[\u0648\u0641\u0628\u0644])?"
_GAP = r"(?: \S+){0,3}?"


@dataclass(frozen=True)
class Wordings:
    """The phrases of one language as regular expressions on normalised text; the sources are kept for pickling."""

    signs: tuple[tuple[str, str], ...]
    hints: tuple[tuple[str, str], ...]
    harmless: str

    @cached_property
    def _compiled(self) -> tuple[list[tuple[str, re.Pattern[str]]], list[tuple[str, re.Pattern[str]]],
                                 re.Pattern[str] | None]:
        return ([(topic, re.compile(source)) for topic, source in self.signs],
                [(topic, re.compile(source)) for topic, source in self.hints],
                re.compile(self.harmless) if self.harmless else None)

    def weigh(self, padded: str) -> tuple[float, dict[str, float]]:
        """The sum for a text with a space at both ends, and how much speaks for which safety topic."""
        signs, hints, harmless = self._compiled
        votes: dict[str, float] = {}
        for patterns, value in ((signs, SIGN), (hints, HINT)):
            for topic, pattern in patterns:
                if pattern.search(padded):
                    votes[topic] = votes.get(topic, 0.0) + value
        total = min(sum(votes.values()), SIGN + HINT)
        if harmless is not None and harmless.search(padded):
            total += HARMLESS
        return total, votes


@dataclass(frozen=True)
class SafetyStep:
    """Decides whether a message is about danger, and about which."""

    wordings: Mapping[str, Wordings]
    threshold: float
    spreads: tuple[float, float] = (1.0, 1.0)

    def score(self, normal: str, language: str, lead: float, own: float) -> tuple[float, dict[str, float]]:
        """The score of a normalised message, and the votes of its wordings.

        `lead` is how far the best safety topic is ahead of (or behind) the best other one, `own` the danger model's.
        """
        padded = f" {normal.replace(' ?', '')} "
        wordings = self.wordings.get(language)
        added, votes = wordings.weigh(padded) if wordings else (0.0, {})
        if language != SOURCE and not votes and SOURCE in self.wordings:
            # People put the German word into any language: "Notarzt", "Frauenhaus".
            german, votes = self.wordings[SOURCE].weigh(padded)
            added += german
        return lead / self.spreads[0] + own / self.spreads[1] + added, votes

    def find(self, normal: str, language: str, *, own: float, lead: float,
             topics: Sequence[tuple[str, float]], foreign: bool = False) -> str | None:
        """The safety topic of a message, or None; `foreign` where it is in a language without examples."""
        threshold = self.threshold + (FOREIGN_EXTRA if foreign else 0.0)
        if lead / self.spreads[0] + own / self.spreads[1] + SIGN + HINT < threshold:
            # No wording could lift it over the threshold; most messages end here.
            return None
        score, votes = self.score(normal, language, lead, own)
        if score < threshold:
            return None
        chances = {name: share for name, share in topics if name.startswith("safety.")}
        if max(chances.values()) < 0.5 and votes:
            return max(votes, key=lambda name: (votes[name], chances.get(name, 0.0)))
        return max(chances, key=lambda name: chances[name])


def load_wordings(data: Path) -> dict[str, Wordings]:
    """Read safety.yml; a mistake names the phrase."""
    file = data / "safety.yml"
    try:
        table = yaml.load(file.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)  # noqa: S506 strings only
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise ContentError(f"{file}:{mark.line + 1 if mark else 1}: not YAML") from None
    return {
        code: Wordings(_by_topic(parts.get("signs", {}), file), _by_topic(parts.get("hints", {}), file),
                       _one_of(parts.get("harmless", ()), file))
        for code, parts in table.items()
    }


def _by_topic(table: Mapping[str, Sequence[str]], file: Path) -> tuple[tuple[str, str], ...]:
    for topic in table:
        if not topic.startswith("safety."):
            raise ContentError(f"{file}:1: {topic} is not a safety topic")
    return tuple((topic, _one_of(phrases, file)) for topic, phrases in table.items())


def _one_of(phrases: Iterable[str], file: Path) -> str:
    return "|".join(_pattern(phrase, file) for phrase in phrases)


def _pattern(phrase: str, file: Path) -> str:
    """One phrase as a regular expression that needs a space before and after."""
    source = ""
    for part in phrase.split():
        source += _GAP if part == "..." else f" (?:{'|'.join(_word(choice) for choice in part.split('|'))})"
    if not source.strip() or source.startswith(_GAP):
        raise ContentError(f"{file}:1: a phrase cannot be read: {phrase}")
    return f"{source}(?= )"


def _word(choice: str) -> str:
    """One choice of a token; `_` stands for a space inside it. Arabic words may carry their small prefixes."""
    bare = normalise(choice.strip("*"))
    if not choice.startswith("*") and "\u0600" <= bare[:1] <= "\u06ff":
        return _PREFIXES + re.escape(bare) + ("\\S*" if choice.endswith("*") else "")
    return ("\\S*" if choice.startswith("*") else "") + re.escape(bare) + ("\\S*" if choice.endswith("*") else "")
