"""What Telegram does when it has trouble, and what the bot makes of it: nothing is lost, one chat never holds another."""

from __future__ import annotations

import time

import httpx
import pytest
from tgemu import TelegramWorld

from tests.acceptance.conftest import MakeInstallation, NewPerson
from tests.acceptance.support import READY, Installation, ended, free_port, got, heard, ready, says, until


def telegram(lotse: Installation) -> TelegramWorld:
    """The world of the shared Lotse."""
    assert lotse.world is not None
    return lotse.world


async def settled(person: NewPerson) -> tuple:
    """Two people who are known already."""
    ada, bert = person("en"), person("en", first_name="Bert")
    for somebody in (ada, bert):
        await somebody.start("en-wegberg-")
        await heard(somebody, "menu.title", "en")
    return ada, bert


async def test_too_many_requests_in_one_chat_hold_back_that_chat_only(person: NewPerson, lotse: Installation) -> None:
    ada, bert = await settled(person)
    telegram(lotse).fault("sendMessage", "429", retry_after=3, chat_id=ada.id)
    began = time.monotonic()
    await ada.send("/help")
    await until(lambda: telegram(lotse).calls("sendmessage", ok=False, chat_id=ada.id))
    await bert.send("/help")
    await heard(bert, "help.text", "en")
    assert time.monotonic() - began < 2.5, "the other chat does not wait"
    await heard(ada, "help.text", "en")
    assert time.monotonic() - began >= 3, "the chat waits as long as it was told"
    assert sum(says(message, "help.text", "en") for message in ada.messages()) == 1


@pytest.mark.parametrize(("fault", "more"), [
    ("500", {}), ("502", {}), ("reset", {}), ("429", {"retry_after": 1})], ids=["500", "502", "cut", "429"])
async def test_a_message_that_telegram_did_not_take_is_sent_again_and_the_order_stays(
        person: NewPerson, lotse: Installation, fault: str, more: dict) -> None:
    ada, _ = await settled(person)
    telegram(lotse).fault("sendMessage", fault, times=2, chat_id=ada.id, **more)
    for command in ("/help", "/privacy", "/menu"):
        await ada.send(command)
    messages = await got(ada, at_least=3)
    assert [next(key for key in ("help.text", "privacy.telegram", "menu.title") if says(m, key, "en")) for m in messages] == [
        "help.text", "privacy.telegram", "menu.title"]


async def test_an_answer_of_telegram_that_got_lost_costs_at_most_one_duplicate(person: NewPerson, lotse: Installation) -> None:
    ada, _ = await settled(person)
    telegram(lotse).fault("sendMessage", "reset", after=True, chat_id=ada.id)
    await ada.send("/help")
    await ada.send("/menu")
    await heard(ada, "menu.title", "en")
    assert sum(says(message, "help.text", "en") for message in ada.messages()) == 2


async def test_a_refused_message_is_recorded_and_the_chat_goes_on(person: NewPerson, lotse: Installation) -> None:
    ada, _ = await settled(person)
    telegram(lotse).fault("sendMessage", "error", status=400, description="Bad Request: can't parse entities", chat_id=ada.id)
    await ada.send("/help")
    await ada.send("/menu")
    await heard(ada, "menu.title", "en")
    assert not any(says(message, "help.text", "en") for message in ada.messages())
    rows = lotse.rows("SELECT problem FROM outbox WHERE state = 'failed'")
    assert len(rows) == 1 and "parse entities" in rows[0][0].lower()


async def test_messages_to_whoever_blocked_the_bot_are_given_up_until_they_write_again(
        person: NewPerson, lotse: Installation) -> None:
    ada, _ = await settled(person)
    telegram(lotse).fault("sendMessage", "blocked", chat_id=ada.id)
    await ada.send("/help")
    await until(lambda: lotse.number("SELECT count(*) FROM newcomer WHERE unreachable_at IS NOT NULL") == 1)
    await ada.send("/menu")
    await heard(ada, "menu.title", "en")
    assert lotse.number("SELECT count(*) FROM newcomer WHERE unreachable_at IS NOT NULL") == 0


async def test_a_press_that_cannot_be_acknowledged_is_answered_all_the_same(person: NewPerson, lotse: Installation) -> None:
    ada, _ = await settled(person)
    telegram(lotse).fault("answerCallbackQuery", "500")
    await ada.press("m|school")
    await heard(ada, "menu.area", "en")


async def test_trouble_while_receiving_loses_nothing(person: NewPerson, lotse: Installation) -> None:
    ada, _ = await settled(person)
    for fault in ("500", "502", "reset"):
        telegram(lotse).fault("getUpdates", fault)
    telegram(lotse).fault("getUpdates", "reset", after=True)
    for _ in range(5):
        await ada.send("/help")
    assert len([m for m in await got(ada, at_least=5) if says(m, "help.text", "en")]) == 5
    assert lotse.number("SELECT count(*) FROM inbox") == lotse.number("SELECT count(DISTINCT update_id) FROM inbox")


async def test_the_pace_that_telegram_asks_for_is_kept(make_installation: MakeInstallation, world: TelegramWorld) -> None:
    lotse = make_installation(world, LOTSE_TELEGRAM_MESSAGES_PER_SECOND="25", LOTSE_TELEGRAM_CHAT_BURST="2")
    world.rate_limit(overall=30, per_chat=3, retry_after=1)
    async with lotse.running():
        people = [world.user(first_name=f"P{n}") for n in range(40)]
        for somebody in people:
            await somebody.start("en-wegberg-")
        for somebody in people:
            await heard(somebody, "menu.title", "en")
        for _ in range(4):
            await people[0].send("/help")
        assert len(await people[0].replies(timeout=60, at_least=4)) >= 4
    assert world.emu.rate_refusals == 0, "nothing was sent faster than allowed"


# --- start and end ----------------------------------------------------------------------------------------------------


async def test_while_telegram_is_down_at_the_start_the_bot_says_so_and_keeps_trying(make_installation: MakeInstallation) -> None:
    port = free_port()
    lotse = make_installation(None, TELEGRAM_TOKEN="123456789:TEST-token_0123456789abcdefghijklm",
                              TELEGRAM_API_URL=f"http://127.0.0.1:{port}")
    process = lotse.process()
    try:
        await process.start(ready=None)
        await until(lambda: "Telegram cannot be reached, trying again" in process.output or not process.running)
        assert process.running, process.tail()
        async with httpx.AsyncClient(trust_env=False) as client:
            assert (await client.get(f"{lotse.base}/health")).json()["telegram"] is False, "the desk is there all the same"
        async with TelegramWorld(port) as tg:
            ada = tg.user()
            await ada.send("/help")
            assert await ada.replies(timeout=60)
    finally:
        await process.stop()


@pytest.mark.parametrize(("token", "sentence"), [
    ("123456789:another-token_0123456789abcdefghijklm", "Telegram does not know this token"),
    ("not a token", "TELEGRAM_TOKEN")], ids=["unknown", "no token"])
async def test_a_wrong_token_ends_the_bot_with_a_sentence(
        make_installation: MakeInstallation, world: TelegramWorld, token: str, sentence: str) -> None:
    lotse = make_installation(world, TELEGRAM_TOKEN=token)
    process = lotse.process()
    await process.start(ready=None)
    assert await ended(process) == 1, process.tail()
    assert sentence in process.output and "@BotFather" in process.output and "Traceback" not in process.output, process.tail()
    assert token not in process.output or token == "not a token"
    for call in world.emu.calls:
        call.fault = call.fault or "meant to be refused"


async def test_a_token_that_is_withdrawn_while_running_ends_the_bot_with_a_sentence(
        make_installation: MakeInstallation, world: TelegramWorld) -> None:
    lotse = make_installation(world)
    process = lotse.process()
    await process.start(ready=None)
    await ready(process)
    await until(lambda: world.emu.polls)
    world.fault("*", "error", status=401, description="Unauthorized", times=-1)
    await world.user().send("/help")
    assert await ended(process) == 1, process.tail()
    assert "@BotFather" in process.output and "Traceback" not in process.output


async def test_another_process_that_polls_is_waited_for(make_installation: MakeInstallation, world: TelegramWorld) -> None:
    lotse = make_installation(world)
    world.fault("getUpdates", "error", status=409, description="Conflict: terminated by other getUpdates request")
    async with lotse.running() as process:
        await until(lambda: "another process receives for this bot" in process.output)
        ada = world.user()
        await ada.send("/help")
        assert await ada.replies(timeout=60)


async def test_webhook_deliveries_need_the_secret_and_a_whole_update(
        make_installation: MakeInstallation, world: TelegramWorld) -> None:
    lotse = make_installation(world, LOTSE_WEBHOOK_SECRET="the-right-secret")
    lotse.extra["LOTSE_WEBHOOK_URL"] = f"{lotse.base}/telegram"
    async with lotse.running(), httpx.AsyncClient(base_url=lotse.base, trust_env=False) as client:
        await until(lambda: world.emu.webhook)
        assert world.emu.webhook["secret_token"] == "the-right-secret" and world.emu.webhook["url"].endswith("/telegram")
        ada = world.user()
        ada.chat.known = True
        body = {"update_id": 1, "message": ada._message({"text": "/menu"})}
        header = "x-telegram-bot-api-secret-token"
        for headers in ({}, {header: ""}, {header: "wrong"}, {header: "the-right-secre"}, {header: "the-right-secret2"},
                        {header: b"\xfc"}):
            response = await client.post("/telegram", json=body, headers=headers)
            assert response.status_code == 403, headers
        right = {header: "the-right-secret"}
        for content in (b"", b"{", b"[]", b"5", b"null", b'"x"', b"\xff\xfe", b"[" * 100_000):
            assert (await client.post("/telegram", content=content, headers=right)).status_code == 400, content[:20]
        assert (await client.post("/telegram", content=b" " * 1_100_000, headers=right)).status_code == 413
        assert (await client.get("/telegram", headers=right)).status_code == 405
        assert lotse.number("SELECT count(*) FROM inbox") == 0
        for _ in range(3):
            assert (await client.post("/telegram", json=body, headers=right)).status_code == 200
        assert lotse.number("SELECT count(*) FROM inbox") == 1, "the same update again is known"
        await ada.send("/help")
        await heard(ada, "help.text", "en")


async def test_switching_from_webhook_to_polling_loses_nothing(make_installation: MakeInstallation, world: TelegramWorld) -> None:
    lotse = make_installation(world)
    ada = world.user()
    webhook = {"LOTSE_WEBHOOK_SECRET": "secret", "LOTSE_WEBHOOK_URL": f"{lotse.base}/telegram"}
    async with lotse.running(env=webhook):
        await until(lambda: world.emu.webhook)
        await ada.send("/help")
        assert await ada.replies(timeout=60)
    await ada.send("/menu")
    ada.skip()
    async with lotse.running() as process:
        assert await ada.replies(timeout=60), process.tail()
        assert world.emu.webhook is None and READY in process.output
