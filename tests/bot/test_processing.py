"""From the inbox to the outbox in one transaction: real database, real conversation, an engine told what to say."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import time_machine

from bot import counters
from bot import people as people_module
from bot.asking import Asker
from bot.cases import HandoffCases, OutboxMessenger, StoredRecords
from bot.channels import web
from bot.conversation.model import Count, Event, Person, Reply
from bot.delivery.inbox import Inbox
from bot.delivery.lanes import LocalLanes
from bot.delivery.model import Received
from bot.delivery.outbox import Outbox
from bot.delivery.worker import Worker
from bot.erasure import Erasures, scrub
from bot.jobs import apply_retention
from bot.people import Known, People
from bot.processing import Processing, understand
from bot.tables import counter, inbox, newcomer, outbox, utterance
from core.clock import now
from core.crypto import Vault
from core.database import Database
from core.staff import add_staff
from handoff import offices, tickets
from handoff.tables import ticket
from tests.conftest import MakeSettings
from tests.factories import environment, office, understood
from tests.fakes import FakeEngine

ADDRESS = "an-address-of-the-chat-page"


class Bot:
    """Everything between inbox and outbox."""

    def __init__(self, database: Database, vault: Vault) -> None:
        self.database, self.vault = database, vault
        self.inbox, self.outbox, self.people = Inbox(vault.transit), Outbox(vault.transit), People(vault)
        self.engine, self.env = FakeEngine(), environment()
        self.erased: list[str] = []
        self.number = 0
        self.processing = Processing(
            database, self.inbox, self.outbox, self.people, engine=lambda: self.engine, environment=lambda _: self.env,
            translators={"web": self._translate}, cases=lambda connection, known: HandoffCases(connection, vault, known),
            records=lambda connection, known: StoredRecords(connection, vault, self.people, known),
            on_blocked=tickets.mark_unreachable, on_returned=tickets.mark_reachable,
            on_erased=lambda known: self.erased.append(known.lane))
        self.worker = Worker(database, self.inbox, LocalLanes(), self.processing, lambda: None)

    def _translate(self, payload: dict[str, Any]) -> Any:
        if "kind" in payload:
            from bot.channels.model import Arrival
            return Arrival(payload["address"], Event(payload["kind"]))
        return web.to_arrival(payload)

    def lane(self, address: str = ADDRESS) -> str:
        return self.vault.pseudonym("chat/web", address)

    async def gets(self, address: str = ADDRESS, **payload: Any) -> list[Reply]:
        """One update, processed; what was put into the outbox for it."""
        self.number += 1
        before = max((row.id for row in await self.rows(outbox)), default=0)
        async with self.database.transaction() as connection:
            await self.inbox.store(connection, [Received("web", str(self.number), self.lane(address),
                                                         {"address": address, "language": "de", **payload})])
        for _ in range(4):
            await self.worker.drain()
            async with self.database.transaction() as connection:
                await connection.execute(sa.update(inbox).values(not_before=None))
        return [self.outbox.open(row)[1] for row in await self.rows(outbox) if row.id > before and row.payload]

    async def presses(self, data: str) -> list[Reply]:
        self.number += 1
        return await self.gets(data=data, message=str(self.number))

    async def rows(self, table: sa.Table) -> list[Any]:
        async with self.database.reading() as connection:
            order = table.c.id if "id" in table.c else table.c.what
            return list((await connection.execute(sa.select(table).order_by(order))).all())

    async def known(self) -> Known | None:
        async with self.database.reading() as connection:
            return await self.people.find(connection, "web", self.lane())

    async def counted(self) -> dict[str, int]:
        totals: dict[str, int] = {}
        for row in await self.rows(counter):
            totals[row.what] = totals.get(row.what, 0) + row.number
        return totals

    async def staff_the_office(self) -> None:
        async with self.database.transaction() as connection:
            await offices.sync_offices(connection, [office()])
            await offices.activate_office(connection, "nord", "kim@example.org")
            await add_staff(connection, "lotsin", "Lotsin", "case_manager", ["nord"], None)

    async def open_a_case(self) -> Any:
        await self.staff_the_office()
        await self.gets(text="Wir wohnen in Neudorf. Schule?")
        await self.presses("p")
        for step in ("consent|yes", "language|ar", "interpreter|yes", "contact|chat", "words|-", "send|-"):
            known = await self.known()
            assert known is not None and known.person.intake is not None
            await self.presses(f"i|{known.person.intake.nonce}|{step}")
        return (await self.rows(ticket))[0]


@pytest.fixture
def bot(database: Database, vault: Vault) -> Bot:
    return Bot(database, vault)


async def test_a_message_becomes_a_person_a_reply_words_and_counts(bot: Bot) -> None:
    replies = await bot.gets(text="Wo ist die Schule?")
    assert "Titel tun" in replies[0].markdown
    known = await bot.known()
    assert known is not None and known.address == ADDRESS and known.person.last_topic == "school.registration"
    assert await bot.counted() == {"question": 1, "answered": 1}
    async with bot.database.reading() as connection:
        words = await bot.people.utterances(connection, known)
    assert [(item["speaker"], item["topic"]) for item in words] == [("person", "school.registration")] + [
        ("bot", "school.registration")] * len(replies)


async def test_the_engine_is_asked_with_what_the_chat_is_about(bot: Bot) -> None:
    await bot.gets(text="Wo ist die Schule?")
    await bot.gets(text="und wie viel?")
    assert bot.engine.asked == [("Wo ist die Schule?", "de", None), ("und wie viel?", "de", "school.registration")]


async def test_raw_bytes_hold_no_plain_text_of_a_person(bot: Bot) -> None:
    await bot.gets(text="Geheimnis aus Wegberg")
    for table in (newcomer, utterance, inbox, outbox):
        for row in await bot.rows(table):
            for value in row:
                raw = value if isinstance(value, bytes) else str(value).encode()
                assert not any(word in raw for word in (b"Geheimnis", b"Wegberg", ADDRESS.encode(), b"Titel")), table.name


async def test_a_failure_in_the_middle_leaves_nothing_of_the_message_but_an_apology(
        bot: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    await bot.gets(text="Wo ist die Schule?")
    before = (await bot.rows(utterance), await bot.rows(newcomer), await bot.counted())

    async def broken(*_: Any) -> None:
        raise ValueError("late")

    monkeypatch.setattr(counters, "add", broken)
    replies = await bot.gets(text="Und die Kita?")
    assert [reply.markdown for reply in replies] == [bot.env.texts("error.sorry", "de")]
    assert (await bot.rows(utterance), await bot.rows(newcomer), await bot.counted()) == before
    monkeypatch.undo()
    assert "Titel tun" in (await bot.gets(text="Geht es wieder?"))[0].markdown


async def test_somebody_new_whose_first_message_fails_gets_an_apology_too(bot: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(*_: Any) -> None:
        raise ValueError

    monkeypatch.setattr(counters, "add", broken)
    replies = await bot.gets(text="x y", language="ar")
    assert [reply.markdown for reply in replies] == [bot.env.texts("error.sorry", "ar")] and replies[0].rtl
    assert await bot.known() is None


async def test_a_malformed_update_is_parked_and_the_next_one_answered(bot: Bot) -> None:
    assert await bot.gets(text=["no", "text"]) == []
    assert "Titel tun" in (await bot.gets(text="Schule?"))[0].markdown
    assert [row.state for row in await bot.rows(inbox)] == ["dead", "done"]


async def test_words_about_danger_are_nowhere_in_the_database(bot: Bot) -> None:
    bot.engine.known["er schlägt mich"] = understood(safety="safety.violence")
    replies = await bot.gets(text="er schlägt mich")
    assert replies[0].markdown.startswith("110")
    assert await bot.rows(utterance) == [] and (await bot.counted())["safety"] == 1
    assert all(row.payload is None for row in await bot.rows(inbox))


async def test_mydata_holds_the_conversation_word_by_word(bot: Bot) -> None:
    await bot.gets(text="Wo ist die Schule?")
    attachment = (await bot.gets(text="/mydata"))[-1].attachment
    assert attachment is not None
    data = json.loads(attachment.content)
    assert data["messages"][0]["text"] == "Wo ist die Schule?" and data["profile"]["chat"] == ADDRESS


async def test_delete_leaves_no_row_about_the_person_and_calls_the_hook_after_the_commit(bot: Bot) -> None:
    await bot.gets(text="Wo ist die Schule?")
    await bot.gets(text="/delete")
    known = await bot.known()
    assert known is not None
    replies = await bot.presses(f"d|{known.person.confirming_delete}")
    assert [reply.markdown for reply in replies] == [bot.env.texts("delete.done", "de")]
    assert await bot.rows(newcomer) == [] and await bot.rows(utterance) == [] and bot.erased == [bot.lane()]
    assert len(await bot.rows(outbox)) == 1, "only the confirmation waits"
    assert len(await bot.rows(inbox)) == 3, "seen update ids stay"


async def test_delete_pressed_twice_leaves_no_row_either(bot: Bot) -> None:
    await bot.gets(text="/delete")
    known = await bot.known()
    assert known is not None
    for _ in range(2):
        replies = await bot.presses(f"d|{known.person.confirming_delete}")
    assert bot.env.texts("delete.done", "de") in [reply.markdown for reply in replies]
    assert await bot.rows(newcomer) == []


async def test_who_writes_after_deleting_is_somebody_new(bot: Bot) -> None:
    await bot.gets(text="Schule?")
    first = await bot.known()
    await bot.gets(text="/delete")
    known = await bot.known()
    assert first is not None and known is not None
    await bot.presses(f"d|{known.person.confirming_delete}")
    await bot.gets(text="Kita?")
    again = await bot.known()
    assert again is not None and again.id != first.id and again.person.town == ""


async def test_a_case_goes_through_with_consent_card_and_the_last_words(bot: Bot) -> None:
    row = await bot.open_a_case()
    assert (row.office_id, row.town, row.language, row.state, row.topic) == ("nord", "Neudorf", "ar", "new", "school.registration")
    card = bot.vault.open_data_key(row.data_key).unseal(row.card)
    assert card["interpreter"] is True and ["person", "Wir wohnen in Neudorf. Schule?"] in [list(pair) for pair in card["recent"]]
    assert (await bot.counted())["case_opened"] == 1


async def test_words_in_an_open_case_go_to_the_office_only(bot: Bot) -> None:
    await bot.open_a_case()
    before = len(await bot.rows(utterance))
    assert await bot.gets(text="Noch etwas") == []
    async with bot.database.reading() as connection:
        known = await bot.known()
        assert known is not None
        data = await StoredRecords(connection, bot.vault, bot.people, known).export(known.person)
    assert data["cases"][0]["messages"][-1]["text"] == "Noch etwas" and len(await bot.rows(utterance)) == before


async def test_a_reply_of_the_office_reaches_the_chat_in_its_language(bot: Bot) -> None:
    row = await bot.open_a_case()
    messenger = OutboxMessenger(bot.people, bot.outbox, lambda _: bot.env)
    before = len(await bot.rows(outbox))
    async with bot.database.transaction() as connection:
        await messenger.send(connection, row.newcomer_id, "Kommen Sie *morgen*", office="KIM Nord", reference="r:1")
        await messenger.send(connection, "somebody-deleted", "x", office="KIM Nord", reference="r:2")
    added = (await bot.rows(outbox))[before:]
    assert [item.reference for item in added] == ["r:1"]
    address, reply = bot.outbox.open(added[0])
    assert address == ADDRESS and "KIM Nord" in reply.markdown


async def test_deleting_takes_the_case_along(bot: Bot) -> None:
    await bot.open_a_case()
    await bot.gets(text="/delete")
    known = await bot.known()
    assert known is not None
    await bot.presses(f"d|{known.person.confirming_delete}")
    assert await bot.rows(ticket) == [] and await bot.rows(newcomer) == []


async def test_who_blocks_the_bot_gets_nothing_more_and_the_office_sees_it(bot: Bot) -> None:
    await bot.open_a_case()
    await bot.gets(kind="blocked")
    assert {row.state for row in await bot.rows(outbox)} == {"unreachable"}
    assert (await bot.rows(ticket))[0].undeliverable is True and (await bot.rows(newcomer))[0].unreachable_at is not None
    await bot.gets(kind="unblocked")
    assert (await bot.rows(ticket))[0].undeliverable is False and (await bot.rows(newcomer))[0].unreachable_at is None


async def test_a_stranger_who_blocks_leaves_nothing_behind(bot: Bot) -> None:
    await bot.gets(kind="blocked")
    assert await bot.rows(newcomer) == []


async def test_two_people_do_not_see_each_other(bot: Bot) -> None:
    await bot.gets(text="Wo ist die Schule?")
    await bot.gets("another-address-of-the-page", text="/mydata")
    assert len(await bot.rows(newcomer)) == 2
    attachment = bot.outbox.open((await bot.rows(outbox))[-1])[1].attachment
    assert attachment is not None and "Schule" not in attachment.content


# --- retention --------------------------------------------------------------------------------------------------------


async def test_dialogues_go_after_their_time_with_the_people_but_not_before(bot: Bot, make_settings: MakeSettings) -> None:
    settings = make_settings()
    await bot.gets(text="Schule?")
    with time_machine.travel(now() + timedelta(days=30) - timedelta(minutes=1), tick=True):
        assert (await apply_retention(bot.database, bot.people, bot.inbox, bot.outbox, settings))["dialogue"] == 0
    with time_machine.travel(now() + timedelta(days=30, minutes=1), tick=True):
        assert (await apply_retention(bot.database, bot.people, bot.inbox, bot.outbox, settings))["dialogue"] == 1
    assert await bot.rows(newcomer) == [] and await bot.rows(utterance) == []
    assert (await bot.counted())["question"] == 1, "anonymous counts stay"


async def test_people_with_a_case_stay_until_the_case_goes_but_their_dialogue_does_not(
        bot: Bot, make_settings: MakeSettings) -> None:
    settings = make_settings(retention_cases_days=60)
    row = await bot.open_a_case()
    with time_machine.travel(now() + timedelta(days=31), tick=True):
        await apply_retention(bot.database, bot.people, bot.inbox, bot.outbox, settings)
        assert await bot.rows(utterance) == [] and len(await bot.rows(newcomer)) == 1
        async with bot.database.transaction() as connection:
            await tickets.withdraw(connection, row.id)
    with time_machine.travel(now() + timedelta(days=31 + 61), tick=True):
        assert (await apply_retention(bot.database, bot.people, bot.inbox, bot.outbox, settings))["cases"] == 1
        await apply_retention(bot.database, bot.people, bot.inbox, bot.outbox, settings)
    assert await bot.rows(ticket) == [] and await bot.rows(newcomer) == []


# --- people -----------------------------------------------------------------------------------------------------------


async def test_each_person_has_a_key_of_their_own(bot: Bot) -> None:
    async with bot.database.transaction() as connection:
        first = await bot.people.create(connection, "web", "a", "1")
        second = await bot.people.create(connection, "web", "b", "2")
    sealed = first.key.encrypt(b"x")
    with pytest.raises(Exception, match="does not open"):
        second.key.decrypt(sealed)


async def test_the_last_words_come_oldest_first_and_forms_can_be_left_out(bot: Bot) -> None:
    async with bot.database.transaction() as connection:
        known = await bot.people.create(connection, "web", "a", "1")
        for number in range(5):
            topic = people_module.FORM if number == 3 else None
            await bot.people.add_utterances(connection, known, topic, now(), [("person", str(number))])
    async with bot.database.reading() as connection:
        assert [item["text"] for item in await bot.people.utterances(connection, known, last=3)] == ["2", "3", "4"]
        said = await bot.people.utterances(connection, known, last=3, forms=False)
    assert [item["text"] for item in said] == ["1", "2", "4"]


async def test_counters_add_up_and_count_a_thing_once_a_message(bot: Bot) -> None:
    for _ in range(3):
        async with bot.database.transaction() as connection:
            await counters.add(connection, [Count("answered", "a"), Count("answered", "a"), Count("answered", "b")], "de", "")
    async with bot.database.reading() as connection:
        assert await counters.total(connection, "answered") == 6
        assert await counters.total(connection, "never") == 0


async def test_counters_of_several_writers_at_once_are_all_kept(bot: Bot) -> None:
    async def write(number: int) -> None:
        async with bot.database.transaction() as connection:
            await counters.add(connection, [Count("x", str(n)) for n in range(number % 3, 3)], "de", "Neudorf")

    await asyncio.gather(*[write(number) for number in range(12)])
    assert sum((await bot.counted()).values()) == 4 * (3 + 2 + 1)


# --- after a deletion -------------------------------------------------------------------------------------------------


def test_deleted_pseudonyms_are_noted_once_a_line_in_a_private_file(tmp_path: Path) -> None:
    erasures = Erasures(tmp_path / "list.txt")
    assert erasures.all() == set()
    erasures.note("telegram", "a" * 32)
    erasures.note("web", "b" * 32)
    assert Erasures(tmp_path / "list.txt").all() == {("telegram", "a" * 32), ("web", "b" * 32)}
    assert (tmp_path / "list.txt").stat().st_mode & 0o777 == 0o600
    with (tmp_path / "list.txt").open("a") as file:
        file.write("half a li")
    assert len(erasures.all()) >= 2


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
async def test_after_scrubbing_no_file_of_sqlite_holds_the_deleted_bytes(bot: Bot, tmp_path: Path) -> None:
    lane = bot.lane()
    await bot.gets(text="Schule?")
    sealed = (await bot.rows(newcomer))[0].state
    await bot.gets(text="/delete")
    known = await bot.known()
    assert known is not None
    await bot.presses(f"d|{known.person.confirming_delete}")
    await scrub(bot.database)
    for file in tmp_path.glob("lotse.db*"):
        assert sealed not in file.read_bytes()
    assert lane


async def test_scrubbing_does_nothing_on_postgres(bot: Bot) -> None:
    await scrub(bot.database)


# --- asking without a channel -----------------------------------------------------------------------------------------


async def test_asking_gives_the_contract_in_its_order() -> None:
    result = await Asker(FakeEngine(), environment()).ask("Schule?", town="Neudorf", language="de")
    assert list(result) == ["language", "topic", "confidence", "action", "alternatives", "aspect", "aspects", "reply",
                            "services", "sources", "reasons"]
    assert result["topic"] == "school.registration" and result["action"] == "answer" and result["aspects"] == ["do", "papers", "cost"]
    assert result["services"] == ["tl.integrationszentrum"] and "https://www.example.org/schule" in result["sources"]
    json.dumps(result)


@pytest.mark.parametrize(("found", "action"), [
    (understood(), "answer"), (understood("residence.rejection"), "handoff"), (understood("chat.human"), "handoff"),
    (understood("chat.thanks"), "chat"), (understood("out_of_scope"), "chat"), (understood(safety="safety.violence"), "safety"),
    (understood("safety.violence"), "safety"), (understood("housing.search"), "unsure"),
    (understood(is_unsure=True), "clarify"), (understood("out_of_scope", is_unsure=True), "unsure"),
    (understood(language="other"), "unsure")])
async def test_every_action_is_reported_with_a_reply(found: Any, action: str) -> None:
    result = await Asker(FakeEngine({"frage": found}), environment()).ask("frage")
    assert result["action"] == action and result["reply"].strip()


async def test_clarify_names_the_proposals_as_alternatives() -> None:
    found = understood(is_unsure=True, others=(("school.documents", 0.3),))
    result = await Asker(FakeEngine({"frage": found}), environment()).ask("frage")
    assert [item["topic"] for item in result["alternatives"]] == ["school.registration", "school.documents"]


async def test_lines_of_one_chat_are_one_conversation_and_others_stand_alone() -> None:
    engine = FakeEngine()
    asker = Asker(engine, environment())
    await asker.ask("eins", chat="a")
    await asker.ask("zwei", chat="a")
    await asker.ask("drei")
    await asker.ask("vier", chat="b")
    assert [last for _, _, last in engine.asked] == [None, "school.registration", None, None]


@pytest.mark.parametrize("text", ["", " ", "🙂", "x" * 10_000, "\x00", "\ud800"])
async def test_asking_odd_things_still_gets_a_reply(text: str) -> None:
    assert (await Asker(FakeEngine(), environment()).ask(text))["reply"]


@pytest.mark.parametrize("town", ["Neudorf", "neudorf", "Köln", "nirgendwo", ""])
async def test_any_town_may_be_given_as_a_hint(town: str) -> None:
    assert (await Asker(FakeEngine(), environment()).ask("Schule?", town=town))["reply"]


def test_words_are_needed_to_understand_anything() -> None:
    engine = FakeEngine()
    env = environment()
    for event in (Event("text", text="🙂"), Event("button", data="m"), Event("command", name="start", text="x")):
        assert understand(engine, env, event, None) is None
    assert understand(engine, env, Event("edited", text="7"), Person()) is not None
    assert engine.asked == [("7", None, None)]
