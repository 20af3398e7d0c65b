"""Training the built-in engine, and keeping it: the model lies in a cache under a hash of everything it is made of."""

from __future__ import annotations

import argparse
import hashlib
import platform
import random
import sys
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

import joblib  # type: ignore[import-untyped]
import numpy as np

from nlu import language
from nlu.engine import BuiltinEngine, Thresholds, TopicModel
from nlu.entities import load_entities
from nlu.examples import Example, read_folder, read_training
from nlu.features import Vocabulary, read
from nlu.followup import FollowUps
from nlu.normalise import normalise
from nlu.safety import SafetyStep, load_wordings
from nlu.thresholds import best_safety_threshold, best_temperature, best_thresholds
from nlu.typos import misspell

Progress = Callable[[str], None]
DATA = Path(__file__).parent / "data"
VALIDATION = Path(__file__).parent / "validation"
SEED = 7
TYPO_RATE = 0.08
BAYES_SHARE = 0.3


def silent(_: str) -> None:
    """A progress callback that says nothing."""


def fingerprint(data: Path = DATA) -> str:
    """A hash of the training and validation data, of this package's code and of the libraries' versions."""
    digest = hashlib.sha256()
    code = Path(__file__).parent
    files = [*data.rglob("*.yml"), *VALIDATION.glob("*.jsonl"), *code.glob("*.py")]
    for file in sorted(files):
        digest.update(file.name.encode() + b"\0" + file.parent.name.encode() + b"\0")
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    libraries = ("numpy", "scipy", "scikit-learn", "joblib", "snowballstemmer")
    digest.update(" ".join([*map(version, libraries), platform.python_version()]).encode())
    return digest.hexdigest()[:20]


def load_engine(cache: Path, data: Path = DATA, progress: Progress = silent) -> BuiltinEngine:
    """The engine for this data: from the cache if nothing changed, else trained now and kept there."""
    file = cache / f"understanding-{fingerprint(data)}.joblib"
    if file.exists():
        try:
            engine = joblib.load(file)
        except Exception:  # A damaged cache is replaced, whatever is wrong with it.
            progress("The trained model in the cache cannot be read; training again.")
        else:
            if isinstance(engine, BuiltinEngine):
                return engine
    return train(data, cache, progress)


def train(data: Path = DATA, cache: Path | None = None, progress: Progress = silent) -> BuiltinEngine:
    """Train from the Rasa-format files of a folder; with a cache folder, keep the result and drop older ones."""
    began = time.perf_counter()
    progress("Reading the examples ...")
    examples = read_training(data)
    engine = build(examples, read_folder(VALIDATION), data, progress)
    if cache is not None:
        cache.mkdir(parents=True, exist_ok=True)
        file = cache / f"understanding-{fingerprint(data)}.joblib"
        part = file.with_suffix(".part")
        joblib.dump(engine, part)
        part.replace(file)
        for old in cache.glob("understanding-*.joblib"):
            if old != file:
                old.unlink(missing_ok=True)
    progress(f"Trained on {len(examples)} examples in {time.perf_counter() - began:.0f} s.")
    return engine


def build(examples: Sequence[Example], validation: Sequence[Example], data: Path,
          progress: Progress = silent) -> BuiltinEngine:
    """Learn everything from examples; temperature and thresholds come from the validation messages."""
    from sklearn.exceptions import ConvergenceWarning

    # The solvers stop where more steps change nothing that matters here, and would say so each time.
    warnings.filterwarnings("ignore", category=ConvergenceWarning)
    progress("Learning the languages ...")
    languages = language.learn(examples, language.read_others(data), seed=SEED)
    progress("Learning the topics ...")
    model = learn_topics(examples)
    progress("Choosing the thresholds ...")
    seen = {normalise(example.text) for example in examples}
    unseen = [example for example in validation if normalise(example.text) not in seen]
    return calibrate(model, languages, data, unseen)


def learn_topics(examples: Sequence[Example]) -> TopicModel:
    """The joint model: a multi-class and a Bayesian linear model, standardised and added, and the danger model.

    All three are linear over the same features, so what is kept is one matrix and reading a message costs one product.
    """
    # Only training needs the solvers; loading a trained model would spend a second on importing them.
    from sklearn.naive_bayes import MultinomialNB
    from sklearn.svm import LinearSVC

    dice = random.Random(SEED)  # noqa: S311 not for secrets
    clean = [read(example.text, example.lang) for example in examples]
    spoilt = [read(misspell(example.text, dice, TYPO_RATE), example.lang) for example in examples]
    vocabulary = Vocabulary.learn(clean)
    matrix = vocabulary.matrix([*clean, *spoilt])
    labels = np.array([example.topic for example in examples] * 2)
    margin = LinearSVC(C=0.2, multi_class="crammer_singer", max_iter=100, tol=0.1, random_state=SEED)
    margin.fit(matrix, labels)
    bayes = MultinomialNB(alpha=0.02, fit_prior=False).fit(matrix, labels)
    sample = matrix[:: max(1, matrix.shape[0] // 3000)]
    weights, intercept = 0.0, 0.0
    for share, part, shift in ((1.0, margin.coef_, margin.intercept_),
                               (BAYES_SHARE, bayes.feature_log_prob_, bayes.class_log_prior_)):
        # The mean over the topics carries no information; without it both parts have one scale.
        centred, offset = part - part.mean(axis=0), shift - shift.mean()
        spread = float((sample @ centred.T + offset).std())
        weights = weights + share / spread * centred
        intercept = intercept + share / spread * offset
    is_danger = np.char.startswith(labels.astype(str), "safety.")
    danger = LinearSVC(C=0.3, tol=1e-2, max_iter=300, class_weight={True: 3.0, False: 1.0}, random_state=SEED)
    danger.fit(matrix, is_danger)
    return TopicModel(vocabulary, np.ascontiguousarray(np.vstack([weights, danger.coef_]).T.astype(np.float32)),
                      np.concatenate([intercept, danger.intercept_]).astype(np.float32),
                      tuple(map(str, margin.classes_)))


def calibrate(model: TopicModel, languages: language.LanguageModel, data: Path,
              validation: Sequence[Example]) -> BuiltinEngine:
    """Temperature, safety threshold and thresholds of "unsure", all chosen on messages not trained on."""
    read_scores = [model.scores(normalise(example.text), example.lang) for example in validation]
    scores = np.array([topic_scores for topic_scores, _ in read_scores], dtype=np.float32)
    model = replace(model, temperature=best_temperature(scores, [example.topic for example in validation],
                                                        model.topics))
    wordings = load_wordings(data)
    leads = np.array([model.lead_of_danger(row) for row in scores])
    own = np.array([danger for _, danger in read_scores])
    step = SafetyStep(wordings, 0.0, (float(leads.std()), float(own.std())))
    step = replace(step, threshold=best_safety_threshold(step, validation, leads, own))
    engine = BuiltinEngine(model, languages, step, FollowUps.load(data), load_entities(data),
                           dict.fromkeys(languages.own, Thresholds(0.0)))
    return replace(engine, thresholds=best_thresholds(engine, validation))


def main() -> int:
    """`python -m nlu.training`: train into a cache folder, for retraining beside a running bot."""
    parser = argparse.ArgumentParser(prog="python -m nlu.training", description=main.__doc__)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--cache", type=Path, default=Path("data/cache"))
    arguments = parser.parse_args()
    train(arguments.data, arguments.cache, lambda line: print(line, file=sys.stderr))  # noqa: T201 a command
    return 0


if __name__ == "__main__":
    sys.exit(main())
