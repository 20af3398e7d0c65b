"""The only list of languages: codes, own names, direction.

A language is offered to newcomers as soon as the bot's own texts exist in it (`bot/texts/<code>.po`); nothing else
has to be changed.
"""

from __future__ import annotations

from dataclasses import dataclass

FALLBACK = "en"
SOURCE = "de"


@dataclass(frozen=True)
class Language:
    """One language. `native` is its own name, `german` the word that case managers read."""

    code: str
    native: str
    german: str
    rtl: bool = False


CURATED: tuple[Language, ...] = (
    Language("de", "Deutsch", "Deutsch"),
    Language("en", "English", "Englisch"),
    Language("fr", "Français", "Französisch"),
    Language("tr", "Türkçe", "Türkisch"),
    Language("ar", "العربية", "Arabisch", rtl=True),
    Language("fa", "فارسی", "Persisch", rtl=True),
    Language("ru", "Русский", "Russisch"),
    Language("uk", "Українська", "Ukrainisch"),
)

OTHERS: tuple[Language, ...] = (
    Language("kmr", "Kurmancî", "Kurdisch (Kurmandschi)"),
    Language("ckb", "سۆرانی", "Kurdisch (Sorani)", rtl=True),
    Language("ps", "پښتو", "Paschtu", rtl=True),
    Language("ur", "اردو", "Urdu", rtl=True),
    Language("ti", "ትግርኛ", "Tigrinya"),
    Language("so", "Soomaali", "Somali"),
    Language("am", "አማርኛ", "Amharisch"),
    Language("sq", "Shqip", "Albanisch"),
    Language("sr", "Srpski", "Serbisch"),
    Language("ro", "Română", "Rumänisch"),
    Language("bg", "Български", "Bulgarisch"),
    Language("pl", "Polski", "Polnisch"),
    Language("es", "Español", "Spanisch"),
    Language("pt", "Português", "Portugiesisch"),
)

BY_CODE: dict[str, Language] = {language.code: language for language in (*CURATED, *OTHERS)}
CODES: tuple[str, ...] = tuple(language.code for language in CURATED)


def is_rtl(code: str) -> bool:
    """Whether text in this language runs from right to left; unknown codes do not."""
    language = BY_CODE.get(code)
    return language is not None and language.rtl


def from_profile(tag: str | None) -> str | None:
    """The curated language of an IETF tag as Telegram sends it (`de-AT`, `ar`, `prs`), or None."""
    if not tag:
        return None
    base = tag.lower().replace("_", "-").split("-")[0]
    base = {"prs": "fa", "dari": "fa", "arz": "ar", "apc": "ar"}.get(base, base)
    return base if base in CODES else None


def german_name(code: str) -> str:
    """The German name of a language; the code itself where it is unknown."""
    language = BY_CODE.get(code)
    return language.german if language else code
