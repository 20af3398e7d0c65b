"""The built-in engine: one joint linear model for all languages, read in this process."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from nlu import entities
from nlu.features import Floats, Vocabulary, groups_of
from nlu.followup import FollowUp, FollowUps, in_context, raised
from nlu.language import OTHER, Guess, LanguageModel
from nlu.model import Reason, Understanding
from nlu.normalise import normalise
from nlu.safety import SafetyStep

FOREIGN_SURE = 0.8
"""Share of the languages without examples from which a message is foreign whatever its words look like."""


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
                                  topics=topics)
        details = entities.find(text, own)
        followup = self.followups.read(normal, own) if danger is None else FollowUp(None, is_followup=False)
        limits = self._thresholds(own)
        topics = _with_danger(topics, danger)
        if danger is None:
            topics = in_context(topics, followup, last_topic=last_topic, child_age=details.child_age,
                                sure=max(limits.probability, 0.5))
        reason = "clear" if danger else self._reason(topics, limits, guess, followup, last_topic)
        return Understanding(
            language=guess.language, language_confidence=guess.confidence, topics=tuple(topics[:8]), safety=danger,
            aspect=followup.aspect, is_followup=followup.is_followup,
            entities=replace(details, areas=_areas(topics, details.areas)),
            is_unsure=reason != "clear", reason=reason,
        )

    def _thresholds(self, language: str) -> Thresholds:
        """A language without a validation set gets the strictest of the others."""
        known = self.thresholds.get(language)
        if known is not None:
            return known
        return Thresholds(max((limits.probability for limits in self.thresholds.values()), default=0.5),
                          max((limits.lead for limits in self.thresholds.values()), default=0.0))

    def _reason(self, topics: Sequence[tuple[str, float]], limits: Thresholds, guess: Guess, followup: FollowUp,
                last_topic: str | None) -> Reason:
        if guess.language == OTHER and guess.confidence >= FOREIGN_SURE and not topics[0][0].startswith("chat."):
            return "foreign language"
        first, second = topics[0][1], topics[1][1]
        if first < limits.probability or (followup.is_followup and last_topic is None and first < FOREIGN_SURE):
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


def _areas(topics: Sequence[tuple[str, float]], named: Sequence[str]) -> tuple[str, ...]:
    return tuple(named)
