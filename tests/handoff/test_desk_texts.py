import re
from pathlib import Path

import pytest

import core.web.signin
import handoff.errors
import handoff.pages
from core.errors import LotseError
from core.web.desk import _WORDS, OUTDATED, SIGNED_OUT
from core.web.texts import DeskTexts

ROOT = Path(handoff.pages.__file__).parent.parent
_CALL = re.compile(r"""\bt\((?:"([^"]+)"|'([^']+)')""")
_UNUSABLE = re.compile(r'Unusable\(\s*"([^"]+)"')


def spoken_in(package):
    """Every English text that a package may show."""
    for template in (ROOT / package / "templates").glob("*.html"):
        for match in _CALL.finditer(template.read_text()):
            yield match[1] or match[2]
    if package == "handoff":
        yield from (item.label for item in handoff.pages.case_section(None, None, None, None).nav)
        for kind in vars(handoff.errors).values():
            if isinstance(kind, type) and issubclass(kind, LotseError) and kind not in {LotseError, handoff.errors.Unusable}:
                yield kind().sentence
        for source in (ROOT / "handoff").glob("*.py"):
            yield from _UNUSABLE.findall(source.read_text())
    else:
        yield from (text for pair in (*_WORDS.values(), OUTDATED, SIGNED_OUT) for text in pair)
        yield from (core.web.signin.WRONG, core.web.signin.BUSY, core.web.signin.DEAD_LINK, "This does not work")


@pytest.mark.parametrize("package", ["core", "handoff"])
def test_every_text_of_the_desk_has_a_german_one(package):
    texts = DeskTexts([ROOT / "core" / "desk_texts", ROOT / package / "desk_texts"])
    assert [text for text in spoken_in(package) if not texts.knows("de", text)] == []


@pytest.mark.parametrize("package", ["core", "handoff"])
def test_no_translation_is_left_over_and_places_agree(package):
    translations = DeskTexts([ROOT / package / "desk_texts"])._translations["de"]
    assert sorted(set(translations) - set(spoken_in(package))) == []
    for english, german in translations.items():
        assert sorted(re.findall(r"{\w+}", english)) == sorted(re.findall(r"{\w+}", german))
