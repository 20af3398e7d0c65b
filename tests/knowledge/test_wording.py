"""What the words of one answer must hold to."""

from __future__ import annotations

import pytest

from knowledge.wording import likeness, sentences, visible
from tests.knowledge.samples import ANSWER, changed, says

STEP = "1. Ihren Pass"


@pytest.mark.parametrize(("line", "words"), [
    ("Das kostet 13 €.", "`13 €` is an amount"),
    ("Das kostet 13 Euro.", "`13 Euro` is an amount"),
    ("Das kostet 1.300,50 EUR.", "is an amount"),
    ("Das kostet € 13.", "is an amount"),
    ("Sie zahlen 50 % davon.", "is an amount"),
    ("التكلفة ١٣ يورو.", "is an amount"),
    ("Это стоит 13 евро.", "is an amount"),
    ("Rufen Sie an: 0171 2345678", "is a mobile number"),
    ("Rufen Sie an: +49 152 34567890", "is a mobile number"),
    ("Rufen Sie an: +49 (0)160/1234567", "is a mobile number"),
    ("Das ist <b>wichtig</b>.", "looks like HTML"),
    ("### Wichtig", "a heading has no place"),
    ("| a | b |", "a table cannot be shown"),
    ("![Bild](https://www.example.org/a.png)", "pictures cannot be shown"),
    ("[hier](http:kaputt)", "must begin with https://"),
    ("[Mail](mailto:a@example.org)", "must begin with https://"),
    ("> Zitat", "quotation mark"),
    ("```", "code blocks"),
    ("Das ist **wichtig.", "`**` is not closed"),
    ("Wichtig\u2066 hier.", "invisible character U+2066"),
    ("Wich\u00adtig.", "invisible character U+00AD"),
    ("Wichtig\u200b.", "invisible character U+200B"),
    (" ".join(["Wort"] * 25) + ".", "a sentence of 25 words"),
])
def test_what_a_line_may_not_hold(line: str, words: str) -> None:
    found = says(changed(STEP, line))
    assert any(text.startswith("answers/school.documents/de.md:26: ") and words in text for text in found), found


@pytest.mark.parametrize("line", [
    "Rufen Sie an: 116 117", "Rufen Sie an: 0800 111 0 111", "Rufen Sie an: +49 2452 134222", "Es gilt § 16 Absatz 5.",
    "Vom 15. bis 17. Mai 2026", "Klasse 5 bis 10", "A < B und B > A", "Das ist **wichtig** und **neu**.",
    "Im Eurokurs", "Ihr Kind ist 6 Jahre alt.",
])
def test_ordinary_lines_pass(line: str) -> None:
    assert says(changed(STEP, line)) == []


def test_the_first_message_has_a_limit_that_counts_the_figures() -> None:
    filler = "\n".join(["- Das ist eine kurze Zeile."] * 28)
    assert not any("`## do` has" in text for text in says(changed(STEP, filler)))
    long = changed("Eine Kopie kostet 5 Euro.", "Eine Kopie kostet 5 Euro. " + "Bitte fragen Sie. " * 12)
    with_figure = changed(STEP, filler + "\n{{copy_fee}}", long)
    assert any("`## do` has" in text and "shorten it to 900" in text for text in says(with_figure))


def test_other_sections_may_be_longer() -> None:
    filler = "\n".join(["- Das ist eine kurze Zeile."] * 38)
    assert not any("`## cost` has" in text for text in says(ANSWER + filler))
    assert any("`## cost` has" in text for text in says(ANSWER + filler + "\n" + filler))


def test_long_sentences_on_average_are_refused() -> None:
    sentence = " ".join(["Wort"] * 20) + "."
    assert any("words on average" in text for text in says(ANSWER + "\n## trouble\n\n" + sentence))


def test_a_section_that_repeats_another_is_refused() -> None:
    section = ANSWER[ANSWER.index("Nehmen"):ANSWER.index("## cost")]
    found = says(ANSWER + "\n## trouble\n\nBitte: " + section)
    assert any("`## trouble` repeats `## do`" in text for text in found), found


def test_a_wording_without_the_figure_names_no_amount() -> None:
    assert any("`without` still names an amount" in text
               for text in says(changed("Eine Kopie kostet etwas.", "Eine Kopie kostet 5 Euro.")))


def test_every_answer_begins_with_what_to_do() -> None:
    assert any("`## do` is missing" in text for text in says(changed("## do", "## papers")))


def test_safety_topics_have_nothing_but_what_to_do() -> None:
    text = ANSWER.replace("topic: school.documents", "topic: safety.violence")
    assert any("safety topics have only" in found for found in says(text, "answers/safety.violence/de.md"))


def test_links_count_as_their_text() -> None:
    assert visible("**Siehe** [hier](https://www.example.org/sehr/lang)") == "Siehe hier"


def test_sentences_end_at_marks_of_all_scripts_and_at_list_items() -> None:
    assert sentences("1. Eins zwei. Drei?\n2. Vier fünf sechs") == [2, 1, 3]
    assert sentences("ما هذا؟ هذا بيت.") == [2, 2]


def test_likeness_is_one_for_the_same_and_none_for_nothing() -> None:
    assert likeness("Guten Morgen", "guten   Morgen!") == pytest.approx(1.0, abs=0.2)
    assert likeness("", "Guten Morgen") == 0.0
    assert likeness("Guten Morgen", "xxxx yyyy zzzz") == 0.0
