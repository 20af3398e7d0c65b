import asyncio
import hashlib

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from core.clock import now, today
from handoff.errors import ConsentDoesNotFit, OfficeCannotTakeCases, TicketAlreadyClosed, TicketUnknown
from handoff.offices import deactivate_office
from handoff.tables import consent, consent_wording, notification, ticket, ticket_event, ticket_message
from handoff.tickets import (
    add_person_message,
    mark_reachable,
    mark_unreachable,
    open_ticket,
    open_tickets_of,
    withdraw,
)
from tests.handoff.desk_samples import ERKELENZ, HEINSBERG


async def say(district, ticket_id, text):
    async with district.database.transaction() as connection:
        return await add_person_message(connection, district.vault, ticket_id, text)


async def test_opening_a_case_records_consent_number_history_and_notification(district):
    opened = await district.open(reasons=("complex_topic", "deadline_14_days"), urgent=True)
    assert opened.number == f"HS-{today().year}-0001"
    (given,) = await district.rows(consent)
    assert (given.newcomer_id, given.office_id, given.carrier, given.language) == ("n1", ERKELENZ.id, "Diakonie", "ar")
    assert given.wording_hash == hashlib.sha256("أوافق".encode()).hexdigest()
    assert [row.text for row in await district.rows(consent_wording)] == ["أوافق"]
    (row,) = await district.rows(ticket)
    assert (row.consent_id, row.urgency, row.reasons) == (given.id, "urgent", ["complex_topic", "deadline_14_days"])
    assert [event.what for event in await district.rows(ticket_event)] == ["opened"]
    assert [(mail.office_id, mail.what, mail.state) for mail in await district.rows(notification)] == [
        (ERKELENZ.id, "case", "waiting")]


async def test_the_card_lies_encrypted_in_the_database(district):
    await district.open()
    (row,) = await district.rows(ticket)
    assert "وصلتني".encode() not in row.card
    assert district.vault.open_data_key(row.data_key).unseal(row.card)["words"] == "وصلتني رسالة رفض"


async def test_the_database_refuses_a_ticket_without_consent(district):
    with pytest.raises(IntegrityError):
        async with district.database.transaction() as connection:
            await connection.execute(sa.insert(ticket).values(
                id="t", number="HS-2026-9999", newcomer_id="n", consent_id="no such consent", office_id=ERKELENZ.id,
                region="heinsberg", town="Erkelenz", language="de", urgency="normal", reasons=[], data_key=b"x",
                card=b"x", state="new", opened_at=now(), changed_at=now()))


async def test_numbers_have_no_gap_and_no_double_when_many_open_at_once(district):
    async def one(number):
        async with district.database.transaction() as connection:
            opened = await open_ticket(connection, district.vault, district.new(f"n{number}"))
            if number % 3 == 0:
                raise RuntimeError("something later in the transaction fails")
            return opened.number

    results = await asyncio.gather(*(one(number) for number in range(30)), return_exceptions=True)
    numbers = sorted(result for result in results if isinstance(result, str))
    assert numbers == [f"HS-{today().year}-{number:04d}" for number in range(1, 21)]


async def test_each_region_prefix_counts_for_itself(district):
    first = await district.open()
    other = await district.open(prefix="GL")
    assert (first.number[:2], other.number) == ("HS", f"GL-{today().year}-0001")


async def test_an_office_without_staff_takes_no_case(district):
    async with district.database.transaction() as connection:
        await deactivate_office(connection, ERKELENZ.id)
    with pytest.raises(OfficeCannotTakeCases):
        await district.open()
    assert await district.rows(consent) == []


async def test_a_consent_for_another_carrier_opens_nothing(district):
    with pytest.raises(ConsentDoesNotFit):
        await district.open(office=HEINSBERG.id, carrier="Diakonie")


async def test_what_the_person_writes_reaches_the_case_and_the_office_hears_of_it_once(district):
    opened = await district.open()
    await say(district, opened.id, "eins")
    await district.reply(opened.id, "Guten Tag")
    await say(district, opened.id, "zwei")
    await say(district, opened.id, "drei")
    messages = await district.rows(ticket_message)
    assert [(message.author, message.audience) for message in messages] == [
        ("person", "staff"), ("staff", "person"), ("person", "staff"), ("person", "staff")]
    assert b"zwei" not in messages[2].text
    assert [(mail.what, mail.state) for mail in await district.rows(notification)] == [
        ("case", "dropped"), ("message", "waiting")]
    (row,) = await district.rows(ticket)
    assert row.state == "waiting_staff"


async def test_a_new_case_stays_new_until_somebody_answers(district):
    opened = await district.open()
    await say(district, opened.id, "Hallo?")
    (row,) = await district.rows(ticket)
    assert row.state == "new"


async def test_nothing_is_added_to_a_closed_or_unknown_case(district):
    opened = await district.open()
    await district.close(opened.id)
    with pytest.raises(TicketAlreadyClosed):
        await say(district, opened.id, "noch etwas")
    with pytest.raises(TicketUnknown):
        await say(district, "nothing", "noch etwas")


async def test_open_cases_of_a_person_come_newest_first_and_without_the_closed_ones(district):
    first, second, third = await district.open(), await district.open(), await district.open()
    await district.open("somebody else")
    await district.close(second.id)
    async with district.database.reading() as connection:
        cases = await open_tickets_of(connection, "n1")
    assert [case.id for case in cases] == [third.id, first.id]
    assert cases[0].office == ERKELENZ.name


async def test_withdrawing_the_consent_closes_the_case(district):
    opened = await district.open()
    async with district.database.transaction() as connection:
        await withdraw(connection, opened.id)
    (row,), (given,) = await district.rows(ticket), await district.rows(consent)
    assert (row.state, row.outcome) == ("closed", "withdrawn")
    assert given.withdrawn_at is not None
    with pytest.raises(TicketAlreadyClosed):
        await district.reply(opened.id, "Hallo")


async def test_an_unreachable_person_shows_in_the_open_cases_once(district):
    opened = await district.open()
    closed = await district.open()
    await district.close(closed.id)
    async with district.database.transaction() as connection:
        await mark_unreachable(connection, "n1")
        await mark_unreachable(connection, "n1")
    states = {row.id: row.undeliverable for row in await district.rows(ticket)}
    assert states == {opened.id: True, closed.id: False}
    async with district.database.transaction() as connection:
        await mark_reachable(connection, "n1")
    assert not any(row.undeliverable for row in await district.rows(ticket))
    events = [event.what for event in await district.rows(ticket_event) if event.ticket_id == opened.id]
    assert events == ["opened", "unreachable", "reachable"]
