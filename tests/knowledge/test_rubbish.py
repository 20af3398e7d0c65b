"""Whatever a file or a message holds, it gives mistakes or nothing, never a crash."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from knowledge.files import read_content
from knowledge.towns import TownFinder
from knowledge.wording import examine
from tests.knowledge.samples import ANSWER, REGION, TOPICS, read, read_region

FINDER = TownFinder(read_content().library())
PIECES = st.sampled_from(["", "---", "## do", "## ", "{{", "}}", "- ", ": ", "[", "]", "{", "&a ", "*a", "? ", "!!int ", "|", ">",
                          "\t", "\x00", "\ufeff", "\u2028", "null", "0171 2345678", "**", "](", "\n", "\r", "'", '"', "é", "ع"])


@st.composite
def broken(draw: st.DrawFn, sample: str) -> str:
    """The sample with up to four pieces cut out or put in."""
    for _ in range(draw(st.integers(1, 4))):
        begin = draw(st.integers(0, len(sample)))
        end = draw(st.integers(begin, min(begin + 60, len(sample))))
        sample = sample[:begin] + draw(PIECES) + sample[end:]
    return sample


@given(broken(ANSWER))
@settings(max_examples=300, deadline=None)
def test_a_broken_answer_gives_mistakes_with_lines_inside_the_file(text: str) -> None:
    for mistake in examine(read(text), TOPICS):
        assert 1 <= mistake.line <= text.count("\n") + 2
        assert mistake.what


@given(broken(REGION))
@settings(max_examples=200, deadline=None)
def test_a_broken_region_gives_mistakes_with_lines_inside_the_file(text: str) -> None:
    for mistake in read_region(text).mistakes:
        assert 1 <= mistake.line <= text.count("\n") + 2


@given(st.text(max_size=300))
@settings(max_examples=300, deadline=None)
def test_any_message_can_be_looked_through_for_towns(text: str) -> None:
    FINDER.in_passing(text)
    assert len(FINDER.typed(text)) <= 3
