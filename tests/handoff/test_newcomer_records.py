import json
from datetime import timedelta

import pytest
import sqlalchemy as sa

from core.clock import now, today
from handoff.records import count_open, erase_expired, erase_newcomer, erase_old_access, export_newcomer
from handoff.tables import access_log, consent, notification, ticket, ticket_event, ticket_message
from handoff.tickets import add_person_message
from tests.handoff.desk_samples import ERKELENZ


async def a_case_with_a_talk(district, newcomer="n1"):
    opened = await district.open(newcomer)
    async with district.database.transaction() as connection:
        await add_person_message(connection, district.vault, opened.id, "Meine Frage")
    await district.reply(opened.id, "Unsere Antwort")
    await district.note(opened.id, "GEHEIME NOTIZ")
    async with district.database.transaction() as connection:
        await district.tickets.read(connection, district.staff["anna"], opened.id)
    return opened


async def hold(district, ticket_id, days=30):
    async with district.database.transaction() as connection:
        await district.work.hold(connection, district.staff["lena"], ticket_id, "Klage anhängig", today() + timedelta(days=days))


async def test_the_export_gives_everything_but_notes_and_names_of_staff(district):
    opened = await a_case_with_a_talk(district)
    async with district.database.reading() as connection:
        data = await export_newcomer(connection, district.vault, "n1")
    text = json.dumps(data, ensure_ascii=False)
    (case,) = data["cases"]
    assert (case["number"], case["office"]) == (opened.number, ERKELENZ.name)
    assert [(message["from"], message["text"]) for message in case["messages"]] == [
        ("you", "Meine Frage"), ("office", "Unsere Antwort")]
    assert case["internal_notes"] == 1
    assert [look["office"] for look in case["looked"]] == [ERKELENZ.name]
    assert case["card"]["phone"] == "+49 170 0000000"
    assert data["consents"][0]["wording"] == "أوافق"
    assert "GEHEIM" not in text
    for member in district.staff.values():
        assert member.id not in text
        assert member.name not in text


async def test_the_export_of_somebody_unknown_is_empty(district):
    await a_case_with_a_talk(district)
    async with district.database.reading() as connection:
        assert await export_newcomer(connection, district.vault, "n2") == {"cases": [], "consents": []}


async def test_erasing_leaves_nothing_of_this_person_and_everything_of_others(district):
    await a_case_with_a_talk(district)
    other = await a_case_with_a_talk(district, "n2")
    async with district.database.transaction() as connection:
        assert await erase_newcomer(connection, "n1") == []
    for table in (ticket_message, ticket_event, notification):
        assert {row.ticket_id for row in await district.rows(table)} == {other.id}
    for table in (ticket, consent):
        assert {row.newcomer_id for row in await district.rows(table)} == {"n2"}
    looks = await district.rows(access_log)
    assert [(look.ticket_id, look.newcomer_id) for look in looks] == [(None, None), (other.id, "n2")]


async def test_a_case_under_legal_hold_is_locked_instead_and_named(district):
    held, free = await a_case_with_a_talk(district), await a_case_with_a_talk(district)
    await hold(district, held.id)
    async with district.database.transaction() as connection:
        (left,) = await erase_newcomer(connection, "n1")
    assert (left.number, left.reason, left.until) == (held.number, "Klage anhängig", today() + timedelta(days=30))
    (row,) = await district.rows(ticket)
    assert (row.id, row.state) == (held.id, "locked")
    assert free.id not in {event.ticket_id for event in await district.rows(ticket_event)}
    async with district.database.transaction() as connection:
        case, _ = await district.tickets.read(connection, district.staff["anna"], held.id)
    assert case.card is None
    assert case.messages == ()


async def test_a_hold_that_is_over_keeps_nothing(district):
    opened = await a_case_with_a_talk(district)
    async with district.database.transaction() as connection:
        await connection.execute(sa.update(ticket).values(hold_reason="alt", hold_until=today() - timedelta(days=1)))
        assert await erase_newcomer(connection, "n1") == []
    assert opened.id not in {row.id for row in await district.rows(ticket)}


@pytest.mark.parametrize(("age", "held", "gone"), [(179, False, False), (181, False, True), (181, True, False)])
async def test_closed_cases_go_when_their_time_is_over_unless_held(district, age, held, gone):
    opened = await a_case_with_a_talk(district)
    still_open = await a_case_with_a_talk(district, "n2")
    await district.close(opened.id)
    if held:
        await hold(district, opened.id)
    async with district.database.transaction() as connection:
        await connection.execute(sa.update(ticket).where(ticket.c.id == opened.id).values(closed_at=now() - timedelta(days=age)))
        assert await erase_expired(connection, 180) == int(gone)
    ids = {row.id for row in await district.rows(ticket)}
    assert still_open.id in ids
    assert (opened.id in ids) is not gone


async def test_a_locked_case_goes_on_the_day_after_its_hold(district):
    opened = await a_case_with_a_talk(district)
    await hold(district, opened.id)
    async with district.database.transaction() as connection:
        await erase_newcomer(connection, "n1")
        assert await erase_expired(connection, 180) == 0
        await connection.execute(sa.update(ticket).values(hold_until=today() - timedelta(days=1)))
        assert await erase_expired(connection, 180) == 1
        assert await count_open(connection) == 0
    assert await district.rows(consent) == []
    assert [look.ticket_id for look in await district.rows(access_log)] == [None]


async def test_old_lines_of_the_access_log_are_deleted(district):
    await a_case_with_a_talk(district)
    await a_case_with_a_talk(district, "n2")
    async with district.database.transaction() as connection:
        await connection.execute(sa.update(access_log).where(access_log.c.newcomer_id == "n1").values(at=now() - timedelta(days=366)))
        assert await erase_old_access(connection, 365) == 1
    assert [look.newcomer_id for look in await district.rows(access_log)] == ["n2"]
