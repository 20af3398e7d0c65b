"""Which language a message is in: a small character n-gram model of our own, with the chat's language as a prior.

It learns from the training examples themselves, whole and in pieces of one to three words, so that it knows Arabizi,
learner's German and messages full of German office words. Languages without examples are learnt from a short list and
answered as "other".
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import yaml

from core.errors import ContentError
from nlu.examples import Example
from nlu.features import Floats, Hashes, Vocabulary, hashes_of, ngrams
from nlu.normalise import spelled

OTHER = "other"
UNKNOWN = "und"
SHORT_WORD = 10
"""A single word of up to so many letters never leads away from the chat's language."""

MOST_TEXTS = 4000
"""Texts per language that are learnt from; more make training longer and nothing better."""
_OWN = 0.7
"""And how much speaks for our languages beforehand: "salam" and "merci" are said by people of many."""
SHARPNESS = 4.0
"""From the model's margins (about one) to natural log units, in which the prior is given."""

_PRIOR = 2.2
"""How much the chat's language counts, in natural log units: about nine to one."""


@dataclass(frozen=True)
class Guess:
    """The language to answer in, how sure, and where it is "other" which language it looks like."""

    language: str
    confidence: float
    looks_like: str


@dataclass(frozen=True)
class LanguageModel:
    """A linear model over character n-grams and words; `own` are the languages that have training data."""

    vocabulary: Vocabulary
    weights: Floats
    intercept: Floats
    codes: tuple[str, ...]
    own: tuple[str, ...]
    letters: frozenset[str]

    def guess(self, text: str, chat: str | None = None) -> Guess:
        """The language of one message; `chat` is the language spoken so far."""
        form = spelled(text)
        if not form:
            return Guess(chat or self.own[0], 0.0, chat or self.own[0])
        parts = form.split()
        known_chat = chat if chat in self.codes else None
        shares = self._shares(form, known_chat, len(parts))
        if known_chat in self.own and len(parts) == 1 and len(form) <= SHORT_WORD:
            return Guess(known_chat, max(0.5, shares[known_chat]), known_chat)
        likeliest = max(shares, key=lambda code: shares[code])
        if likeliest in self.own:
            return Guess(likeliest, shares[likeliest], likeliest)
        return Guess(OTHER, sum(share for code, share in shares.items() if code not in self.own), likeliest)

    def _shares(self, form: str, chat: str | None, length: int) -> dict[str, float]:
        columns, values = self.vocabulary.weigh(features_of(form))
        if not len(columns) or sum(letter not in self.letters for letter in form) > len(form) / 2:
            # Letters that no language here is written with.
            return dict.fromkeys(self.codes, 0.0) | {UNKNOWN: 1.0}
        scores = values @ self.weights[columns] + self.intercept
        scores = scores.astype(np.float64) * min(1.0, 0.55 + 0.15 * length)
        scores[[self.codes.index(code) for code in self.own]] += _OWN
        if chat is not None:
            scores[self.codes.index(chat)] += _PRIOR
        shares = np.exp(scores - scores.max())
        shares /= shares.sum()
        return dict(zip(self.codes, (float(share) for share in shares), strict=True))


def features_of(form: str) -> list[Hashes]:
    """Words and character 1- to 4-grams of the lighter form, as two groups."""
    parts = form.split()[:40]
    return [hashes_of(parts), ngrams(f" {' '.join(parts)} ", 1, 4) ^ np.uint64(0x5EED)]


def read_others(data: Path) -> list[tuple[str, str]]:
    """Sentence and language code of every line of other_languages.yml."""
    file = data / "other_languages.yml"
    try:
        table = yaml.load(file.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)  # noqa: S506 strings only
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise ContentError(f"{file}:{mark.line + 1 if mark else 1}: not YAML") from None
    return [(str(sentence), str(code)) for code, sentences in table.items() for sentence in sentences]


def learn(examples: Iterable[Example], others: Sequence[tuple[str, str]], *, seed: int = 7) -> LanguageModel:
    """Train on the examples and the short list; of the languages with many examples a sample is enough."""
    dice = random.Random(seed)  # noqa: S311 not for secrets
    texts: dict[str, list[str]] = {}
    for example in examples:
        texts.setdefault(example.lang, []).append(example.text)
    own = tuple(sorted(texts))
    for sentence, code in others:
        texts.setdefault(code, []).append(sentence)
    rows: list[tuple[str, str]] = []
    for code, listed in texts.items():
        many = len(listed) > MOST_TEXTS
        for text in dice.sample(listed, MOST_TEXTS) if many else listed:
            form = spelled(text)
            rows += [(piece, code) for piece in (form, *_pieces(form, dice, 3 if code in own else 6)) if piece]
    codes = [code for _, code in rows]
    hashed = [features_of(form) for form, _ in rows]
    vocabulary = Vocabulary.learn(hashed, weights=(1.0, 1.5))
    from sklearn.svm import LinearSVC

    model = LinearSVC(C=0.5, multi_class="crammer_singer", class_weight="balanced", max_iter=60, tol=0.1,
                      random_state=seed)
    model.fit(vocabulary.matrix(hashed), codes)
    return LanguageModel(vocabulary, np.ascontiguousarray(SHARPNESS * model.coef_.T.astype(np.float32)),
                         (SHARPNESS * model.intercept_).astype(np.float32),
                         tuple(map(str, model.classes_)), own, frozenset("".join(form for form, _ in rows)))


def _pieces(form: str, dice: random.Random, count: int) -> list[str]:
    """Pieces of one to three words; what people type first is short."""
    parts = form.split()
    if len(parts) < 2:
        return []
    found = []
    for _ in range(count):
        length = dice.randint(1, min(3, len(parts)))
        start = dice.randrange(len(parts) - length + 1)
        found.append(" ".join(parts[start:start + length]))
    return found
