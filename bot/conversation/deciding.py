"""What happens with an understood message: a plain function, no database, no channel."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from nlu.model import Understanding

Action = Literal["answer", "clarify", "search", "handoff", "safety", "chat", "unsure"]

PROPOSALS = 3
# A proposal that is less likely than this is noise: three wrong buttons help nobody.
PLAUSIBLE = 0.03


@dataclass(frozen=True)
class Decision:
    """What the bot does. `proposals` are offered as buttons when it asks back; `aspect` is the section to show."""

    action: Action
    topic: str | None
    proposals: tuple[str, ...] = ()
    aspect: str | None = None
    reasons: tuple[str, ...] = ()


def decide(understanding: Understanding, kind_of: Callable[[str], str], has_answer: Callable[[str], bool],
           *, last_topic: str = "") -> Decision:
    """Turn an understanding into an action.

    `kind_of` gives a topic's kind (answer, complex, safety, chat); `has_answer` whether there is anything to answer
    with. A topic without an answer is admitted as such, never stretched to the nearest one.
    """
    if understanding.safety:
        return Decision("safety", understanding.safety)
    topic = understanding.topic
    if topic is None:
        return Decision("unsure", None, reasons=("empty",))
    proposals = tuple(other for other, probability in understanding.topics[:PROPOSALS + 2]
                      if probability >= PLAUSIBLE and kind_of(other) in {"answer", "complex"} and has_answer(other))
    if understanding.is_followup and last_topic and topic == last_topic and has_answer(topic):
        return Decision("handoff" if kind_of(topic) == "complex" else "answer", topic,
                        aspect=understanding.aspect or "do", reasons=_complex(kind_of(topic)))
    if understanding.is_unsure:
        if proposals and topic != "out_of_scope":
            return Decision("clarify", topic, proposals[:PROPOSALS], reasons=(understanding.reason,))
        return Decision("unsure", topic, proposals[:PROPOSALS], reasons=(understanding.reason,))
    kind = kind_of(topic)
    if topic == "chat.human":
        return Decision("handoff", topic, reasons=("asked_for_person",))
    if kind == "chat":
        return Decision("chat", topic)
    if kind == "safety":
        # The recall-first step did not agree; a safety topic as best guess alone still comes first.
        return Decision("safety", topic)
    if not has_answer(topic):
        return Decision("unsure", topic, reasons=("no answer yet",))
    return Decision("handoff" if kind == "complex" else "answer", topic, aspect=understanding.aspect,
                    reasons=_complex(kind))


def _complex(kind: str) -> tuple[str, ...]:
    return ("complex_topic",) if kind == "complex" else ()
