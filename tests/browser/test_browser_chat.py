"""The chat page by itself: it remembers, keeps visitors apart, and says what does not work."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.browser.conftest import Lotse, NewNewcomer, Visit

START = "/start {language}-heinsberg-school__registration"


def test_a_reload_keeps_the_conversation_and_answers_go_on(newcomer: NewNewcomer) -> None:
    person = newcomer("en")
    person.type(START.format(language="en"))
    person.hears(re.compile("52525"))
    before = person.log.locator(".message").all_inner_texts()

    person.page.reload()
    expect(person.log.locator(".message")).to_have_count(len(before))
    assert person.log.locator(".message").all_inner_texts() == before
    person.press("aspect.cost")
    expect(person.answers).to_have_count(sum(not line.startswith("/start") for line in before) + 1)


def test_two_visitors_do_not_see_each_other_and_a_new_chat_begins_empty(newcomer: NewNewcomer) -> None:
    one, other = newcomer("de"), newcomer("ar")
    one.type(START.format(language="de"))
    one.hears(re.compile("52525"))
    other.type("شكرا")
    other.hears_text("chat.thanks")
    expect(other.own).to_have_text(["/start", "شكرا"])
    expect(one.log).not_to_contain_text("شكرا")
    expect(other.log).not_to_contain_text("52525")

    one.page.get_by_role("button", name="New chat").click()
    expect(one.own).to_have_text(["/start"])
    expect(one.log).not_to_contain_text("52525")


def test_the_first_words_come_in_the_language_of_the_browser(newcomer: NewNewcomer) -> None:
    for language in ("de", "en", "ar"):
        person = newcomer(language)
        person.hears_text("welcome")
        expect(person.answers).to_have_attribute("dir", "rtl" if language == "ar" else "ltr")


def test_words_that_could_not_be_sent_stay_in_the_field(newcomer: NewNewcomer) -> None:
    person = newcomer("en", allowing="ERR_CONNECTION_REFUSED")
    person.page.route("**/chat/send", lambda route: route.abort("connectionrefused"))
    field = person.page.get_by_role("textbox")
    field.fill("Hello")
    field.press("Enter")
    expect(person.page.get_by_role("alert")).to_have_text("The message could not be sent. Please try again.")
    expect(field).to_have_value("Hello")

    person.page.unroute("**/chat/send")
    field.press("Enter")
    expect(person.own.last).to_have_text("Hello")
    expect(person.page.get_by_role("alert")).to_have_count(0)
    expect(person.answers).not_to_have_count(1)


def test_answers_arrive_once_the_line_is_back(visit: Visit, lotse: Lotse) -> None:
    page = visit(locale="en", allowing="503").new_page()
    page.route("**/chat/events*", lambda route: route.fulfill(status=503))
    with page.expect_response("**/chat/events*"):
        page.goto(f"{lotse.url}/chat")
    expect(page.locator(".message")).to_have_count(0)
    page.unroute("**/chat/events*")
    expect(page.locator(".message.bot")).to_have_count(1)
