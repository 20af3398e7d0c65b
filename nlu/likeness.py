"""The checker of the training data: are the examples many, varied, and apart from what measures them?"""

from __future__ import annotations

import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from nlu.examples import OUT_OF_SCOPE, STYLES, Example, read_folder, read_training
from nlu.normalise import normalise

LIKE_WITHIN = 0.60
"""No two examples of a topic may share more of their character 3-grams (Jaccard)."""
LIKE_BETWEEN = 0.75
"""Nor may examples of two topics: what is nearly the same text cannot teach a difference."""
FEWEST = 25
FEWEST_STYLES = 4
MOST_OF_ONE_STYLE = 0.75
SHORTEST_COMPARED = 12
"""Characters; shorter texts ("thanks", "kita platz") are alike by nature and only compared as a whole."""

FIRST_TOPICS = (
    "school.registration", "school.documents", "school.compulsory", "school.german_support", "childcare.kita",
    "language.integration_course", "language.find_course", "language.costs", "language.literacy",
    "language.interpreter", "residence.renewal", "residence.appointment", "residence.asylum", "residence.ukraine",
    "residence.family_reunion", "residence.work_permission", "residence.registration", "residence.rejection",
    "health.doctor", "benefits.livelihood", "housing.search", "work.search", "documents.letter", "advice.kim",
    "safety.emergency", "safety.violence", "safety.suicide", "chat.greeting", "chat.thanks", "chat.goodbye",
    "chat.capabilities", "chat.human", "chat.language", "chat.privacy", "chat.complaint", "out_of_scope",
)
"""The topics that must have enough examples in every language."""


@dataclass(frozen=True)
class Pair:
    """Two examples that are too much alike."""

    share: float
    first: Example
    second: Example

    def __str__(self) -> str:
        return (f"{self.second.where}: {self.share:.0%} like {self.first.where}: "
                f"{self.second.text[:60]!r} / {self.first.text[:60]!r}")


def trigrams(text: str) -> frozenset[str]:
    """The character 3-grams of a normalised text."""
    normal = f" {normalise(text)} "
    return frozenset(normal[at:at + 3] for at in range(len(normal) - 2))


def alike(examples: Sequence[Example], border: float) -> Iterator[Pair]:
    """All pairs that share more than the border; an inverted index keeps this from comparing everything."""
    grams = [trigrams(example.text) for example in examples]
    holders: dict[str, list[int]] = defaultdict(list)
    for at, own in enumerate(grams):
        if len(own) < SHORTEST_COMPARED:
            continue
        shared: Counter[int] = Counter()
        for gram in own:
            shared.update(holders[gram])
            holders[gram].append(at)
        for other, common in shared.items():
            share = common / (len(own) + len(grams[other]) - common)
            if share > border:
                yield Pair(share, examples[other], examples[at])


def alike_within(examples: Iterable[Example]) -> list[Pair]:
    """Pairs of one topic and language above LIKE_WITHIN."""
    return [pair for group in _groups(examples).values() for pair in alike(group, LIKE_WITHIN)]


def alike_between(examples: Iterable[Example]) -> list[Pair]:
    """Pairs of two topics of one language above LIKE_BETWEEN."""
    by_language: dict[str, list[Example]] = defaultdict(list)
    for example in examples:
        by_language[example.lang].append(example)
    return [pair for listed in by_language.values() for pair in alike(listed, LIKE_BETWEEN)
            if pair.first.topic != pair.second.topic]


def too_few(examples: Iterable[Example]) -> list[str]:
    """Topics of a language with fewer examples than needed."""
    groups = _groups(examples)
    languages = sorted({lang for lang, _ in groups})
    return [f"{lang} {topic}: {len(groups.get((lang, topic), []))} examples, at least {FEWEST} are needed"
            for lang in languages for topic in FIRST_TOPICS if len(groups.get((lang, topic), [])) < FEWEST]


def too_uniform(examples: Iterable[Example]) -> list[str]:
    """Topics whose examples are written in too few styles, or nearly all in one."""
    found = []
    for (lang, topic), listed in _groups(examples).items():
        styles = Counter(example.style for example in listed)
        if topic in FIRST_TOPICS and len(styles) < FEWEST_STYLES:
            found.append(f"{lang} {topic}: only {len(styles)} styles ({', '.join(styles)})")
        if max(styles.values()) / len(listed) > MOST_OF_ONE_STYLE:
            found.append(f"{lang} {topic}: {max(styles.values())} of {len(listed)} in one style")
    return found


def leaked(examples: Iterable[Example], held_out: Iterable[Example]) -> list[str]:
    """Held-out messages of four words or more that stand in the training data.

    Greetings, thanks and single keywords are the same whoever writes them; those are left out of the measurement
    instead (see `without`).
    """
    known = {normalise(example.text): example for example in examples}
    # The text is not shown: who trains shall not read the evaluation set.
    return [f"{example.where}: stands in the training data, {known[normal].where}"
            for example in held_out if (normal := normalise(example.text)) in known and normal.count(" ") >= 3]


def without(held_out: Iterable[Example], examples: Iterable[Example]) -> list[Example]:
    """The held-out messages that are not, word for word, in the training data."""
    known = {normalise(example.text) for example in examples}
    return [example for example in held_out if normalise(example.text) not in known]


def _groups(examples: Iterable[Example]) -> dict[tuple[str, str], list[Example]]:
    groups: dict[tuple[str, str], list[Example]] = defaultdict(list)
    for example in examples:
        groups[example.lang, example.topic].append(example)
    return dict(groups)


def print_figures(examples: Sequence[Example], console: Console) -> None:
    """Counts, styles and likeness per language."""
    table = Table(title="Training examples")
    for name in ("language", "examples", "topics", "fewest", *STYLES, "likest within", "likest between"):
        table.add_column(name, justify="right")
    for lang in sorted({example.lang for example in examples}):
        own = [example for example in examples if example.lang == lang]
        groups = _groups(own)
        styles = Counter(example.style for example in own)
        within = max((pair.share for group in groups.values() for pair in alike(group, 0.3)), default=0.0)
        between = max((pair.share for pair in alike(own, 0.5) if pair.first.topic != pair.second.topic), default=0.0)
        table.add_row(lang, str(len(own)), str(len(groups)), str(min(len(group) for group in groups.values())),
                      *(f"{styles[style] / len(own):.0%}" for style in STYLES), f"{within:.0%}", f"{between:.0%}")
    console.print(table)


def problems(examples: Sequence[Example], held_out: Sequence[Example]) -> list[str]:
    """Everything the checker minds, one line each."""
    return [*too_few(examples), *too_uniform(examples), *map(str, alike_within(examples)),
            *map(str, alike_between(examples)), *leaked(examples, held_out)]


def main() -> int:
    """`python -m nlu.likeness`: print the figures and what is wrong; status 1 if anything is."""
    console = Console(width=170)
    folder = Path(__file__).parent
    examples = read_training(folder / "data")
    print_figures(examples, console)
    found = problems(examples, [*read_folder(folder / "validation"), *read_folder(folder / "evaluation")])
    for line in found:
        console.print(line, markup=False)
    return 1 if found else 0


__all__ = ["OUT_OF_SCOPE", "alike_between", "alike_within", "leaked", "main", "print_figures", "problems"]

if __name__ == "__main__":
    sys.exit(main())
