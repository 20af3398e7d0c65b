"""Training the built-in engine, and keeping it: the model lies in a cache under a hash of everything it is made of."""

from __future__ import annotations

import argparse
import hashlib
import platform
import random
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import joblib
import numpy as np
import scipy
import sklearn
import snowballstemmer
from sklearn.svm import LinearSVC

from nlu import language
from nlu.engine import BuiltinEngine, Thresholds, TopicModel, softmax
from nlu.examples import OUT_OF_SCOPE, Example, read_folder, read_training
from nlu.features import Floats, Vocabulary, read
from nlu.followup import FollowUps
from nlu.safety import SafetyStep
from nlu.typos import misspell

Progress = Callable[[str], None]
DATA = Path(__file__).parent / "data"
VALIDATION = Path(__file__).parent / "validation"
SEED = 7


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
    stemmer = getattr(snowballstemmer, "__version__", "")
    versions = (np.__version__, scipy.__version__, sklearn.__version__, joblib.__version__, stemmer,
                platform.python_version())
    digest.update(" ".join(versions).encode())
    return digest.hexdigest()[:20]


def load_engine(cache: Path, data: Path = DATA, progress: Progress = silent) -> BuiltinEngine:
    """The engine for this data: from the cache if nothing changed, else trained now and kept there."""
    file = cache / f"understanding-{fingerprint(data)}.joblib"
    if file.exists():
        try:
            engine = joblib.load(file)
        except Exception:  # noqa: BLE001 a damaged cache is replaced, whatever is wrong with it
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
    progress("Learning the languages ...")
    languages = language.learn(examples, language.read_others(data), seed=SEED)
    progress("Learning the topics ...")
    dice = random.Random(SEED)  # noqa: S311 not for secrets
    rows = [read(example.text, example.lang) for example in examples]
    labels = np.array([example.topic for example in examples])
    vocabulary = Vocabulary.learn(rows)
    rows += [read(misspell(example.text, dice), example.lang) for example in examples]
    matrix = vocabulary.matrix(rows)
    labels = np.concatenate([labels, labels])
    model = LinearSVC(C=0.3, tol=1e-2, max_iter=300).fit(matrix, labels)
    is_danger = np.char.startswith(labels.astype(str), "safety.")
    danger = LinearSVC(C=0.3, tol=1e-2, max_iter=300, class_weight={True: 3.0, False: 1.0}).fit(matrix, is_danger)
    weights = np.ascontiguousarray(np.vstack([model.coef_, danger.coef_]).T.astype(np.float32))
    intercept = np.concatenate([model.intercept_, danger.intercept_]).astype(np.float32)
    topics = TopicModel(vocabulary, weights, intercept, tuple(map(str, model.classes_)), 0.2)
    thresholds = {code: Thresholds(0.35) for code in languages.own}
    return BuiltinEngine(topics, languages, SafetyStep(-0.3), FollowUps.load(data), thresholds)


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
