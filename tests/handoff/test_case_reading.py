import pytest

from handoff.errors import NotPermitted, TicketUnknown
from handoff.repository import overview
from handoff.tables import access_log
from handoff.tickets import add_person_message, withdraw
from tests.handoff.desk_samples import ERKELENZ, HEINSBERG


async def read(district, who, ticket_id):
    async with district.database.transaction() as connection:
        return (await district.tickets.read(connection, district.staff[who], ticket_id))[0]


async def test_a_case_shows_card_messages_notes_delivery_and_history(district):
    opened = await district.open()
    async with district.database.transaction() as connection:
        await add_person_message(connection, district.vault, opened.id, "سؤال")
    await district.note(opened.id, "Notiz")
    reply = await district.reply(opened.id, "Antwort", who="lena")
    district.outbox.states[f"ticket_message:{reply}"] = "unreachable"
    case = await read(district, "anna", opened.id)
    assert case.card.words == "وصلتني رسالة رفض"
    assert [said.speaker for said in case.card.recent] == ["person", "bot"]
    assert [(m.author, m.is_note, m.text, m.staff_name, m.delivery) for m in case.messages] == [
        ("person", False, "سؤال", "", ""), ("staff", True, "Notiz", "Anna", ""), ("staff", False, "Antwort", "Lena", "unreachable")]
    assert [item.what for item in case.history] == ["opened", "wrote", "noted", "answered"]


async def test_every_read_stands_in_the_access_log(district):
    opened = await district.open()
    await read(district, "anna", opened.id)
    await read(district, "lena", opened.id)
    looks = await district.rows(access_log)
    assert [(look.staff_id, look.office_id, look.ticket_id, look.newcomer_id) for look in looks] == [
        (district.staff["anna"].id, ERKELENZ.id, opened.id, "n1"), (district.staff["lena"].id, ERKELENZ.id, opened.id, "n1")]


async def test_a_refused_read_is_no_read(district):
    opened = await district.open()
    with pytest.raises(TicketUnknown):
        await read(district, "kemal", opened.id)
    with pytest.raises(NotPermitted):
        await read(district, "cora", opened.id)
    assert await district.rows(access_log) == []


async def test_a_list_holds_only_the_own_offices(district):
    await district.open()
    foreign = await district.open(office=HEINSBERG.id, carrier=HEINSBERG.carrier, town="Heinsberg")
    async with district.database.reading() as connection:
        mine = await district.tickets.open_cases(connection, district.staff["kemal"])
    assert [line.id for line in mine.lines] == [foreign.id]


async def test_urgent_cases_come_first_then_those_that_wait_for_us_then_the_longest_wait(district):
    answered = await district.open()
    old = await district.open()
    new = await district.open()
    urgent = await district.open(urgent=True)
    await district.reply(answered.id, "Guten Tag")
    async with district.database.reading() as connection:
        found = await district.tickets.open_cases(connection, district.staff["anna"])
    assert [line.id for line in found.lines] == [urgent.id, old.id, new.id, answered.id]


async def test_closed_cases_are_in_a_view_of_their_own(district):
    opened, closed = await district.open(), await district.open()
    await district.close(closed.id)
    async with district.database.reading() as connection:
        anna = district.staff["anna"]
        assert [line.id for line in (await district.tickets.open_cases(connection, anna)).lines] == [opened.id]
        assert [line.id for line in (await district.tickets.closed_cases(connection, anna)).lines] == [closed.id]


async def test_a_page_beyond_the_last_is_the_last(district):
    await district.open()
    async with district.database.reading() as connection:
        found = await district.tickets.open_cases(connection, district.staff["anna"], page=99)
    assert (found.page, found.pages, len(found.lines)) == (1, 1, 1)


async def test_after_the_consent_is_withdrawn_no_content_is_shown(district):
    opened = await district.open()
    await district.reply(opened.id, "Hallo")
    async with district.database.transaction() as connection:
        await withdraw(connection, opened.id)
    case = await read(district, "anna", opened.id)
    assert case.card is None
    assert case.messages == ()


async def test_the_mark_of_a_case_changes_with_messages_and_their_delivery(district):
    opened = await district.open()

    async def mark():
        async with district.database.reading() as connection:
            return await district.tickets.case_news(connection, district.staff["anna"], opened.id)

    first = await mark()
    reply = await district.reply(opened.id, "Hallo")
    second = await mark()
    district.outbox.states[f"ticket_message:{reply}"] = "sent"
    third = await mark()
    assert len({first, second, third}) == 3
    async with district.database.transaction() as connection:
        assert (await district.tickets.read(connection, district.staff["anna"], opened.id))[1] == third


async def test_the_operators_overview_knows_nothing_of_the_person(district):
    opened = await district.open(urgent=True)
    async with district.database.reading() as connection:
        (line,) = await overview(connection)
    assert (line.number, line.office_id, line.is_urgent) == (opened.number, ERKELENZ.id, True)
    assert not {"town", "topic", "language", "newcomer_id", "card"} & set(vars(line))
