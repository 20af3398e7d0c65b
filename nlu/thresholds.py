"""Choosing the thresholds: reproducible, on validation messages that were written apart from the training data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from nlu.engine import Thresholds, softmax
from nlu.examples import OUT_OF_SCOPE, Example
from nlu.features import Floats
from nlu.normalise import normalise

if TYPE_CHECKING:
    from nlu.engine import BuiltinEngine
    from nlu.safety import SafetyStep

MOST_WRONG = 0.03
"""Share of the messages that may be answered wrongly without asking back, false alarms of danger included."""
PRICE_OF_WRONG = 1.0
"""A wrong answer costs as much as this many right ones bring: below a chance of one half it is better to ask."""
MOST_ASKED = 0.12
MOST_FALSE_ALARMS = 0.02
"""On the validation set, a fifth of which sounds dangerous and is not; among ordinary messages there are far fewer."""


def best_temperature(scores: Floats, labels: Sequence[str], topics: Sequence[str]) -> float:
    """The temperature under which the probabilities of the right topics are likeliest."""
    if not len(scores):
        return 1.0
    at = np.array([topics.index(label) if label in topics else -1 for label in labels])
    rows = np.flatnonzero(at >= 0)
    candidates = np.geomspace(0.05, 5, 60)
    losses = [-np.log(softmax(scores[rows], float(temperature))[np.arange(len(rows)), at[rows]] + 1e-9).mean()
              for temperature in candidates]
    return float(candidates[int(np.argmin(losses))])


def best_safety_threshold(step: SafetyStep, validation: Sequence[Example], leads: NDArray[np.float64],
                          own: NDArray[np.float64]) -> float:
    """As low as the false alarms allow: recall comes first, a false alarm only shows numbers nobody needed."""
    if not validation:
        return 0.0
    scores = np.array([step.score(normalise(example.text), example.lang, float(lead), float(danger))[0]
                       for example, lead, danger in zip(validation, leads, own, strict=True)])
    is_danger = np.array([example.topic.startswith("safety.") for example in validation])
    harmless = np.sort(scores[~is_danger])[::-1]
    # Just above the first false alarm that is one too many.
    return float(harmless[int(MOST_FALSE_ALARMS * len(harmless))]) + 1e-3


def best_thresholds(engine: BuiltinEngine, validation: Sequence[Example]) -> dict[str, Thresholds]:
    """Per language: as many right as possible with few confidently wrong; the better of probability and lead."""
    by_language: dict[str, list[Example]] = {}
    for example in validation:
        by_language.setdefault(example.lang, []).append(example)
    asked = {code: _outcomes(engine, rows) for code, rows in by_language.items()}
    options: dict[str, dict[str, tuple[float, Thresholds]]] = {"probability": {}, "lead": {}}
    for code, (right, topical, probability, lead) in asked.items():
        at, value = _best_border(right, topical, probability)
        options["probability"][code] = value, Thresholds(at)
        at, value = _best_border(right, topical, lead)
        options["lead"][code] = value, Thresholds(0.0, at)
    sums = {name: sum(value for value, _ in chosen.values()) for name, chosen in options.items()}
    better = max(sums, key=lambda name: sums[name])
    return {code: limits for code, (_, limits) in options[better].items()}


def _outcomes(engine: BuiltinEngine, rows: Sequence[Example]
              ) -> tuple[NDArray[np.bool_], NDArray[np.bool_], NDArray[np.float64], NDArray[np.float64]]:
    """Whether the best guess is right, whether the message has a topic, the probability and the lead."""
    right, topical, probability, lead = [], [], [], []
    for example in rows:
        found = engine.understand(example.text, language=example.lang)
        right.append(found.topic == example.topic)
        topical.append(example.topic != OUT_OF_SCOPE)
        probability.append(1.0 if found.safety else found.confidence)
        lead.append(1.0 if found.safety else found.topics[0][1] - found.topics[1][1])
    return np.array(right), np.array(topical), np.array(probability), np.array(lead)


def _best_border(right: NDArray[np.bool_], topical: NDArray[np.bool_], sureness: NDArray[np.float64]
                 ) -> tuple[float, float]:
    """The border of sureness and its value: share right less share wrong, less what is over the two limits."""
    best = (0.0, -1e9)
    for border in np.unique(np.concatenate([[0.0], sureness])):
        acted = sureness >= border
        share_right = float((acted & right & topical).sum() / max(1, topical.sum()))
        wrong = float((acted & ~right).mean())
        asked = float((~acted & topical).sum() / max(1, topical.sum()))
        over = 10 * max(0.0, wrong - MOST_WRONG) + 2 * max(0.0, asked - MOST_ASKED)
        value = share_right - PRICE_OF_WRONG * wrong - over
        if value > best[1]:
            best = (float(border), value)
    return best
