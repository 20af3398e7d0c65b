"""How fast and how good understanding is: `python bench/understanding.py [--curve] [FILE.jsonl ...]`.

Without files the validation set is measured. `--curve` trains with 10, 20, 30, 40 examples per topic and language.
"""

from __future__ import annotations

import argparse
import random
import time
from pathlib import Path

import psutil

from nlu.evaluate import engine_ask, evaluate, print_report
from nlu.examples import Example, read_folder, read_labelled, read_training
from nlu.likeness import without
from nlu.training import DATA, VALIDATION, build, load_engine


def curve(examples: list[Example], held_out: list[Example]) -> None:
    for most in (10, 20, 30, 40, 1000):
        dice = random.Random(1)
        groups: dict[tuple[str, str], list[Example]] = {}
        for example in examples:
            groups.setdefault((example.lang, example.topic), []).append(example)
        chosen = [one for group in groups.values() for one in dice.sample(group, min(most, len(group)))]
        engine = build(chosen, held_out, DATA)
        asked = [(one.lang, engine.understand(one.text, language=one.lang).topic == one.topic) for one in held_out]
        shares = {lang: [right for of, right in asked if of == lang] for lang in sorted({lang for lang, _ in asked})}
        print(f"{most:5} a topic, {len(chosen):6} examples: best guess right",
              ", ".join(f"{lang} {100 * sum(right) / len(right):.1f}" for lang, right in shares.items()), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument("--curve", action="store_true")
    parser.add_argument("--cache", type=Path, default=Path("data/model"))
    arguments = parser.parse_args()
    examples = read_training(DATA)
    held_out = [row for file in arguments.files for row in read_labelled(file)] or read_folder(VALIDATION)
    unseen = without(held_out, examples)
    if arguments.curve:
        curve(examples, unseen)
        return
    process = psutil.Process()
    load_engine(arguments.cache, progress=print)
    before = process.memory_info().rss
    began = time.perf_counter()
    engine = load_engine(arguments.cache)
    loaded = time.perf_counter() - began
    long = [one.text * 6 for one in unseen[:200]]
    took = []
    for text in [*(one.text for one in unseen), *long]:
        began = time.perf_counter()
        engine.understand(text)
        took.append(1000 * (time.perf_counter() - began))
    took.sort()
    print(f"load {loaded:.2f} s, process {process.memory_info().rss / 2**20:.0f} MB "
          f"(one engine more: {(process.memory_info().rss - before) / 2**20:.0f} MB), "
          f"understand p50 {took[len(took) // 2]:.2f} ms, p99 {took[int(len(took) * 0.99)]:.2f} ms, "
          f"{1000 * len(took) / sum(took):.0f} messages a second")
    print(f"{len(unseen)} of {len(held_out)} messages are not in the training data word for word; measured on those")
    print_report(evaluate(unseen, engine_ask(engine)))


if __name__ == "__main__":
    main()
