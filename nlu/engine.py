"""The built-in engine: one joint linear model for all languages, read in this process."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from nlu import entities
from nlu.examples import OUT_OF_SCOPE
from nlu.features import Floats, Vocabulary, groups_of
from nlu.followup import FollowUp, FollowUps, in_context, raised
from nlu.language import OTHER, Guess, LanguageModel
from nlu.model import Entities, Reason, Understanding
from nlu.normalise import normalise
from nlu.safety import SafetyStep

FOREIGN_SURE = 0.9
"""Share of the languages without examples from which a message counts as foreign whatever its words look like."""


@dataclass(frozen=True)
class TopicModel:
    """A linear model over the features; scores become probabilities with one temperature."""

    vocabulary: Vocabulary
    weights: Floats
    intercept: Floats
    topics: tuple[str, ...]
    temperature: float

    def scores(self, normal: str, language: str) -> tuple[Floats, Floats]:
        """Raw scores of the topics, and behind them the columns of further models that share the features."""
        columns, values = self.vocabulary.weigh(groups_of(normal, language))
        every: Floats = values @ self.weights[columns].astype(np.float32) + self.intercept
        return every[: len(self.topics)], every[len(self.topics):]

    def probabilities(self, scores: Floats) -> list[tuple[str, float]]:
        """(topic, probability), most likely first."""
        shares = softmax(scores, self.temperature)
        order = np.argsort(-shares)
        return [(self.topics[at], float(shares[at])) for at in order]


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
    thresholds: Mapping[str, Thresholds]
    facts: Mapping[str, object] = field(default_factory=dict)

    @property
    def languages(self) -> Sequence[str]:
        """Codes of the languages with training data."""
        return self.language.own

    def understand(self, text: str, *, language: str | None = None, last_topic: str | None = None) -> Understanding:
        """Read one message; see `nlu.model.Engine`."""
        normal = normalise(text)
        guess = self.language.guess(text, language)
        if not normal.strip("? "):
            return Understanding(language=guess.language, language_confidence=0.0, topics=(), is_unsure=True,
                                 reason="empty")
        own = guess.language if guess.language != OTHER else guess.looks_like
        scores, extra = self.model.scores(normal, own)
        topics = self.model.probabilities(scores)
        danger = self.safety.find(normal, extra, topics)
        details = entities.find(text, own)
        followup = self.followups.read(normal, own)
        topics = _with_danger(topics, danger)
        limits = self._thresholds(own)
        if danger is None:
            topics = in_context(topics, followup, last_topic=last_topic, child_age=details.child_age,
                                sure=limits.probability)
        reason = self._reason(topics, limits, guess, danger, followup, last_topic)
        return Understanding(
            language=guess.language, language_confidence=guess.confidence, topics=tuple(topics[:8]),
            safety=danger, aspect=followup.aspect, is_followup=followup.is_followup and danger is None,
            entities=_with_areas(details, topics), is_unsure=reason != "clear", reason=reason,
        )

    def _thresholds(self, language: str) -> Thresholds:
        return self.thresholds.get(language) or Thresholds(max(limits.probability
                                                               for limits in self.thresholds.values()))

    def _reason(self, topics: Sequence[tuple[str, float]], limits: Thresholds, guess: Guess, danger: str | None,
                followup: FollowUp, last_topic: str | None) -> Reason:
        if danger is not None:
            return "clear"
        if guess.language == OTHER and guess.confidence >= FOREIGN_SURE:
            return "foreign language"
        first, second = topics[0][1], topics[1][1]
        if followup.is_followup and last_topic is None and first < FOREIGN_SURE:
            return "low probability"
        if first < limits.probability:
            return "low probability"
        if first - second < limits.lead:
            return "no clear winner"
        return "clear"


def _with_danger(topics: Sequence[tuple[str, float]], danger: str | None) -> list[tuple[str, float]]:
    """The safety step decides alone: what it found comes first; what it did not find is never the best guess."""
    if danger is not None:
        return raised(topics, danger, max(0.9, dict(topics).get(danger, 0.0)))
    if not topics[0][0].startswith("safety."):
        return list(topics)
    others = [pair for pair in topics if not pair[0].startswith("safety.")]
    dangers = [pair for pair in topics if pair[0].startswith("safety.")]
    return others + dangers


def _with_areas(details: Entities, topics: Sequence[tuple[str, float]]) -> Entities:
    return details


__all__ = ["OUT_OF_SCOPE", "BuiltinEngine", "Thresholds", "TopicModel", "softmax"]
