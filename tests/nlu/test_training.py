"""The model is kept under a hash of what it is made of."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from nlu import training
from nlu.engine import BuiltinEngine
from nlu.training import DATA, fingerprint, load_engine


def test_a_second_start_loads_in_under_a_second(engine: BuiltinEngine, model_folder: Path) -> None:
    began = time.perf_counter()
    assert load_engine(model_folder).topics == engine.topics
    assert time.perf_counter() - began < 1


def test_other_data_gives_another_fingerprint(tmp_path: Path) -> None:
    (tmp_path / "topics.yml").write_text("x")
    assert fingerprint(tmp_path) != fingerprint(DATA) == fingerprint(DATA)


def test_a_damaged_cache_is_trained_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / f"understanding-{fingerprint()}.joblib").write_bytes(b"damaged")
    monkeypatch.setattr(training, "train", lambda data, cache, progress: "trained")
    said: list[str] = []
    assert load_engine(tmp_path, progress=said.append) == "trained"  # type: ignore[comparison-overlap]
    assert "training again" in said[0]
