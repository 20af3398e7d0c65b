"""Which language a message is in, with the chat's language as a prior."""

from __future__ import annotations

import pytest

from nlu.engine import BuiltinEngine


@pytest.mark.parametrize(("text", "language"), [
    ("Wo kann ich mein Kind anmelden?", "de"), ("kind anmelden wo schule", "de"),
    ("where can I find a doctor", "en"), ("I need an Anmeldung for my Wohnung", "en"),
    ("أين أتعلم اللغة الألمانية؟", "ar"), ("wein fini sajjel ibni bel madrase", "ar"),
])
def test_a_question_is_found_in_its_language(engine: BuiltinEngine, text: str, language: str) -> None:
    assert engine.understand(text).language == language


@pytest.mark.parametrize("text", ["Merhaba", "Привіт", "Je cherche un médecin", "Ez alîkariyê dixwazim", "你好吗",
                                  "سلام، حال شما چطور است؟", "¿Dónde puedo aprender alemán?", "Faleminderit shumë"])
def test_other_languages_are_not_taken_for_ours(engine: BuiltinEngine, text: str) -> None:
    assert engine.understand(text).language == "other"


@pytest.mark.parametrize("word", ["ok", "merci", "hallo", "hi", "schule", "doctor"])
@pytest.mark.parametrize("chat", ["de", "en", "ar"])
def test_one_short_word_never_switches(engine: BuiltinEngine, word: str, chat: str) -> None:
    assert engine.understand(word, language=chat).language == chat


def test_a_clear_message_switches(engine: BuiltinEngine) -> None:
    assert engine.understand("Where can I find a doctor for my daughter?", language="de").language == "en"


def test_an_unknown_chat_language_does_no_harm(engine: BuiltinEngine) -> None:
    assert engine.understand("Guten Tag, ich brauche Hilfe", language="xx").language == "de"
