"""Short messages that lean on the one before: which aspect they ask for, and what they mean after the last topic."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import cast, get_args

import yaml

from core.errors import ContentError
from nlu.model import Aspect
from nlu.normalise import normalise, variants, words

LONGEST_FOLLOWUP = 9
"""Words; a longer message says itself what it is about."""

Phrase = tuple[str, ...]
# "papers" before "cost" before the vague ones, so that "how much is the form?" and "what do I need?" find the narrower.
_ORDER: tuple[Aspect, ...] = ("trouble", "papers", "cost", "time", "place", "do")


@dataclass(frozen=True)
class FollowUp:
    """What the wording alone says about a message. `covered` is the share of its words that name no topic."""

    aspect: Aspect | None
    is_followup: bool


@dataclass(frozen=True)
class _Wording:
    aspects: dict[Aspect, tuple[Phrase, ...]]
    continues: tuple[Phrase, ...]
    filler: frozenset[str]

    @cached_property
    def known(self) -> frozenset[str]:
        """Every word of every phrase."""
        phrases = [*self.continues, *(phrase for listed in self.aspects.values() for phrase in listed)]
        return self.filler | {word for phrase in phrases for word in phrase}


@dataclass(frozen=True)
class FollowUps:
    """The wordings of all languages; a message is read with its own language's and, in other scripts, with all."""

    wordings: dict[str, _Wording]

    @classmethod
    def load(cls, data: Path) -> FollowUps:
        """Read aspects.yml; phrases are normalised as messages are."""
        file = data / "aspects.yml"
        try:
            table = yaml.load(file.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)  # noqa: S506 strings only
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            raise ContentError(f"{file}:{mark.line + 1 if mark else 1}: not YAML") from None
        wordings = {}
        for code, parts in table.items():
            unknown = set(parts["aspects"]) - set(get_args(Aspect))
            if unknown:
                raise ContentError(f"{file}:1: unknown aspect {sorted(unknown)[0]} under {code}")
            wordings[code] = _Wording(
                {cast("Aspect", name): _phrases(listed) for name, listed in parts["aspects"].items()},
                _phrases(parts["continues"]),
                frozenset(word for phrase in _phrases(parts["filler"]) for word in phrase),
            )
        return cls(wordings)

    def read(self, normal: str, language: str) -> FollowUp:
        """Look at one normalised message."""
        said = words(normal)
        wording = self.wordings.get(language)
        if wording is None or not said or len(said) > LONGEST_FOLLOWUP:
            return FollowUp(None, is_followup=False)
        said = [next((form for form in variants(word) if form in wording.known), word) for word in said]
        aspect, covered = _aspect(said, wording.aspects)
        named = [word for at, word in enumerate(said)
                 if at not in covered and word not in wording.filler and not word.isdigit()]
        leans = any(_starts(said, phrase) for phrase in wording.continues)
        is_followup = (not named and (aspect is not None or leans)) or (leans and len(named) <= 1)
        return FollowUp(aspect, is_followup)


def _phrases(listed: Iterable[str]) -> tuple[Phrase, ...]:
    found = {tuple(words(normalise(phrase))) for phrase in listed}
    return tuple(sorted((phrase for phrase in found if phrase), key=lambda phrase: (-len(phrase), phrase)))


def _starts(said: Sequence[str], phrase: Phrase) -> bool:
    return tuple(said[: len(phrase)]) == phrase


def _aspect(said: Sequence[str], aspects: dict[Aspect, tuple[Phrase, ...]]) -> tuple[Aspect | None, set[int]]:
    """The aspect with the longest phrase found, and the places of all words that belong to any aspect's phrase."""
    best: tuple[int, int, Aspect] | None = None
    covered: set[int] = set()
    for rank, name in enumerate(_ORDER):
        for phrase in aspects.get(name, ()):
            for at in range(len(said) - len(phrase) + 1):
                if tuple(said[at:at + len(phrase)]) == phrase:
                    covered.update(range(at, at + len(phrase)))
                    candidate = (-len(phrase), rank, name)
                    best = min(best, candidate) if best else candidate
    return (best[2] if best else None), covered


def in_context(topics: Sequence[tuple[str, float]], followup: FollowUp, *, last_topic: str | None,
               child_age: int | None, sure: float) -> list[tuple[str, float]]:
    """The topics of a message read against what the conversation is about.

    A follow-up keeps the last topic on top; a small child after a school topic means the kindergarten. A message that
    names a topic of its own clearly (probability of `sure` or more) is left alone.
    """
    ranked = list(topics)
    if last_topic is None or last_topic.startswith(("chat.", "safety.", "out_of_scope")) or not ranked:
        return ranked
    if followup.is_followup:
        meant = last_topic
        if last_topic.startswith("school.") and child_age is not None and child_age < 6:
            meant = "childcare.kita"
        elif last_topic == "childcare.kita" and child_age is not None and child_age >= 6:
            meant = "school.registration"
        return raised(ranked, meant, 0.985)
    top, probability = ranked[0]
    if top == last_topic or probability >= sure:
        return ranked
    own = dict(ranked).get(last_topic, 0.0)
    # Unclear by itself: what was talked about is likelier than the message alone says, but does not overrule it.
    return raised(ranked, last_topic, min(0.9, own * 2.5)) if own else ranked


def raised(topics: Sequence[tuple[str, float]], topic: str, probability: float) -> list[tuple[str, float]]:
    """The list with one topic set to a probability and the others scaled to the rest."""
    rest = sum(share for name, share in topics if name != topic)
    scale = (1 - probability) / rest if rest > 0 else 0.0
    changed = [(name, share * scale) for name, share in topics if name != topic]
    return sorted([(topic, probability), *changed], key=lambda pair: -pair[1])
