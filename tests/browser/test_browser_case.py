"""The main job, as two people see it: a question in Arabic, an answer, a case, a reply."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from core import bidi
from tests.browser.conftest import NewCaseManager, NewNewcomer, Visit
from tests.browser.people import NUMBER, CaseManager, visual_lines, wording, words

QUESTION = "نحن نسكن في هاينسبرغ. كيف أسجل ابني في المدرسة؟"
OWN_WORDS = "ابني عمره 9 سنوات. كتبت إلى Schulamt ولم يصلني جواب."
REPLY = "Guten Tag! Ihr Termin: Dienstag, 24.11., 10 Uhr, Oberbrucher Straße 1, Heinsberg. Eine Dolmetscherin ist dabei."
NOTE = "Schulamt angerufen: Platz ab Januar möglich."
MORE = "شكرًا! هل أحضر شهادة الميلاد (Geburtsurkunde)؟"
TEXT_ENTRY = '<img src=x onerror="alert(1)"><script>alert(2)</script> <b>fett</b> **x** [a](javascript:alert(3)) &amp; \\'


def test_a_question_in_arabic_gets_an_answer_that_runs_from_the_right_with_german_parts_in_order(newcomer: NewNewcomer) -> None:
    person = newcomer("ar")
    person.type(QUESTION)
    answer = person.hears(re.compile("52525"))

    assert answer.get_attribute("dir") == "rtl"
    assert answer.evaluate("e => getComputedStyle(e).direction") == "rtl"
    assert answer.locator("li").first.evaluate("e => getComputedStyle(e).direction") == "rtl"
    text, painted = bidi.strip(answer.inner_text()), "\n".join(visual_lines(answer))
    parts = [*re.findall(r"[A-Z][\w ,]+, \d{5} [A-Z]\w+", text), *re.findall(r"\+49[\d ]+\d", text),
             *re.findall(r"\S+@\S+\w", text), *re.findall(r"\d\d\.\d\d\.\d{4}", text),
             "Kommunales Integrationszentrum"]
    assert len(parts) >= 5, text
    for part in parts:
        assert part in painted, f"{part!r} is not painted in order:\n{painted}"
    person.press("aspect.papers")
    papers = person.hears(re.compile("Meldebescheinigung"))
    assert papers.get_attribute("dir") == "rtl"
    assert any("Meldebescheinigung" in painted for painted in visual_lines(papers))
    expect(person.own.last).to_have_text("ما الأوراق المطلوبة؟")


def test_a_case_goes_from_the_chat_to_the_desk_and_back_and_ends(newcomer: NewNewcomer, visit: Visit, signin_link: str) -> None:
    person = newcomer("ar")
    person.type(QUESTION)
    person.hears(re.compile("52525"))
    number = person.opens_case(OWN_WORDS)

    manager = CaseManager(visit(locale="de-DE").new_page(), person.base)
    manager.sign_in(signin_link)
    line = manager.line(number)
    expect(line).to_contain_text("Heinsberg")
    expect(line).to_contain_text("Arabisch")
    manager.opens(number)
    theirs = manager.page.get_by_role("region", name="In eigenen Worten").locator(".words")
    expect(theirs).to_have_text(OWN_WORDS)
    expect(theirs).to_have_attribute("dir", "rtl")
    expect(theirs).to_have_attribute("lang", "ar")
    assert any("Schulamt" in painted for painted in visual_lines(theirs))
    expect(manager.page.get_by_text("braucht")).to_be_visible()
    before = manager.page.locator("details.before")
    expect(before.get_by_text(QUESTION)).to_be_visible()
    manager.replies(REPLY)
    manager.notes(NOTE)

    reply = person.hears(wording(REPLY))
    assert any("Eine Dolmetscherin ist dabei." in painted for painted in visual_lines(reply)), visual_lines(reply)
    expect(reply).to_contain_text("KIM-Fallberatung Kreis Heinsberg")
    expect(reply).not_to_contain_text("Lena")
    person.type(MORE)
    manager.page.reload()
    expect(manager.talk.filter(has_text=MORE).locator(".words")).to_have_attribute("dir", "rtl")
    expect(manager.talk).to_have_count(3)
    expect(manager.talk.filter(has_text=REPLY)).to_contain_text("zugestellt")

    manager.closes("Geklärt")
    person.hears_text("staff.handed_back", number=number)
    for _ in range(2):
        expect(person.answers.filter(has_text=wording(REPLY))).to_have_count(1)
        expect(person.log).not_to_contain_text("angerufen")
        person.page.reload()
        expect(person.answers.last).to_be_visible()
    manager.cases()
    expect(manager.line(number)).to_have_count(0)
    manager.page.get_by_role("link", name="Abgeschlossen").click()
    expect(manager.line(number)).to_contain_text("Geklärt")
    person.type("شكرا")
    person.hears_text("chat.thanks")


def test_a_sign_in_link_works_once(visit: Visit, signin_link: str) -> None:
    manager = CaseManager(visit(locale="de-DE").new_page(), "")
    manager.sign_in(signin_link)
    manager.page.get_by_role("button", name="Abmelden").click()
    expect(manager.page.get_by_role("heading", level=1)).to_have_text("Anmelden")
    manager.page.goto(signin_link)
    manager.page.get_by_role("main").get_by_role("button", name="Anmelden").click()
    expect(manager.page.get_by_role("alert")).to_be_visible()


def test_html_and_markdown_typed_by_anyone_stay_text_in_chat_and_desk(newcomer: NewNewcomer, case_manager: NewCaseManager) -> None:
    person = newcomer("de")
    person.type(TEXT_ENTRY)
    expect(person.answers).not_to_have_count(1)
    person.type("/start de-heinsberg-school__registration")
    person.hears(re.compile("52525"))
    person.opens_case(TEXT_ENTRY)
    card = person.answers.filter(has_text=re.compile("onerror")).last
    expect(card).to_contain_text(TEXT_ENTRY)

    manager = case_manager()
    manager.opens(person.number)
    expect(manager.page.get_by_role("region", name="In eigenen Worten").locator(".words")).to_have_text(TEXT_ENTRY)
    person.type(TEXT_ENTRY)
    manager.page.reload()
    expect(manager.talk.locator(".words")).to_have_text([TEXT_ENTRY])
    manager.replies("Hallo " + TEXT_ENTRY)
    expect(person.hears(re.compile("Hallo <img"))).to_contain_text("Hallo " + TEXT_ENTRY)
    for page in (person.page, manager.page):
        assert page.locator("img[src=x], .message script, .words script, .message b, .words b").count() == 0
        assert page.locator("a[href^=javascript]").count() == 0


def test_the_person_can_correct_the_card_before_it_is_sent(newcomer: NewNewcomer) -> None:
    person = newcomer("en")
    person.type("I live in Wegberg. How do I register my child at school?")
    person.hears(re.compile("KI Kreis Heinsberg"))
    person.press("button.person")
    person.hears(re.compile("KIM-Fallberatung"))
    person.press("button.agree")
    person.hears_text("intake.language")
    person.button("English").click()
    person.hears_text("intake.interpreter")
    person.press("button.no")
    person.hears_text("intake.contact")
    person.press("button.by_call")
    person.hears_text("intake.phone")
    person.type("02452 000000")
    person.hears_text("intake.words")
    person.press("button.skip")
    person.hears_text("card.recent")
    person.press("button.change")
    person.hears_text("intake.change")
    person.press("field.words")
    person.type("My son is 9.")
    card = person.hears(re.compile("My son is 9"))
    expect(card).to_contain_text("02452 000000")
    person.press("button.send")
    assert NUMBER.search(person.hears_text("sent.call").inner_text())


def test_an_office_takes_cases_from_the_moment_its_lead_activates_it(newcomer: NewNewcomer, case_manager: NewCaseManager) -> None:
    person = newcomer("en")
    person.type("/start en-bergkamen-school__registration")
    person.hears_text("introduction", operator="Kreis Beispiel")
    person.type("/human")
    person.hears_text("case.nobody", town="Bergkamen")

    page = case_manager().page
    page.get_by_role("link", name="Stellen").click()
    office = page.get_by_role("region", name="KIM-Fallberatung Bergkamen")
    expect(office).to_contain_text("Nimmt keine Fälle an")
    office.get_by_label("E-Mail-Adresse").fill("kim.bergkamen@example.org")
    office.get_by_role("button", name="Freischalten").click()
    expect(office).to_contain_text("Nimmt Fälle an")
    person.type("/human")
    person.hears(re.compile("KIM-Fallberatung Bergkamen"))

    office.get_by_role("button", name="Keine neuen Fälle annehmen").click()
    expect(office).to_contain_text("Nimmt keine Fälle an")
    person.type("/human")
    expect(person.answers.filter(has_text=words("case.nobody", "en", town="Bergkamen"))).to_have_count(2)
