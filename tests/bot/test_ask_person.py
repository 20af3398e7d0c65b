"""Handing over: order of the steps, every step skipped or corrected, questions in the middle, old buttons."""

from __future__ import annotations

import dataclasses

import pytest

from bot.conversation.ask_person import LONGEST_WORDS, handed_back, staff_replies
from bot.conversation.model import Person
from tests.factories import environment, library, office, region, understood, unsure
from tests.fakes import Chat, check_reply, data_of, labels, said


async def to_step(chat: Chat, step: str) -> None:
    """The shortest way to a step, for somebody in a town with a staffed office."""
    presses = {"consent": [], "topic": ["consent|yes"], "language": ["topic|school"], "interpreter": ["language|ar"],
               "contact": ["interpreter|yes"], "words": ["contact|chat"], "card": ["words|-"]}
    await chat.command("human")
    for name, buttons in presses.items():
        for button in buttons:
            await chat.presses(button)
        if name == step:
            return


def step(chat: Chat) -> str:
    return chat.person.intake.step if chat.person.intake else ""


async def test_the_steps_come_in_their_order(chat: Chat) -> None:
    seen = []
    await chat.command("human")
    for button in ("town|neudorf", "consent|yes", "topic|school", "language|ar", "interpreter|yes", "contact|chat", "words|-"):
        seen.append(step(chat))
        await chat.presses(button)
    assert seen == ["town", "consent", "topic", "language", "interpreter", "contact", "words"]
    assert step(chat) == "card"
    replies = await chat.presses("send|-")
    assert "TL-2026-0001" in said(replies) and chat.person.intake is None and chat.person.open_ticket == "case-1"


async def test_a_known_town_and_topic_are_not_asked_for_again(german: Chat) -> None:
    await german.says("Schule?")
    await german.presses("p")
    assert step(german) == "consent"
    await german.presses("consent|yes")
    assert step(german) == "language"


async def test_nothing_is_asked_before_the_consent_but_the_town(chat: Chat) -> None:
    await chat.command("human")
    nonce = chat.person.intake.nonce  # type: ignore[union-attr]
    for forged in ("topic|school", "language|ar", "contact|call", "words|-", "send|-", "change|name"):
        await chat.data(f"i|{nonce}|{forged}", message=forged)
        assert step(chat) == "town" and chat.cases.drafts == []


async def test_the_consent_names_office_carrier_telegram_duration_and_the_duties_to_report(german: Chat) -> None:
    text = said(await german.command("human"))
    assert "KIM Nord" in text and "Träger Nord" in text and "180" in text and "/delete" in text
    assert german.text("consent.telegram").lstrip("- ") in text


async def test_on_the_chat_page_nothing_is_said_about_telegram() -> None:
    chat = Chat(environment(carries_telegram=False), Person(language="de", town="Neudorf"))
    assert "Telegram" not in said(await chat.command("human"))


async def test_more_can_be_read_before_agreeing(german: Chat) -> None:
    await german.command("human")
    replies = await german.presses("consent|more")
    assert german.text("consent.more") in said(replies) and any(d.endswith("consent|yes") for d in data_of(replies))


async def test_without_consent_nothing_is_passed_on_and_services_are_named(german: Chat) -> None:
    await german.command("human")
    replies = await german.presses("consent|no")
    assert german.text("consent.refused") in said(replies) and "Integrationszentrum" in said(replies)
    assert german.person.intake is None and german.person.expecting == ""


async def test_the_consent_that_is_kept_is_the_one_that_was_read(german: Chat) -> None:
    await german.says("I want a person", understood("chat.human", language="en"))
    shown = german.shown[-1][1].markdown
    await german.presses("consent|yes")
    for button in ("topic|-", "language|en", "interpreter|no", "contact|chat", "words|-", "send|-"):
        await german.presses(button)
    draft = german.cases.drafts[0]
    assert draft.consent_wording == shown and draft.consent_language == "en"


async def test_changing_the_language_in_the_middle_keeps_the_form_and_the_consent(german: Chat) -> None:
    await to_step(german, "contact")
    await german.command("language")
    await german.presses("l|ar")
    assert step(german) == "contact" and german.person.expecting == "intake"
    for button in ("contact|chat", "words|-", "send|-"):
        await german.presses(button)
    assert german.cases.drafts[0].consent_language == "de"


async def test_a_consent_that_was_reworded_meanwhile_is_asked_for_again(german: Chat) -> None:
    await to_step(german, "card")
    german.env = environment(library(regions=[region(offices=(office(carrier="Neuer Träger"),))]))
    assert "Neuer Träger" in said(await german.presses("send|-"))
    assert german.cases.drafts == [] and step(german) == "consent"
    await german.presses("consent|yes")
    await german.presses("send|-")
    assert german.cases.drafts[0].carrier == "Neuer Träger"


async def test_the_card_holds_what_was_said(german: Chat) -> None:
    await german.says("Schule?")
    await to_step(german, "consent")
    for button in ("consent|yes", "language|ar", "interpreter|yes", "contact|call"):
        await german.presses(button)
    await german.says("meine nummer ist +49 2999 55512")
    replies = await german.says("Mein *Sohn* ist 8 <b>", understood())
    text = said(replies)
    for words in ("KIM Nord", "Neudorf", "Titel school.registration", "العربية", german.text("card.interpreter"),
                  "+49 2999 55512", "Mein *Sohn* ist 8 <b>"):
        assert words in text


async def test_the_draft_holds_everything_the_office_needs(german: Chat) -> None:
    await german.says("abgelehnt", understood("residence.rejection"))
    await german.presses("p")
    for button in ("consent|yes", "language|ar", "interpreter|yes", "contact|visit"):
        await german.presses(button)
    await german.says("meine worte")
    await german.presses("send|-")
    draft = german.cases.drafts[0]
    assert (draft.office, draft.carrier, draft.prefix, draft.town) == ("nord", "Träger Nord", "TL", "Neudorf")
    assert (draft.language, draft.topic) == ("ar", "residence.rejection")
    assert set(draft.reasons) == {"asked_for_person", "complex_topic"}
    assert draft.card["words"] == "meine worte" and draft.card["contact"] == "visit" and draft.card["interpreter"] is True
    assert draft.card["language"] == "Arabisch" and draft.card["topic"] == "Titel residence.rejection"
    assert german.counts == [("case_opened", "residence.rejection")]


@pytest.mark.parametrize(("contact", "key"), [("chat", "sent.chat"), ("visit", "sent.visit")])
async def test_the_end_says_honestly_what_comes_next(german: Chat, contact: str, key: str) -> None:
    await to_step(german, "contact")
    for button in (f"contact|{contact}", "words|-"):
        await german.presses(button)
    replies = await german.presses("send|-")
    assert german.text(key) in said(replies) and german.text("sent.more") in said(replies)


async def test_an_urgent_case_names_the_number_to_call_today(german: Chat) -> None:
    await german.says("Frist in einer Woche", understood(entities={"deadline": True, "deadline_days": 7}))
    await german.presses("p")
    for button in ("consent|yes", "language|de", "contact|chat", "words|-"):
        await german.presses(button)
    text = said(await german.presses("send|-"))
    assert "+49 2999 12345" in text.splitlines() and german.text("sent.urgent") in text
    assert german.cases.drafts[0].urgent


async def test_a_deadline_said_in_the_own_words_makes_the_case_urgent(german: Chat) -> None:
    await to_step(german, "words")
    await german.says("ich muss in 5 tagen antworten", understood(entities={"deadline": True, "deadline_days": 5}))
    await german.presses("send|-")
    assert german.cases.drafts[0].urgent and "deadline_14_days" in german.cases.drafts[0].reasons


# --- skipping ---------------------------------------------------------------------------------------------------------


async def test_topic_and_words_can_be_skipped(german: Chat) -> None:
    await to_step(german, "topic")
    for button in ("topic|-", "language|de", "contact|chat", "words|-", "send|-"):
        await german.presses(button)
    assert german.cases.drafts[0].topic == "" and german.cases.drafts[0].card["words"] == ""


async def test_german_needs_no_interpreter(german: Chat) -> None:
    await to_step(german, "language")
    await german.presses("language|de")
    assert step(german) == "contact"


async def test_the_interpreter_button_skips_the_question_for_one(chat: Chat) -> None:
    await chat.data("pi")
    for button in ("town|neudorf", "consent|yes", "topic|-", "language|?", "language|pl"):
        await chat.presses(button)
    assert step(chat) == "contact"


async def test_all_22_languages_can_be_chosen(german: Chat) -> None:
    await to_step(german, "language")
    first = {d.split("|")[-1] for d in data_of([german.shown[-1][1]]) if "|language|" in d} - {"?"}
    more = {d.split("|")[-1] for d in data_of(await german.presses("language|?")) if "|language|" in d}
    assert len(first | more) == 22


async def test_a_call_asks_for_a_number_and_only_a_call_does(german: Chat) -> None:
    await to_step(german, "contact")
    await german.presses("contact|call")
    assert step(german) == "phone"
    await german.presses("contact|chat")
    assert step(german) == "words" and german.person.intake.phone == ""  # type: ignore[union-attr]


@pytest.mark.parametrize(("typed", "phone"), [
    ("+49 2999 12345", "+49 2999 12345"), ("0171/1234567", "0171/1234567"), ("nummer: 02434 (81) 0-12", "02434 (81) 0-12"),
    ("٠١٧١ ٢٣٤٥٦٧", "٠١٧١ ٢٣٤٥٦٧"), ("0171\n234567", "0171 234567")])
async def test_numbers_are_taken_as_people_write_them(german: Chat, typed: str, phone: str) -> None:
    await to_step(german, "contact")
    await german.presses("contact|call")
    await german.says(typed)
    assert german.person.intake.phone.strip() == phone  # type: ignore[union-attr]


@pytest.mark.parametrize("typed", ["weiß nicht", "12345", "---------", "((((((((("])
async def test_what_is_no_number_is_asked_for_again_with_a_way_out(german: Chat, typed: str) -> None:
    await to_step(german, "contact")
    await german.presses("contact|call")
    replies = await german.says(typed)
    assert (replies and step(german) == "phone") or german.person.intake.phone == ""  # type: ignore[union-attr]


# --- correcting -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("presses", "attribute", "value"), [
    (["change|topic", "topic|german"], "topic", "german"),
    (["change|topic", "topic|-"], "topic", ""),
    (["change|language", "language|en", "interpreter|no"], "language", "en"),
    (["change|language", "language|de"], "interpreter", False),
    (["change|contact", "contact|visit"], "contact", "visit"),
    (["change|name", "name|-"], "name", ""),
    (["change|words", "words|-"], "words", ""),
    (["change|town", "town|wegberg"], "town", "Wegberg")])
async def test_each_field_of_the_card_can_be_changed_and_leads_back_to_the_card(
        german: Chat, presses: list[str], attribute: str, value: object) -> None:
    await to_step(german, "card")
    await german.presses("change|?")
    for button in presses:
        await german.presses(button)
    assert step(german) == "card"
    assert getattr(german.person.intake, attribute) == value


async def test_words_and_name_can_be_typed_anew(german: Chat) -> None:
    await to_step(german, "card")
    for field, words in (("words", "neue worte"), ("name", "  Amal \n B  ")):
        await german.presses("change|?")
        await german.presses(f"change|{field}")
        await german.says(words)
        assert step(german) == "card"
    intake = german.person.intake
    assert intake is not None and (intake.words, intake.name) == ("neue worte", "Amal B")


async def test_changing_to_a_call_asks_for_the_number_and_returns_to_the_card(german: Chat) -> None:
    await to_step(german, "card")
    await german.presses("change|?")
    await german.presses("change|contact")
    await german.presses("contact|call")
    assert "0171 2345678" in said(await german.says("0171 2345678")) and step(german) == "card"


async def test_another_town_of_the_same_office_needs_no_new_consent(german: Chat) -> None:
    await to_step(german, "card")
    await german.presses("change|?")
    await german.presses("change|town")
    await german.says("Wegberg")
    assert step(german) == "card" and german.person.town == "Wegberg"


async def test_another_office_needs_a_new_consent_that_names_it(german: Chat) -> None:
    await to_step(german, "card")
    await german.presses("change|?")
    await german.presses("change|town")
    assert "Träger Sued" in said(await german.presses("town|suedheim"))
    assert step(german) == "consent" and german.person.intake.consent == ""  # type: ignore[union-attr]
    await german.presses("consent|yes")
    await german.presses("send|-")
    assert german.cases.drafts[0].carrier == "Träger Sued"
    assert "Träger Sued" in german.cases.drafts[0].consent_wording


async def test_the_old_i_agree_does_not_count_for_the_other_office(german: Chat) -> None:
    await german.command("human")
    old = next(data for data in data_of([german.shown[-1][1]]) if data.endswith("consent|yes"))
    await german.presses("consent|yes")
    for button in ("topic|-", "language|de", "contact|chat", "words|-", "change|?", "change|town", "town|suedheim"):
        await german.presses(button)
    await german.data(old, message="7")
    assert german.person.intake is not None and german.person.intake.consent == ""


async def test_an_old_card_cannot_be_sent_after_the_office_changed(german: Chat) -> None:
    await to_step(german, "card")
    old = next(data for data in data_of([german.shown[-1][1]]) if data.endswith("send|-"))
    for button in ("change|?", "change|town", "town|suedheim"):
        await german.presses(button)
    await german.data(old, message="7")
    assert german.cases.drafts == []


async def test_the_town_command_in_the_middle_corrects_the_form(german: Chat) -> None:
    await to_step(german, "card")
    await german.command("town")
    await german.presses("w|suedheim")
    assert step(german) == "consent" and german.person.intake.town == "Südheim"  # type: ignore[union-attr]
    assert german.person.expecting == "intake"


# --- in the middle ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("at", ["consent", "topic", "language", "interpreter", "contact", "card"])
async def test_a_question_in_the_middle_is_answered_and_the_form_goes_on(german: Chat, at: str) -> None:
    await to_step(german, at)
    replies = await german.says("Und die Kita?", understood("childcare.kita"))
    assert "Titel tun: childcare.kita" in said(replies[:1])
    assert german.text("intake.goes_on") in said(replies[1:]) and step(german) == at


async def test_a_question_in_the_middle_offers_no_second_case(german: Chat) -> None:
    await to_step(german, "contact")
    replies = await german.says("Und mein Aufenthalt?", understood("residence.renewal"))
    assert german.text("offer.person") not in said(replies)


async def test_asking_for_a_person_in_the_middle_repeats_the_question_once_and_loses_nothing(german: Chat) -> None:
    await to_step(german, "contact")
    nonce = german.person.intake.nonce  # type: ignore[union-attr]
    replies = await german.says("ich will mit einem menschen sprechen", understood("chat.human"))
    assert said(replies).count(german.text("intake.contact")) == 1
    assert german.person.intake is not None and german.person.intake.nonce == nonce and step(german) == "contact"


async def test_own_words_are_taken_as_they_are_in_any_language(chat: Chat) -> None:
    await chat.data("pi")
    for button in ("town|neudorf", "consent|yes", "topic|-", "language|?", "language|pl", "contact|chat"):
        await chat.presses(button)
    await chat.says("Mój syn nie ma szkoły", understood(language="other"))
    assert chat.person.intake is not None and chat.person.intake.words == "Mój syn nie ma szkoły"


async def test_own_words_that_look_like_a_question_stay_own_words(german: Chat) -> None:
    await to_step(german, "words")
    await german.says("Wo melde ich mein Kind an?")
    assert german.person.intake.words == "Wo melde ich mein Kind an?"  # type: ignore[union-attr]


@pytest.mark.parametrize("words", ["*" * 4096, "<&>" * 1300, "a ا " * 1024, "\n- ا\n1. b" * 400, "😀" * 2048])
async def test_the_longest_words_still_fit_the_card(chat: Chat, words: str) -> None:
    chat.person.language, chat.person.town = "ar", "Neudorf"
    await to_step(chat, "words")
    await chat.says(words)
    assert step(chat) == "card" or not any(c.isalnum() for c in words)
    if step(chat) == "card":
        await chat.presses("send|-")
        assert chat.cases.drafts[0].card["words"] == words[:LONGEST_WORDS]


async def test_an_unclear_town_is_proposed_and_an_unknown_one_refused_kindly(chat: Chat) -> None:
    await chat.command("human")
    assert any(d.endswith("town|wegberg") for d in data_of(await chat.says("Wegbr", unsure())))
    replies = await chat.says("wir wohnen in Köln " + "und so " * 300, understood("out_of_scope"))
    assert chat.env.texts("case.nobody", "de", town="Köln") in said(replies) and chat.person.intake is None


async def test_cancel_ends_the_form_by_button_and_by_command(german: Chat) -> None:
    await to_step(german, "contact")
    await german.presses("cancel|-")
    assert german.person.intake is None and german.person.expecting == ""
    await to_step(german, "contact")
    await german.command("cancel")
    assert german.person.intake is None and german.cases.drafts == []


# --- where nobody can take it -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("town", ["Bergisch Gladbach", "Ohneamt"])
async def test_a_town_without_a_staffed_office_gets_an_honest_refusal_with_counselling(german: Chat, town: str) -> None:
    german.person.town = town
    replies = await german.command("human")
    assert german.text("case.nobody", town=town) in said(replies) and "Integrationszentrum" in said(replies)
    assert german.person.intake is None and german.counts == [("nobody_on_duty", "")]


async def test_another_place_gets_the_nationwide_services(chat: Chat) -> None:
    await chat.command("human")
    replies = await chat.presses("town|-")
    assert chat.env.texts("case.nobody_anywhere", "de") in said(replies) and "migrationsberatung.org" in said(replies)


async def test_an_office_that_lost_its_staff_meanwhile_refuses_at_the_end(german: Chat) -> None:
    await to_step(german, "card")
    german.cases.staffed = frozenset()
    assert german.text("case.nobody", town="Neudorf") in said(await german.presses("send|-"))
    assert german.cases.drafts == []


async def test_a_town_that_left_the_regions_meanwhile_does_not_break_the_form(german: Chat) -> None:
    await to_step(german, "card")
    german.env = environment(library(regions=[region(towns=(), offices=())]))
    assert await german.presses("send|-")
    assert german.cases.drafts == []


# --- people without papers --------------------------------------------------------------------------------------------


async def test_people_without_papers_are_warned_first_and_may_go_on(german: Chat) -> None:
    replies = await german.says("ich habe keine papiere", understood(entities={"without_papers": True}))
    assert german.text("papers.warning").split("[")[0] in said(replies[:1]) and german.person.intake is None
    await german.presses(german.text("button.go_on_anyway"))
    assert step(german) == "consent"


async def test_who_says_it_only_in_the_form_is_warned_before_anything_is_sent(german: Chat) -> None:
    await to_step(german, "words")
    replies = await german.says("ich bin ohne papiere hier", understood(entities={"without_papers": True}))
    assert german.text("papers.warning").split("[")[0] in said(replies)
    assert german.cases.drafts == []
    replies = await german.presses(german.text("button.go_on_anyway"))
    assert "ich bin ohne papiere hier" in said(replies) and step(german) == "card"


# --- pressed late, twice, or on something old -------------------------------------------------------------------------


async def test_send_pressed_twice_opens_one_case(german: Chat) -> None:
    await to_step(german, "card")
    await german.presses("send|-")
    assert await german.presses("send|-", again=True) == []
    assert len(german.cases.drafts) == 1


async def test_send_pressed_again_later_shows_the_number(german: Chat) -> None:
    await to_step(german, "card")
    await german.presses("send|-")
    assert "TL-2026-0001" in said(await german.presses("send|-"))
    assert len(german.cases.drafts) == 1


async def test_a_button_of_a_cancelled_form_says_that_it_is_over(german: Chat) -> None:
    await to_step(german, "contact")
    await german.presses("cancel|-")
    assert german.text("intake.over") in said(await german.presses("contact|chat"))


async def test_a_button_of_an_older_form_puts_the_open_question_again(german: Chat) -> None:
    await to_step(german, "language")
    await german.presses("cancel|-")
    old = "i|000000|language|ar"
    await german.command("human")
    replies = await german.data(old)
    assert step(german) == "consent" and "KIM Nord" in said(replies)


# --- what the office writes -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["de", "ar", "fr", ""])
@pytest.mark.parametrize("words", ["Kommen Sie *morgen* um 10", "w" * 4096, "ا a " * 1024, "<&" * 2048, "zwei\n" * 800])
def test_the_words_of_the_office_arrive_whole_and_fit_telegram(language: str, words: str) -> None:
    replies = staff_replies(environment(), language, "KIM *Nord*", words)
    for reply in replies:
        check_reply(reply)
    assert "KIM *Nord*" in said(replies[:1])
    assert "".join(said(replies[1:]).split()) in "".join(words.split())
    text = "".join("".join(said([reply]).split()) for reply in replies)
    assert text.endswith("".join(words.split()))


def test_handed_back_says_that_the_bot_speaks_again() -> None:
    reply = handed_back(environment(), "ar", "TL-2026-0001")
    check_reply(reply)
    assert reply.rtl and "TL-2026-0001" in said([reply])


def test_a_new_field_of_the_form_has_a_default_so_that_stored_forms_still_load() -> None:
    from bot.conversation.model import Intake
    assert all(field.default is not dataclasses.MISSING or field.default_factory is not dataclasses.MISSING
               for field in (*dataclasses.fields(Intake), *dataclasses.fields(Person)))


async def test_button_labels_of_the_form_differ_within_a_message(german: Chat) -> None:
    await to_step(german, "card")
    for _, reply in german.shown:
        shown = labels([reply])
        assert len(shown) == len(set(shown)), shown


async def test_a_case_that_the_office_refuses_at_the_last_moment_is_told_honestly(
        german: Chat, monkeypatch: pytest.MonkeyPatch) -> None:
    from bot.conversation.model import CaseRefused

    async def refuse(*_: object) -> None:
        raise CaseRefused

    await to_step(german, "card")
    monkeypatch.setattr(german.cases, "open_case", refuse)
    assert german.text("case.nobody", town="Neudorf") in said(await german.presses("send|-"))
    assert german.person.intake is None and ("case_opened", "") not in german.counts
