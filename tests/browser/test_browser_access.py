"""For everybody: keyboard only, small screens, dark mode, screen readers (axe-core)."""

from __future__ import annotations

import importlib.util
import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from bot.texts import load_texts
from core.languages import BY_CODE
from tests.browser.conftest import REQUIRE_ALL, Lotse, NewCaseManager, NewNewcomer, Visit
from tests.browser.people import Newcomer, tab_to, too_wide, violations

SMALL = {"viewport": {"width": 320, "height": 640}, "has_touch": True}
LONG_WORD = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft" * 2


def test_a_newcomer_needs_no_mouse(newcomer: NewNewcomer) -> None:
    person = newcomer("ar")
    page = person.page
    tab_to(page, page.get_by_role("textbox"))
    page.keyboard.type("/start ar-heinsberg-school__registration")
    page.keyboard.press("Enter")
    person.hears(re.compile("52525"))

    def press(label: str) -> None:
        expect(person.button(label)).to_be_visible()
        target = person.button(label)
        tab_to(page, page.get_by_role("textbox"))
        tab_to(page, target, "Shift+Tab")
        page.keyboard.press("Enter")
        expect(person.own.last).to_have_text(label)
        assert target.evaluate("e => e === document.activeElement"), "pressing a button loses the focus"

    say = load_texts()
    press(say("button.person", "ar"))
    person.hears(re.compile("KIM-Fallberatung"))
    press(say("button.agree", "ar"))
    person.hears_text("intake.language")
    press(BY_CODE["ar"].native)
    person.hears_text("intake.interpreter")
    press(say("button.no", "ar"))
    person.hears_text("intake.contact")
    press(say("button.by_visit", "ar"))
    person.hears_text("intake.words")
    tab_to(page, page.get_by_role("textbox"))
    page.keyboard.type("سطر أول")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("سطر ثان")
    page.keyboard.press("Enter")
    person.hears_text("card.recent")
    press(say("button.send", "ar"))
    person.hears_text("sent.visit")


def test_a_case_manager_needs_no_mouse(newcomer: NewNewcomer, visit: Visit, signin_link: str) -> None:
    person = _with_case(newcomer, "en", "Please call me.")
    page = visit(locale="de-DE").new_page()
    page.goto(signin_link)
    tab_to(page, page.get_by_role("main").get_by_role("button", name="Anmelden"))
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Fälle")
    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Zum Inhalt springen")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.get_by_role("main")).to_be_focused()
    tab_to(page, page.get_by_role("listitem").filter(has_text=person.number).get_by_role("link"))
    page.keyboard.press("Enter")
    expect(page).to_have_title(re.compile(person.number))

    tab_to(page, page.get_by_label("Antwort an die Person"))
    page.keyboard.type("Hello, I can help.")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    person.hears(re.compile("I can help"))
    expect(page.locator(".message.staff")).to_have_count(1)

    tab_to(page, page.locator(".note-box summary"))
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.type("Nur für uns.")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator(".message.note")).to_contain_text("Nur für uns.")

    tab_to(page, page.locator(".close-box summary"))
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Abgeschlossen am")).to_be_visible()
    person.hears_text("staff.handed_back", number=person.number)


def _with_case(newcomer: NewNewcomer, language: str, words: str, **settings: Any) -> Newcomer:
    person = newcomer(language, **settings)
    person.type(f"/start {language}-heinsberg-school__registration")
    person.hears(re.compile("52525"))
    person.opens_case(words)
    return person


def _every_desk_page(page: Page, base: str, number: str) -> list[str]:
    page.goto(f"{base}/desk/cases")
    case = page.get_by_role("listitem").filter(has_text=number).get_by_role("link").get_attribute("href")
    return ["/desk/cases", str(case), "/desk/cases/closed", "/desk/offices", "/desk/account", "/desk/there-is-nothing"]


def _open_everything(page: Page) -> None:
    """What is folded away must fit and be legible too."""
    page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true; })")


def test_on_a_small_phone_no_page_scrolls_sideways(newcomer: NewNewcomer, case_manager: NewCaseManager, visit: Visit,
                                                   signin_link: str, lotse: Lotse) -> None:
    person = _with_case(newcomer, "ar", LONG_WORD, **SMALL)
    person.type(LONG_WORD)
    assert too_wide(person.page) == []
    page = visit(locale="de-DE", **SMALL).new_page()
    for address in (signin_link, f"{lotse.url}/desk/signin"):
        page.goto(address)
        assert too_wide(page) == [], address

    manager = case_manager(**SMALL)
    manager.opens(person.number)
    manager.replies(f"Termin: {LONG_WORD}")
    manager.notes(f"Notiz: {LONG_WORD}")
    for path in _every_desk_page(manager.page, lotse.url, person.number):
        manager.page.goto(lotse.url + path)
        _open_everything(manager.page)
        assert too_wide(manager.page) == [], path
    person.hears(re.compile("Termin"))
    assert too_wide(person.page) == []


def test_axe_finds_nothing_on_any_page_light_or_dark(newcomer: NewNewcomer, case_manager: NewCaseManager, visit: Visit,
                                                     signin_link: str, lotse: Lotse) -> None:
    if importlib.util.find_spec("axe_playwright_python") is None:
        (pytest.fail if REQUIRE_ALL else pytest.skip)("axe-core is not installed (pip install axe-playwright-python)")
    person = _with_case(newcomer, "ar", "ابني عمره 9 سنوات.")
    manager = case_manager()
    manager.opens(person.number)
    manager.replies("Guten Tag!")
    manager.notes("Angerufen.")
    person.hears(re.compile("Guten Tag"))
    found = _in_light_and_dark(person.page, "chat")
    assert person.page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(15, 26, 29)"
    page = visit(locale="de-DE").new_page()
    for address in (signin_link, f"{lotse.url}/desk/signin"):
        page.goto(address)
        found += _in_light_and_dark(page, address)
    for path in _every_desk_page(manager.page, lotse.url, person.number):
        manager.page.goto(lotse.url + path)
        _open_everything(manager.page)
        found += _in_light_and_dark(manager.page, path)
    assert found == []


def _in_light_and_dark(page: Page, name: str) -> list[str]:
    found = []
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        found += [f"{name}, {scheme}: {line}" for line in violations(page)]
    return found
