import pytest

from handoff.card import Card, Direction, direction


@pytest.mark.parametrize(("text", "language", "expected"), [
    ("وصلتني رسالة", "ar", Direction("rtl", "ar")),
    ("KIM في Erkelenz، ممكن موعد بكرا من فضلكم", "ar", Direction("rtl", "ar")),
    ("ok danke, ich komme", "ar", Direction("ltr", "")),
    ("Моїй доньці 8 років", "uk", Direction("ltr", "uk")),
    ("14.11.2026", "ar", Direction("rtl", "ar")),
    ("14.11.2026", "de", Direction("ltr", "de")),
    ("", "fa", Direction("rtl", "fa")),
])
def test_words_run_the_way_most_of_their_letters_do(text, language, expected):
    assert direction(text, language) == expected


def test_a_card_of_an_older_release_is_still_readable():
    card = Card.from_json({"words": "Hallo", "something_new": 1})
    assert (card.words, card.contact, card.recent, card.child_age) == ("Hallo", "chat", (), None)
