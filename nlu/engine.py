"""The built-in engine: one joint linear model for all languages, read in this process."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from nlu.entities import EntityFinder
from nlu.examples import OUT_OF_SCOPE
from nlu.features import Floats, Vocabulary, groups_of
from nlu.followup import FollowUp, FollowUps, in_context, raised
from nlu.language import OTHER, Guess, LanguageModel
from nlu.model import Reason, Understanding
from nlu.normalise import normalise, plain
from nlu.safety import SafetyStep

FOREIGN_SURE = 0.8
"""Share of the languages without examples from which a message is foreign whatever its words look like."""


CLAUSE_SURE = 0.8
"""A clause counts as a need of its own only where its topic is this probable; stories mention many things."""
MOST_CLAUSES = 4
NO_NEED = frozenset({OUT_OF_SCOPE, "chat.greeting"})
"""A message taken as a whole for one of these, one clause of which is a clear need, is about that need."""
CLAUSE_RAISED = 0.985

_JOINTS = ("und", "and", "also", "w", "et", "ve", "\u0438", "\u0442\u0430", "\u0648\u0643\u0645\u0627\u0646",
           "\u0643\u0645\u0627\u0646")
_CLAUSES = re.compile(rf"[.!?;,\n\u061f\u060c\u061b]+|\s(?:{'|'.join(_JOINTS)})\s|\s(?=\u0648\S)")


@dataclass(frozen=True)
class TopicModel:
    """A linear model over the features; scores become probabilities with one temperature.

    The last column of the weights is the danger model of the safety step, which reads the same features.
    """

    vocabulary: Vocabulary
    weights: Floats
    intercept: Floats
    topics: tuple[str, ...]
    temperature: float = 1.0

    def scores(self, normal: str, language: str) -> tuple[Floats, float]:
        """The scores of the topics and that of the danger model for a normalised message."""
        columns, values = self.vocabulary.weigh(groups_of(normal, language))
        every: Floats = values @ self.weights[columns] + self.intercept
        return every[:-1], float(every[-1])

    def ranked(self, scores: Floats) -> list[tuple[str, float]]:
        """(topic, probability), most likely first."""
        shares = softmax(scores, self.temperature)
        order = np.argsort(-shares)
        return [(self.topics[at], float(shares[at])) for at in order]

    def lead_of_danger(self, scores: Floats) -> float:
        """How far the best safety topic is ahead of the best other one; negative where it is behind."""
        danger = np.array([topic.startswith("safety.") for topic in self.topics])
        return float(scores[danger].max() - scores[~danger].max()) if danger.any() else -9.0


def _is_need(topic: str) -> bool:
    return not topic.startswith(("chat.", "safety.", OUT_OF_SCOPE))


def softmax(scores: Floats, temperature: float) -> Floats:
    """Shares that sum to one; the smaller the temperature, the surer."""
    spread = np.exp((scores - scores.max(axis=-1, keepdims=True)) / temperature)
    shares: Floats = spread / spread.sum(axis=-1, keepdims=True)
    return shares


@dataclass(frozen=True)
class Thresholds:
    """From which probability, and from which lead over the second, a best guess is acted on."""

    probability: float
    lead: float = 0.0


@dataclass(frozen=True)
class BuiltinEngine:
    """Implements `nlu.model.Engine`; holds only arrays, so calls from several threads do not meet."""

    model: TopicModel
    language: LanguageModel
    safety: SafetyStep
    followups: FollowUps
    entities: EntityFinder
    thresholds: Mapping[str, Thresholds]

    @property
    def languages(self) -> Sequence[str]:
        """Codes of the languages with training data."""
        return self.language.own

    @property
    def topics(self) -> Sequence[str]:
        """Ids of the topics with training data."""
        return self.model.topics

    def understand(self, text: str, *, language: str | None = None, last_topic: str | None = None) -> Understanding:
        """Read one message; see `nlu.model.Engine`."""
        normal = normalise(text)
        guess = self.language.guess(text, language)
        if not normal.strip("? "):
            return Understanding(language=guess.language, language_confidence=0.0, topics=(), is_unsure=True,
                                 reason="empty")
        own = guess.language if guess.language != OTHER else guess.looks_like
        scores, danger_score = self.model.scores(normal, own)
        topics = self.model.ranked(scores)
        danger = self.safety.find(normal, own, own=danger_score, lead=self.model.lead_of_danger(scores),
                                  topics=topics, foreign=guess.language == OTHER)
        details = self.entities.find(text, own)
        followup = self.followups.read(normal, own) if danger is None else FollowUp(None, is_followup=False)
        limits = self._thresholds(own)
        topics = _with_danger(topics, danger)
        if danger is None:
            topics = in_context(topics, followup, last_topic=last_topic, child_age=details.child_age,
                                sure=max(limits.probability, 0.5))
        needs = self._needs(text, own, topics, limits)
        if danger is None and needs and topics[0][0] in NO_NEED and topics[1][0] == needs[0]:
            topics = raised(topics, needs[0], CLAUSE_RAISED)
        areas = tuple(dict.fromkeys(topic.split(".")[0] for topic in needs))
        reason = "clear" if danger else self._reason(topics, limits, guess, followup, last_topic)
        return Understanding(
            language=guess.language, language_confidence=guess.confidence, topics=tuple(topics[:8]), safety=danger,
            aspect=followup.aspect, is_followup=followup.is_followup,
            entities=replace(details, areas=areas, needs=needs),
            is_unsure=reason != "clear", reason=reason,
        )

    def _thresholds(self, language: str) -> Thresholds:
        """A language without a validation set gets the strictest of the others."""
        known = self.thresholds.get(language)
        if known is not None:
            return known
        return Thresholds(max((limits.probability for limits in self.thresholds.values()), default=0.5),
                          max((limits.lead for limits in self.thresholds.values()), default=0.0))

    def _needs(self, text: str, language: str, topics: Sequence[tuple[str, float]],
               limits: Thresholds) -> tuple[str, ...]:
        """The topics named in one message: that of the whole, and those of clauses that are clear by themselves."""
        found = {topic: share for topic, share in topics[:1]
                 if _is_need(topic) and share >= max(0.5, limits.probability)}
        clauses = [normalise(part) for part in _CLAUSES.split(plain(text)) if part and part.count(" ") >= 2]
        if len(clauses) < 2:
            return tuple(found)
        for clause in clauses[:MOST_CLAUSES]:
            scores, _ = self.model.scores(clause, language)
            topic, share = self.model.ranked(scores)[0]
            if _is_need(topic) and share >= CLAUSE_SURE:
                found[topic] = max(found.get(topic, 0.0), share)
        return tuple(sorted(found, key=lambda topic: -found[topic]))

    def _reason(self, topics: Sequence[tuple[str, float]], limits: Thresholds, guess: Guess, followup: FollowUp,
                last_topic: str | None) -> Reason:
        first, second = topics[0][1], topics[1][1]
        # A greeting is a greeting in any language; the bot greets back and shows the languages it has.
        is_chat = topics[0][0].startswith("chat.") and first >= FOREIGN_SURE
        if guess.language == OTHER and guess.confidence >= FOREIGN_SURE and not is_chat:
            return "foreign language"
        if first < limits.probability or (
                followup.is_followup and last_topic is None and (first < FOREIGN_SURE or topics[0][0] == OUT_OF_SCOPE)):
            return "low probability"
        return "no clear winner" if first - second < limits.lead else "clear"


def _with_danger(topics: Sequence[tuple[str, float]], danger: str | None) -> list[tuple[str, float]]:
    """The safety step decides alone: what it found comes first; what it did not find is never the best guess."""
    if danger is not None:
        return raised(topics, danger, max(0.9, dict(topics).get(danger, 0.0)))
    if not topics[0][0].startswith("safety."):
        return list(topics)
    others = [pair for pair in topics if not pair[0].startswith("safety.")]
    left = sum(share for _, share in others)
    # What was taken for danger and is none is unclear: the others keep their order, not more certainty than a half.
    return [(topic, share / left * 0.5 if left else 0.0) for topic, share in others]
