import asyncio
from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from core.clock import now, today
from handoff.casework import clean
from handoff.errors import (
    NothingWritten,
    NotPermitted,
    SomethingNew,
    TicketAlreadyClosed,
    TicketUnknown,
    TooLong,
    Unusable,
)
from handoff.tables import ticket, ticket_event, ticket_message
from handoff.tickets import add_person_message
from tests.handoff.desk_samples import ERKELENZ


async def test_a_reply_is_stored_and_goes_to_the_person_in_the_name_of_the_office(district):
    opened = await district.open()
    message = await district.reply(opened.id, "  Guten Tag\r\nKommen Sie morgen.  ")
    assert district.outbox.sent == [("n1", "Guten Tag\nKommen Sie morgen.", ERKELENZ.name, f"ticket_message:{message}")]
    (row,) = await district.rows(ticket)
    assert row.state == "waiting_person"


async def test_an_internal_note_never_meets_the_messenger(district):
    opened = await district.open()
    await district.note(opened.id, "Nur für uns")
    assert district.outbox.sent == []
    (message,) = await district.rows(ticket_message)
    assert message.audience == "none"


async def test_the_database_refuses_a_note_that_staff_did_not_write(district):
    opened = await district.open()
    with pytest.raises(IntegrityError):
        async with district.database.transaction() as connection:
            await connection.execute(sa.insert(ticket_message).values(
                ticket_id=opened.id, author="person", audience="none", text=b"x", at=now()))


async def test_one_form_sent_twice_is_one_reply_even_at_the_same_moment(district):
    opened = await district.open()
    form = "f" * 32
    ids = await asyncio.gather(*(district.reply(opened.id, "Guten Tag", seen=0, form=form) for _ in range(4)))
    assert len(set(ids)) == 1
    assert len(district.outbox.sent) == 1


async def test_a_reply_waits_when_the_person_wrote_in_the_meantime(district):
    opened = await district.open()
    first = await district.reply(opened.id, "Guten Tag")
    async with district.database.transaction() as connection:
        await add_person_message(connection, district.vault, opened.id, "Ich habe eine Frage")
    with pytest.raises(SomethingNew):
        await district.reply(opened.id, "Auf Wiedersehen", seen=first)
    assert len(district.outbox.sent) == 1


async def test_of_two_colleagues_who_answer_at_once_one_is_asked_again(district):
    opened = await district.open()
    results = await asyncio.gather(district.reply(opened.id, "Von Anna", seen=0), district.reply(opened.id, "Von Lena", seen=0, who="lena"),
                                   return_exceptions=True)
    assert sorted(type(result).__name__ for result in results) == ["SomethingNew", "int"]


async def test_closing_needs_an_outcome_and_tells_the_person_who_speaks_now(district):
    opened = await district.open()
    with pytest.raises(Unusable):
        await district.close(opened.id, "whatever")
    await district.close(opened.id, "referred")
    (row,) = await district.rows(ticket)
    assert (row.state, row.outcome) == ("closed", "referred")
    assert row.closed_at is not None
    assert district.outbox.handed_back == [("n1", opened.number)]


async def test_nothing_happens_in_a_closed_case(district):
    opened = await district.open()
    await district.close(opened.id)
    for attempt in (district.reply(opened.id, "x"), district.note(opened.id, "x"), district.close(opened.id)):
        with pytest.raises(TicketAlreadyClosed):
            await attempt


async def test_a_foreign_case_does_not_exist_and_other_roles_may_not(district):
    opened = await district.open()
    with pytest.raises(TicketUnknown):
        await district.reply(opened.id, "x", who="kemal")
    for login in ("edda", "cora", "aurel", "otto"):
        with pytest.raises(NotPermitted):
            await district.reply(opened.id, "x", who=login)


async def test_every_step_stands_in_the_history_with_who_did_it(district):
    opened = await district.open()
    await district.note(opened.id, "n")
    await district.reply(opened.id, "r", who="lena")
    await district.close(opened.id)
    events = [(event.what, event.staff_id) for event in await district.rows(ticket_event)]
    anna, lena = district.staff["anna"].id, district.staff["lena"].id
    assert events == [("opened", None), ("noted", anna), ("answered", lena), ("closed", anna)]


async def test_only_a_lead_sets_a_hold_with_reason_and_future_end(district):
    opened = await district.open()
    until = today() + timedelta(days=30)

    async def hold(who, reason, day):
        async with district.database.transaction() as connection:
            await district.work.hold(connection, district.staff[who], opened.id, reason, day)

    with pytest.raises(NotPermitted):
        await hold("anna", "Klage", until)
    for reason, day in (("", until), ("x" * 201, until), ("Klage", today())):
        with pytest.raises(Unusable):
            await hold("lena", reason, day)
    await hold("lena", " Klage  anhängig ", until)
    (row,) = await district.rows(ticket)
    assert (row.hold_reason, row.hold_until) == ("Klage anhängig", until)


@pytest.mark.parametrize("text", ["", "   \r\n\t ", "\u200b\u200f\ufeff", "\x00\x07", "\u3164", "\u2066\u2069"])
def test_a_text_that_shows_nothing_is_no_text(text):
    with pytest.raises(NothingWritten):
        clean(text)


def test_4096_characters_are_sent_and_one_more_is_not():
    assert len(clean("ä" * 4096)) == 4096
    with pytest.raises(TooLong):
        clean("ä" * 4097)


def test_line_ends_of_browsers_count_once():
    assert clean("a\r\nb\rc") == "a\nb\nc"


def test_joiners_inside_persian_and_emoji_stay():
    assert clean("می\u200cخواهم 👨\u200d👩\u200d👧") == "می\u200cخواهم 👨\u200d👩\u200d👧"
