import re
from datetime import timedelta

from core.clock import today
from handoff.tables import access_log, ticket, ticket_message
from handoff.tickets import add_person_message, mark_unreachable, withdraw


async def person_writes(district, ticket_id, text):
    async with district.database.transaction() as connection:
        await add_person_message(connection, district.vault, ticket_id, text)


def field(page, name):
    return re.search(rf'name="{name}" value="([^"]*)"', page.text)[1]


async def test_the_list_shows_cases_without_the_persons_words(district):
    await district.open(urgent=True)
    anna = await district.signed_in("anna")
    page = await anna.get("/desk/cases")
    assert page.status_code == 200
    for part in ("HS-", "Ablehnung", "Erkelenz", "Arabisch", "Eilig", "schwieriges Thema", "Neu"):
        assert part in page.text
    for part in ("وصلتني", "سامر", "+49 170"):
        assert part not in page.text
    assert await district.rows(access_log) == []


async def test_an_empty_list_says_what_will_happen(district):
    anna = await district.signed_in("anna")
    assert "Kein Fall wartet." in (await anna.get("/desk/cases")).text
    assert "Noch keine abgeschlossenen Fälle." in (await anna.get("/desk/cases/closed")).text


async def test_a_case_shows_the_original_from_right_to_left_beside_german_labels(district):
    opened = await district.open()
    anna = await district.signed_in("anna")
    page = await anna.get(f"/desk/cases/{opened.id}")
    assert '<div class="words" dir="rtl" lang="ar">وصلتني رسالة رفض</div>' in page.text
    for part in ("In eigenen Worten", "braucht Sprachmittlung", "Telefonisch", 'href="tel:+491700000000"', "schwieriges Thema"):
        assert part in page.text
    assert len(await district.rows(access_log)) == 1


async def test_html_in_words_and_names_is_only_text(district):
    evil = '<script>alert(1)</script><img src=x onerror=alert(1)>"\'&'
    opened = await district.open(town=evil[:90], card={"words": evil, "name": evil, "phone": '"><b>1', "recent": [["person", evil]]})
    await person_writes(district, opened.id, evil)
    anna = await district.signed_in("anna")
    for path in ("/desk/cases", f"/desk/cases/{opened.id}"):
        page = await anna.get(path)
        assert "<script>alert" not in page.text
        assert "<img src=x" not in page.text
        assert "<b>1" not in page.text


async def test_a_reply_goes_out_and_stands_in_the_case_with_its_delivery(district):
    opened = await district.open()
    anna = await district.signed_in("anna")
    page = await anna.get(f"/desk/cases/{opened.id}")
    answer = await anna.post(f"/desk/cases/{opened.id}/reply", text="Guten Tag", seen=field(page, "seen"), form=field(page, "form"))
    assert answer.status_code == 303
    assert [text for _, text, _, _ in district.outbox.sent] == ["Guten Tag"]
    (message,) = await district.rows(ticket_message)
    for state, words in (("waiting", "unterwegs"), ("sent", "zugestellt"), ("failed", "nicht zugestellt"), ("unreachable", "hat den Bot blockiert")):
        district.outbox.states[f"ticket_message:{message.id}"] = state
        assert words in (await anna.get(f"/desk/cases/{opened.id}")).text


async def test_a_double_click_sends_once(district):
    opened = await district.open()
    anna = await district.signed_in("anna")
    page = await anna.get(f"/desk/cases/{opened.id}")
    for _ in range(2):
        answer = await anna.post(f"/desk/cases/{opened.id}/reply", text="Guten Tag", seen=field(page, "seen"), form=field(page, "form"))
        assert answer.status_code == 303
    assert len(district.outbox.sent) == 1


async def test_an_empty_reply_gets_a_sentence(district):
    opened = await district.open()
    anna = await district.signed_in("anna")
    answer = await anna.post(f"/desk/cases/{opened.id}/reply", text=" \u200b ", seen="0", form="a" * 32)
    assert answer.status_code == 422
    assert "Bitte schreiben Sie zuerst etwas." in answer.text
    assert district.outbox.sent == []


async def test_a_reply_that_is_too_long_gets_a_sentence_and_is_still_there(district):
    opened = await district.open()
    anna = await district.signed_in("anna")
    text = "ä" * 30_000
    answer = await anna.post(f"/desk/cases/{opened.id}/reply", text=text, seen="0", form="a" * 32)
    assert answer.status_code == 422
    assert "höchstens 4.096 Zeichen" in answer.text
    assert text in answer.text


async def test_after_news_the_reply_is_shown_again_with_what_is_new_and_can_then_be_sent(district):
    opened = await district.open()
    anna = await district.signed_in("anna")
    page = await anna.get(f"/desk/cases/{opened.id}")
    await person_writes(district, opened.id, "Es hat sich erledigt")
    answer = await anna.post(f"/desk/cases/{opened.id}/reply", text="Mein Text", seen=field(page, "seen"), form=field(page, "form"))
    assert answer.status_code == 409
    assert "In der Zwischenzeit wurde etwas Neues geschrieben" in answer.text
    assert "Mein Text</textarea>" in answer.text
    assert re.search(r'class="message person fresh">.*?Es hat sich erledigt', answer.text, re.DOTALL)
    assert district.outbox.sent == []
    again = await anna.post(f"/desk/cases/{opened.id}/reply", text="Mein Text", seen=field(answer, "seen"), form=field(answer, "form"))
    assert again.status_code == 303
    assert len(district.outbox.sent) == 1


async def test_a_reply_to_a_case_that_a_colleague_closed_keeps_the_text(district):
    opened = await district.open()
    anna = await district.signed_in("anna")
    await district.close(opened.id)
    answer = await anna.post(f"/desk/cases/{opened.id}/reply", text="Mein Text", seen="0", form="a" * 32)
    assert answer.status_code == 409
    assert "Dieser Fall ist abgeschlossen." in answer.text
    assert "Mein Text</textarea>" in answer.text


async def test_after_the_session_ended_the_text_is_shown_for_copying(district):
    opened = await district.open()
    visitor = district.browser()
    answer = await visitor.post(f"/desk/cases/{opened.id}/reply", data={"text": "Mein langer Text", "csrf": "old"})
    assert answer.status_code == 401
    assert "Mein langer Text</textarea>" in answer.text


async def test_a_note_is_shown_as_internal_and_goes_nowhere(district):
    opened = await district.open()
    anna = await district.signed_in("anna")
    answer = await anna.post(f"/desk/cases/{opened.id}/note", text="Nur für uns", form="b" * 32)
    assert answer.status_code == 303
    page = await anna.get(f"/desk/cases/{opened.id}")
    assert re.search(r'class="message note">.*?Interne Notiz.*?Nur für uns', page.text, re.DOTALL)
    assert district.outbox.sent == []


async def test_closing_without_an_outcome_asks_for_it(district):
    opened = await district.open()
    anna = await district.signed_in("anna")
    assert "wie der Fall ausgegangen ist" in (await anna.post(f"/desk/cases/{opened.id}/close", seen="0")).text
    answer = await anna.post(f"/desk/cases/{opened.id}/close", seen="0", outcome="referred")
    assert answer.status_code == 303
    page = await anna.get(f"/desk/cases/{opened.id}")
    assert "An eine andere Stelle vermittelt" in page.text
    assert 'id="reply-text"' not in page.text


async def test_a_hold_set_by_the_lead_is_shown(district):
    opened = await district.open()
    lena = await district.signed_in("lena")
    path = f"/desk/cases/{opened.id}"
    assert "liegt in der Zukunft" in (await lena.post(f"{path}/hold", text="Klage", until="2020-01-01")).text
    assert "Bitte wählen Sie den Tag" in (await lena.post(f"{path}/hold", text="Klage", until="31.12.")).text
    until = today() + timedelta(days=9)
    assert (await lena.post(f"{path}/hold", text="Klage", until=until.isoformat())).status_code == 303
    assert f"Aufbewahrung bis {until:%d.%m.%Y}" in (await lena.get(path)).text
    assert (await lena.post(f"{path}/end-hold")).status_code == 303
    (row,) = await district.rows(ticket)
    assert row.hold_until is None


async def test_a_withdrawn_case_shows_no_content(district):
    opened = await district.open()
    async with district.database.transaction() as connection:
        await withdraw(connection, opened.id)
    anna = await district.signed_in("anna")
    page = await anna.get(f"/desk/cases/{opened.id}")
    assert "Die Person hat die Einwilligung zurückgenommen" in page.text
    for part in ("وصلتني", "سامر", "+49"):
        assert part not in page.text


async def test_an_unreachable_person_is_announced(district):
    opened = await district.open()
    async with district.database.transaction() as connection:
        await mark_unreachable(connection, "n1")
    anna = await district.signed_in("anna")
    assert "Nicht erreichbar" in (await anna.get("/desk/cases")).text
    assert "erreichen diese Person zurzeit nicht" in (await anna.get(f"/desk/cases/{opened.id}")).text


async def test_looking_for_news_reads_no_content(district):
    opened = await district.open()
    anna = await district.signed_in("anna")
    before = [(await anna.get(path)).json()["mark"] for path in ("/desk/cases/news", f"/desk/cases/{opened.id}/news")]
    await person_writes(district, opened.id, "Neu")
    after = [(await anna.get(path)).json()["mark"] for path in ("/desk/cases/news", f"/desk/cases/{opened.id}/news")]
    assert before[0] != after[0] and before[1] != after[1]
    assert await district.rows(access_log) == []


async def test_the_whole_case_is_there_in_english(district):
    opened = await district.open()
    anna = await district.signed_in("anna")
    await anna.post("/desk/language", language="en", next=f"/desk/cases/{opened.id}")
    page = await anna.get(f"/desk/cases/{opened.id}")
    assert '<html lang="en">' in page.text
    for part in ("In their own words", "needs an interpreter", "complex topic", "Send to the person"):
        assert part in page.text


async def test_odd_values_in_addresses_and_forms_break_nothing(district):
    opened = await district.open()
    anna = await district.signed_in("anna")
    for query in ("?page=-1", "?page=99999999999999999999", "?page=x"):
        assert (await anna.get(f"/desk/cases{query}")).status_code == 200
    assert (await anna.post(f"/desk/cases/{opened.id}/reply", text="x", seen="٣", form="'; --")).status_code == 303
    for name in ("%00", "%0a", "%ff", "' OR 1=1", "..%2f..", "a" * 3000):
        assert (await anna.get(f"/desk/cases/{name}")).status_code == 404
