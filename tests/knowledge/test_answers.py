"""Reading one answer file."""

from __future__ import annotations

from datetime import date

import pytest

from knowledge.answers import parse_answer
from tests.knowledge.samples import ANSWER, TOPICS, changed, mistakes, read, says


def test_a_good_file_has_no_mistakes() -> None:
    assert mistakes(ANSWER) == []


def test_everything_in_the_file_arrives() -> None:
    answer = read().answer
    assert answer is not None
    assert (answer.topic, answer.language, answer.title) == ("school.documents", "de", "Papiere für die Schule")
    assert answer.as_of == date(2026, 1, 10)
    assert answer.checked_by is None
    assert answer.sources[0].url == "https://www.example.org/schule"
    assert answer.aspects == ("do", "cost")
    assert answer.related == ("school.registration",)
    assert answer.office_words == ("Impfpass",)


def test_a_figure_stands_in_the_text_until_it_runs_out() -> None:
    answer = read().answer
    assert answer is not None
    assert (answer.section("cost", date(2098, 12, 31)) or "").startswith("Eine Kopie kostet 5 Euro.")
    assert (answer.section("cost", date(2099, 1, 1)) or "").startswith("Eine Kopie kostet etwas.")


def test_windows_line_ends_and_a_byte_order_mark_do_no_harm() -> None:
    assert mistakes("\ufeff" + ANSWER.replace("\n", "\r\n")) == []


@pytest.mark.parametrize(("old", "new", "line", "words"), [
    ("---\ntopic", "topic", 1, "must begin with a line `---`"),
    ("title: \"Papiere", "title: \"Neue\" \"Papiere", 4, "not valid YAML"),
    ("title: \"Papiere für die Schule\"\n", "", 2, "`title` is missing"),
    ("related:", "relatde:", 19, "`relatde` is not known here"),
    ("as_of: 2026-01-10", "as_of: 10.01.2026", 5, "must be a day like 2026-11-20"),
    ("as_of: 2026-01-10", "as_of: 2098-01-10", 5, "lies in the future"),
    ("checked_by: none", "checked_by: Frau Muster", 6, "`checked_by` must be `none`"),
    ("review_due: 2099-01-10", "review_due: 2025-01-10", 7, "must lie after"),
    ("topic: school.documents", "topic: school.papers", 2, "does not exist"),
    ("language: de", "language: xx", 3, "is not known"),
    ("[school.registration]", "[school.nothing]", 19, "which is no topic"),
    ("[school.registration]", "[school.documents]", 19, "names the topic itself"),
    ("https://www.example.org/schule\n    seen", "ftp://example.org\n    seen", 10, "must be a web address"),
    ("{{copy_fee}}", "{{copy_price}}", 31, "there is no figure `copy_price`"),
    ("{{copy_fee}} ", "", 12, "the figure `copy_fee` is used nowhere"),
    ("valid_until: 2098-12-31", "valid_until: 2025-12-31", 16, "lies before"),
    ("## cost", "## price", 29, "is no section"),
    ("## cost", "## do", 29, "stands here twice"),
    ("## do\n", "Hallo\n\n## do\n", 22, "must stand under a section"),
    ("## do", "## trouble", 22, "put the sections into this order"),
])
def test_a_mistake_is_named_with_its_line(old: str, new: str, line: int, words: str) -> None:
    found = says(changed(old, new))
    assert any(text.startswith(f"answers/school.documents/de.md:{line}: ") and words in text for text in found), found


def test_a_front_matter_without_end_is_a_mistake() -> None:
    assert "has no end" in says("---\ntopic: school.documents\n")[0]


def test_an_empty_front_matter_is_a_mistake() -> None:
    assert "front matter is empty" in says("---\n---\n## do\n\nHallo.\n")[0]


def test_an_empty_section_is_a_mistake() -> None:
    assert any("`## trouble` is empty" in text for text in says(ANSWER + "\n## trouble\n"))


def test_the_file_must_lie_where_its_topic_belongs() -> None:
    found = [str(mistake) for mistake in mistakes(ANSWER, "answers/school.documents/en.md")]
    assert "belongs at answers/school.documents/de.md" in found[0]


def test_sources_may_only_be_missing_in_small_talk() -> None:
    without = changed(ANSWER[ANSWER.index("sources:"):ANSWER.index("figures:")], "sources: []\n")
    assert any("name at least one source" in text for text in says(without))
    greeting = without.replace("school.documents", "chat.greeting")
    assert not any("source" in text for text in says(greeting, "answers/chat.greeting/de.md"))


def test_a_document_of_the_desk_may_say_who_checked_it() -> None:
    text = changed("checked_by: none", "checked_by: Stadt Übelstadt")
    answer = parse_answer(text, "answers/school.documents/de.md", TOPICS, by_desk=True).answer
    assert answer is not None
    assert answer.checked_by == "Stadt Übelstadt"


@pytest.mark.parametrize("text", ["", "---", "\x00", "---\n- a\n---\n", "---\n: :\n---\n", "---\n{\n---\n## do", "\ufeff"])
def test_rubbish_gives_a_mistake_and_no_crash(text: str) -> None:
    assert mistakes(text)
