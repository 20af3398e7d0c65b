"""The whole way of a case: from the newcomer's "a person" over the desk and back, and where nobody can take one."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from tgemu import TelegramWorld

from tests.acceptance.conftest import MakeInstallation, NewPerson
from tests.acceptance.support import (
    Desk,
    Installation,
    add_staff,
    answers,
    got,
    heard,
    is_about,
    label,
    reads,
    says,
    send_case,
    staffed_desk,
    type_town,
    until,
)

OWN_WORDS = "My son is ten, nobody gives him a school place. <b>Help</b> & *please*"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def desk(lotse: Installation) -> AsyncIterator[Desk]:
    """A lead of Kreis Heinsberg, whose office takes cases."""
    async with await staffed_desk(lotse, "lead@heinsberg.example", "heinsberg") as signed_in:
        yield signed_in


@pytest.mark.parametrize("language", ["de", "en", "ar"])
async def test_a_case_goes_from_the_chat_to_the_desk_and_back(
        person: NewPerson, lotse: Installation, desk: Desk, language: str) -> None:
    ada = person(language)
    await ada.start(f"{language}-wegberg-school__registration")
    await got(ada, at_least=2)
    number = await send_case(ada, language, OWN_WORDS)
    assert number.startswith("HS-")

    page = await desk.open_case(number)
    assert "&lt;b&gt;Help&lt;/b&gt;" in page and "<b>Help" not in page
    listed = await lotse.command("tickets", "--open")
    assert number in listed.out and "son" not in listed.out, "the operator's list shows no content"

    await ada.send("One more thing: he speaks Kurdish.")
    await until(lambda: lotse.number("SELECT count(*) FROM ticket_event e JOIN ticket t ON t.id = e.ticket_id "
                                     "WHERE e.what = 'wrote' AND t.number = :n", n=number) == 1)
    assert "he speaks Kurdish" in await desk.open_case(number)
    ada.skip()
    note = await desk.submit("/note", text="Ask the school authority Birnenkompott")
    assert note.status_code == 200

    reply = await desk.submit("/reply", text="Please come on Tuesday at 10. <i>Room 12</i> & bring *papers*")
    assert reply.status_code == 200
    arrived = await heard(ada, "staff.says", language)
    assert "<i>Room 12</i> & bring *papers*" in reads(arrived), reads(arrived)
    assert "Beate" not in ada.transcript(), "the office speaks, not a person by name"

    await desk.open_case(number)
    closed = await desk.submit("/close", outcome="solved")
    assert closed.status_code == 200
    handed_back = await heard(ada, "staff.handed_back", language, number=number)
    assert label("button.menu", language) in handed_back.labels
    assert "Birnenkompott" not in ada.transcript(), "an internal note never leaves the desk"
    assert ada.transcript().count("Room 12") == 1, "a reply arrives once"
    assert is_about((await answers(ada, "How do I register my child for school?"))[0], "school.registration")


async def test_while_a_case_is_open_the_bot_is_quiet_but_for_danger_and_commands(
        person: NewPerson, lotse: Installation, desk: Desk) -> None:
    ada = person("en")
    await ada.start("en-wassenberg-")
    await heard(ada, "menu.title", "en")
    number = await send_case(ada, "en", "I need help with my school papers.")
    await answers(ada, "/help")
    await ada.send("How do I register my child for school?")
    await until(lambda: lotse.number("SELECT count(*) FROM ticket_message") and lotse.outbox_is_empty())
    await ada.send("/menu")
    await heard(ada, "menu.title", "en")
    assert not any(label("button.helped", "en") in message.labels for message in ada.messages())
    assert "110" in reads((await answers(ada, "My husband beats me, I am afraid"))[0])

    await ada.command("/mydata")
    document = await until(lambda: next((m for m in ada.messages() if m.content == "document"), None))
    assert lotse.world is not None
    stored = json.loads(lotse.world.file(document.file_id))
    assert [case["number"] for case in stored["cases"]] == [number]

    await ada.command("/human")
    await heard(ada, "case.status", "en", number=number)
    await ada.press(label("button.withdraw", "en"))
    await heard(ada, "withdraw.ask", "en", number=number)
    await ada.press(label("button.withdraw_yes", "en"))
    await heard(ada, "withdraw.done", "en", number=number)
    await desk.open("/desk/cases")
    assert number not in desk.page


async def test_after_delete_nothing_of_the_case_opens_any_more(person: NewPerson, lotse: Installation, desk: Desk) -> None:
    ada = person("en")
    await ada.start("en-gangelt-")
    await heard(ada, "menu.title", "en")
    number = await send_case(ada, "en", "Quittengelee is my secret word.")
    assert lotse.holds("Quittengelee") and lotse.holds(str(ada.id))
    await ada.command("/delete")
    await heard(ada, "delete.ask", "en")
    await ada.press(label("button.delete_yes", "en"))
    await heard(ada, "delete.done", "en")
    await until(lambda: not lotse.holds("Quittengelee") and not lotse.holds(str(ada.id)), "nothing opens any more")
    assert lotse.number("SELECT count(*) FROM ticket WHERE number = :n", n=number) == 0


async def test_an_office_without_staff_refuses_honestly_and_names_counselling(person: NewPerson) -> None:
    ada = person("en")
    await ada.start("en-meerbusch-")
    await heard(ada, "menu.title", "en")
    await ada.command("/human")
    await heard(ada, "case.nobody", "en", town="Meerbusch")
    assert await until(lambda: any(says(message, "case.counselling", "en") for message in ada.messages()))
    assert not any(label("button.agree", "en") in message.labels for message in ada.messages()), "there is no form"


async def test_without_consent_nothing_is_passed_on(person: NewPerson, lotse: Installation, desk: Desk) -> None:
    cases = lotse.number("SELECT count(*) FROM ticket")
    ada = person("en")
    await ada.start("en-heinsberg-")
    await heard(ada, "menu.title", "en")
    await ada.command("/human")
    asked = await heard(ada, "consent.text", "en", days=180)
    assert "KIM-Fallberatung Kreis Heinsberg" in reads(asked), "the consent names the office"
    nonce = asked.buttons[0][0].callback_data.split("|")[1]
    await ada.press_stale(f"i|{nonce}|send|-", asked.message_id)
    await heard(ada, "consent.text", "en", days=180)
    await ada.press(label("button.no", "en"))
    await heard(ada, "consent.refused", "en")
    assert lotse.number("SELECT count(*) FROM ticket") == cases


async def test_a_form_pressed_twice_opens_one_case(person: NewPerson, lotse: Installation, desk: Desk) -> None:
    ada = person("de")
    await ada.start("de-wegberg-school__registration")
    await got(ada, at_least=2)
    number = await send_case(ada, "de", "Ich brauche einen Schulplatz für meinen Sohn.")
    card = next(m for m in reversed(ada.messages()) if label("button.send", "de") in m.labels)
    await ada.press(label("button.send", "de"), message_id=card.message_id)
    await ada.press(label("button.send", "de"), message_id=card.message_id)
    await ada.command("/menu")
    await heard(ada, "menu.title", "de")
    assert lotse.number("SELECT count(*) FROM ticket WHERE number = :n", n=number) == 1
    assert lotse.number("SELECT count(*) FROM ticket t WHERE t.newcomer_id = "
                        "(SELECT newcomer_id FROM ticket WHERE number = :n)", n=number) == 1


async def test_the_case_manager_sees_that_a_person_who_blocked_the_bot_is_not_reached(
        person: NewPerson, lotse: Installation, desk: Desk) -> None:
    ada = person("en")
    await ada.start("en-selfkant-")
    await heard(ada, "menu.title", "en")
    number = await send_case(ada, "en", "Please write to me about a school place.")
    assert lotse.world is not None
    lotse.world.fault("sendMessage", "blocked", chat_id=ada.id)
    await desk.open_case(number)
    await desk.submit("/reply", text="We have a place for you.")
    await until(lambda: lotse.number("SELECT count(*) FROM ticket WHERE number = :n AND undeliverable", n=number) == 1)
    assert 'class="warning"' in await desk.open_case(number)
    await answers(ada, "/help")
    assert 'class="warning"' not in await desk.open_case(number)


async def test_the_desk_refuses_forms_without_token_foreign_cases_and_used_links(
        person: NewPerson, lotse: Installation, desk: Desk) -> None:
    ada = person("en")
    await ada.start("en-wegberg-")
    await heard(ada, "menu.title", "en")
    await send_case(ada, "en", "A case for Wegberg only.")
    case = lotse.rows("SELECT id FROM ticket ORDER BY opened_at DESC LIMIT 1")[0][0]
    assert (await desk.post(f"/desk/cases/{case}/reply", text="no token", seen="0")).status_code == 403
    async with Desk(lotse) as other:
        link = await add_staff(lotse, "other@erkelenz.example", "case_manager", "heinsberg-erkelenz")
        await other.sign_in(link)
        with pytest.raises(AssertionError, match="404"):
            await other.open(f"/desk/cases/{case}")
    async with Desk(lotse) as late:
        with pytest.raises(AssertionError, match="410"):
            await late.sign_in(link)
        await late.open("/desk/cases")
        assert late.path == "/desk/signin"


@pytest.mark.parametrize("by_webhook", [False, True], ids=["polling", "webhook"])
@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
async def test_the_main_job_is_done_on_both_databases_by_polling_and_by_webhook(
        make_installation: MakeInstallation, world: TelegramWorld, kind: str, by_webhook: bool) -> None:
    lotse = make_installation(world, kind)
    if by_webhook:
        lotse.extra |= {"LOTSE_WEBHOOK_SECRET": "a-secret", "LOTSE_PUBLIC_URL": lotse.base}
    ada, bert, chris = world.user(language_code="ar"), world.user(language_code="de"), world.user(language_code="en")
    async with lotse.running() as process, await staffed_desk(lotse, "lead@heinsberg.example", "heinsberg") as signed_in:
        if by_webhook:
            await until(lambda: world.emu.webhook)
        answer = (await answers(ada, "كيف أسجل ابني في المدرسة؟", at_least=2))[0]
        assert is_about(answer, "school.registration"), ada.transcript()

        await bert.start()
        await bert.reply(timeout=60)
        await bert.press("Deutsch")
        await heard(bert, "town.ask", "de")
        await type_town(bert, "de", "Wegbreg", "Wegberg")

        await chris.start("en-wegberg-school__registration")
        await got(chris, at_least=2)
        number = await send_case(chris, "en", "I need a school place for my son.")
        await signed_in.open_case(number)
        await signed_in.submit("/reply", text="Come on Tuesday.")
        assert "Come on Tuesday." in reads(await heard(chris, "staff.says", "en"))
        await signed_in.open_case(number)
        await signed_in.submit("/close", outcome="solved")
        await heard(chris, "staff.handed_back", "en", number=number)

        await ada.command("/delete")
        await heard(ada, "delete.ask", "ar")
        await ada.press(label("button.delete_yes", "ar"))
        await heard(ada, "delete.done", "ar")
        await until(lambda: not lotse.holds(str(ada.id)))
        assert lotse.holds(str(chris.id))
        assert await process.stop() == 0, process.tail()
