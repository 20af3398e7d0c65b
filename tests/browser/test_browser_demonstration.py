"""`lotse demo` as somebody looks at it, and the pictures of the README."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.browser.conftest import Lotse, NewNewcomer, Visit, link_in
from tests.browser.people import CaseManager, picture

PHONE = {"viewport": {"width": 390, "height": 844}, "device_scale_factor": 1.5}
DESKTOP = {"viewport": {"width": 1120, "height": 840}}


def test_the_demonstration_prints_a_link_that_opens_a_desk_with_invented_cases(demonstration: Lotse, visit: Visit,
                                                                              newcomer: NewNewcomer) -> None:
    manager = CaseManager(visit(locale="de-DE", **DESKTOP).new_page(), demonstration.url)
    manager.sign_in(link_in(demonstration.log))
    expect(manager.page.locator(".case-line")).to_have_count(3)

    person = newcomer("ar", at=demonstration)
    person.type("نحن نسكن في هاينسبرغ. كيف أسجل ابني في المدرسة؟")
    person.hears(re.compile("52525"))
    number = person.opens_case("ابني عمره 9 سنوات، ولم يصلنا جواب من Schulamt منذ شهر.")
    manager.opens(number)
    manager.replies("Guten Tag! Ich habe beim Schulamt nachgefragt. Ihr Termin: Dienstag, 24. November, 10 Uhr, "
                    "Oberbrucher Straße 1, Heinsberg. Eine Dolmetscherin für Arabisch ist dabei.")
    manager.notes("Schulamt: Platz ab Januar möglich, Zeugnis aus Syrien fehlt noch.")
    person.hears(re.compile("Dolmetscherin"))
    person.type("شكرًا جزيلًا! هل أحضر شهادة الميلاد (Geburtsurkunde)؟")
    manager.opens(number)
    expect(manager.talk).to_have_count(3)
    picture(manager.page, "desk-case.png")
    manager.cases()
    expect(manager.page.locator(".case-line")).to_have_count(4)
    picture(manager.page, "desk-cases.png")


def test_a_phone_shows_the_question_and_the_beginning_of_the_answer(newcomer: NewNewcomer) -> None:
    person = newcomer("ar", **PHONE)
    person.type("كيف أسجل ابني في المدرسة؟ نحن نسكن في هاينسبرغ.")
    person.hears_text("introduction", operator="Kreis Beispiel")
    expect(person.own.last).to_be_in_viewport(ratio=1)
    expect(person.answers.nth(1).locator("p").first).to_be_in_viewport(ratio=1)
    picture(person.page, "chat-arabic.png")


def test_a_wide_screen_shows_question_answer_and_buttons(newcomer: NewNewcomer) -> None:
    person = newcomer("de", viewport={"width": 760, "height": 1180})
    person.type("Unsere Tochter ist 8. Sie braucht eine Schule. Wir wohnen in Wegberg.")
    person.hears_text("introduction", operator="Kreis Beispiel")
    expect(person.own.last).to_be_in_viewport(ratio=1)
    expect(person.label("button.person")).to_be_in_viewport(ratio=1)
    picture(person.page, "chat-german.png")
