"""The chat page over HTTP: a chat of one's own, JSON only, nothing of others."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from starlette.applications import Starlette
from starlette.requests import Request

from bot.channels.web import BOT, COOKIE, ChatPage, WebPlatform, forget_old, to_arrival
from bot.conversation.model import Attachment, Button, Reply
from bot.delivery.inbox import Inbox
from bot.tables import inbox, web_message
from core.crypto import Vault
from core.database import Database


class Page:
    def __init__(self, database: Database, vault: Vault, *, secure: bool = False) -> None:
        self.database, self.vault = database, vault
        self.inbox = Inbox(vault.transit)
        self.platform = WebPlatform(database, vault)
        self.woken = 0
        self.page = ChatPage(database, self.inbox, vault, self._wake, secure=secure, operator="Kreis <Test>")
        self.app = Starlette(routes=self.page.routes())

    def _wake(self) -> None:
        self.woken += 1

    def client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(transport=httpx.ASGITransport(app=self.app), base_url="http://test")

    def lane(self, client: httpx.AsyncClient) -> str:
        return self.vault.pseudonym(f"chat/{BOT}", client.cookies[COOKIE])

    async def stored(self) -> list[dict[str, Any]]:
        async with self.database.reading() as connection:
            rows = (await connection.execute(sa.select(inbox).order_by(inbox.c.id))).all()
        return [self.vault.transit.unseal(row.payload) for row in rows]


@pytest.fixture
def page(database: Database, vault: Vault) -> Page:
    return Page(database, vault)


@pytest.fixture
async def client(page: Page) -> AsyncIterator[httpx.AsyncClient]:
    async with page.client() as client:
        assert (await client.get("/chat")).status_code == 200
        yield client


async def test_a_visitor_gets_a_chat_of_their_own_in_a_strict_cookie(page: Page) -> None:
    async with page.client() as first, page.client() as second:
        header = (await first.get("/chat")).headers["set-cookie"].lower()
        await second.get("/chat")
    assert "httponly" in header and "samesite=strict" in header and "path=/chat" in header and "secure" not in header
    assert first.cookies[COOKIE] != second.cookies[COOKIE]


async def test_over_https_the_cookie_is_secure(database: Database, vault: Vault) -> None:
    async with Page(database, vault, secure=True).client() as client:
        assert "secure" in (await client.get("/chat")).headers["set-cookie"].lower()


async def test_the_operators_name_is_escaped(client: httpx.AsyncClient) -> None:
    assert "Kreis <Test>" not in (await client.get("/chat")).text


async def test_a_second_visit_keeps_the_chat_and_a_new_one_is_made_on_request(client: httpx.AsyncClient) -> None:
    before = client.cookies[COOKIE]
    assert "set-cookie" not in (await client.get("/chat")).headers
    await client.post("/chat/new")
    assert client.cookies[COOKIE] != before


async def test_a_typed_message_is_stored_and_the_worker_woken(client: httpx.AsyncClient, page: Page) -> None:
    response = await client.post("/chat/send", json={"text": "Hallo"}, headers={"accept-language": "ar-SY,ar;q=0.9"})
    assert response.status_code == 200 and page.woken == 1
    [stored] = await page.stored()
    assert stored == {"text": "Hallo", "address": client.cookies[COOKIE], "language": "ar-SY", "kept": stored["kept"]}


async def test_ones_own_words_are_shown_in_the_chat(client: httpx.AsyncClient) -> None:
    await client.post("/chat/send", json={"text": "<b>Hallo</b>"})
    messages = (await client.get("/chat/messages")).json()["messages"]
    assert [(m["who"], m["text"]) for m in messages] == [("person", "<b>Hallo</b>")]


@pytest.mark.parametrize(("body", "kind", "status"), [
    (b'{"text": "x"}', "text/plain", 403), (b'{"text": "x"}', "application/x-www-form-urlencoded", 403),
    (b'{"text": "x"}', "", 403), (b"{", "application/json", 400), (b"", "application/json", 400),
    (b"\xff\xfe", "application/json", 400), (b"[]", "application/json", 400), (b'"x"', "application/json", 400),
    (b'{"text": 5}', "application/json", 400), (b'{"text": ""}', "application/json", 400), (b"{}", "application/json", 400),
    (json.dumps({"text": "x" * 4097}).encode(), "application/json", 400),
    (json.dumps({"data": "x" * 65}).encode(), "application/json", 400),
    (b'{"text": "\\ud800"}', "application/json", 400), (b'{"data": "\\ud800"}', "application/json", 400),
    (b"[" * 60_000, "application/json", 400), (b" " * 64_001, "application/json", 413)])
async def test_what_is_no_message_is_refused_with_a_sentence(client: httpx.AsyncClient, page: Page, body: bytes,
                                                             kind: str, status: int) -> None:
    response = await client.post("/chat/send", content=body, headers={"content-type": kind} if kind else {})
    assert response.status_code == status and response.json()["error"].endswith(".")
    assert await page.stored() == [] and page.woken == 0


async def test_the_longest_message_is_taken(client: httpx.AsyncClient, page: Page) -> None:
    assert (await client.post("/chat/send", json={"text": "😀" * 4096})).status_code == 200
    assert len((await page.stored())[0]["text"]) == 4096


@pytest.mark.parametrize("cookie", [None, "short", "x" * 65])
async def test_without_a_chat_nothing_is_taken_and_nothing_shown(page: Page, cookie: str | None) -> None:
    async with page.client() as client:
        if cookie:
            client.cookies.set(COOKIE, cookie)
        assert (await client.post("/chat/send", json={"text": "x"})).status_code == 403
        assert (await client.get("/chat/messages")).json() == {"messages": []}
        assert (await client.get("/chat/events")).status_code == 204
        assert (await client.get("/chat/file/1")).status_code == 404


async def test_a_pressed_button_is_stored_with_its_label_shown(client: httpx.AsyncClient, page: Page) -> None:
    await client.post("/chat/send", json={"data": "m|school", "message": 12, "label": "Schule"})
    assert (await page.stored())[0]["data"] == "m|school"
    assert (await client.get("/chat/messages")).json()["messages"][0]["text"] == "Schule"


async def test_replies_are_shown_as_safe_html_with_direction_and_buttons(client: httpx.AsyncClient, page: Page) -> None:
    reply = Reply("**شكرا** <script>x</script> [a](https://example.org)", ((Button("Menü", "m"),),), rtl=True)
    await page.platform.deliver(page.lane(client), "x", reply)
    message = (await client.get("/chat/messages")).json()["messages"][0]
    assert message["rtl"] and message["keyboard"] == [[{"label": "Menü", "data": "m", "url": ""}]]
    assert "<script" not in message["html"] and "<strong>" in message["html"] and 'href="https://example.org"' in message["html"]


async def test_only_what_is_new_is_given(client: httpx.AsyncClient, page: Page) -> None:
    number = await page.platform.deliver(page.lane(client), "x", Reply("eins"))
    await page.platform.deliver(page.lane(client), "x", Reply("zwei"))
    messages = (await client.get("/chat/messages", params={"after": number})).json()["messages"]
    assert len(messages) == 1 and "zwei" in messages[0]["html"]


async def test_what_comes_after_a_deletion_is_new_to_the_page(client: httpx.AsyncClient, page: Page) -> None:
    for words in ("eins", "zwei"):
        number = await page.platform.deliver(page.lane(client), "x", Reply(words))
    async with page.database.transaction() as connection:
        await connection.execute(sa.delete(web_message))
    await page.platform.deliver(page.lane(client), "x", Reply("alles gelöscht"))
    messages = (await client.get("/chat/messages", params={"after": number})).json()["messages"]
    assert len(messages) == 1 and "alles gelöscht" in messages[0]["html"]


@pytest.mark.parametrize("after", ["-1", "x", "²", "9" * 40, "", "1.5"])
async def test_a_number_that_is_none_shows_nothing(client: httpx.AsyncClient, after: str) -> None:
    response = await client.get("/chat/messages", params={"after": after})
    assert response.status_code == 200 and response.json() == {"messages": []}


async def test_nobody_reads_the_chat_of_another(client: httpx.AsyncClient, page: Page) -> None:
    await page.platform.deliver(page.lane(client), "x", Reply("geheim"))
    async with page.client() as other:
        await other.get("/chat")
        assert (await other.get("/chat/messages")).json() == {"messages": []}


async def test_a_file_is_given_only_to_its_own_chat(client: httpx.AsyncClient, page: Page) -> None:
    number = await page.platform.deliver(page.lane(client), "x", Reply("Datei", attachment=Attachment("d.json", '{"a": 1}')))
    message = (await client.get("/chat/messages")).json()["messages"][0]
    response = await client.get(message["file"]["url"])
    assert response.json() == {"a": 1} and 'filename="d.json"' in response.headers["content-disposition"]
    async with page.client() as other:
        await other.get("/chat")
        assert (await other.get(f"/chat/file/{number}")).status_code == 404


@pytest.mark.parametrize("number", ["0", "1", "999", "9" * 18, "9" * 40])
async def test_a_file_that_is_not_there_is_not_found(client: httpx.AsyncClient, page: Page, number: str) -> None:
    await page.platform.deliver(page.lane(client), "x", Reply("ohne Datei"))
    assert (await client.get(f"/chat/file/{number}")).status_code == 404


async def test_live_updates_begin_with_what_is_there_and_go_on(page: Page) -> None:
    lane = "a" * 32
    await page.platform.deliver(lane, "x", Reply("eins"))

    async def stays() -> dict[str, Any]:
        await asyncio.sleep(60)
        return {"type": "http.disconnect"}

    stream = page.page._stream(Request({"type": "http", "method": "GET", "headers": []}, stays), lane, 0)
    first = await asyncio.wait_for(anext(stream), 2)
    assert "eins" in json.loads(first["data"])["html"]
    number = await page.platform.deliver(lane, "x", Reply("zwei"))
    second = await asyncio.wait_for(anext(stream), 2)
    assert second["id"] == number and "zwei" in second["data"]
    page.page.closing.set()
    with pytest.raises(StopAsyncIteration):
        await asyncio.wait_for(anext(stream), 2)


async def test_live_updates_over_http_end_when_the_process_stops(client: httpx.AsyncClient, page: Page) -> None:
    number = await page.platform.deliver(page.lane(client), "x", Reply("eins"))
    asyncio.get_running_loop().call_later(0.5, page.page.closing.set)
    response = await asyncio.wait_for(client.get("/chat/events"), 5)
    assert response.headers["content-type"].startswith("text/event-stream")
    assert f"id: {number}" in response.text and "eins" in response.text


async def test_messages_lie_encrypted_and_go_after_a_day(client: httpx.AsyncClient, page: Page) -> None:
    from datetime import timedelta
    await client.post("/chat/send", json={"text": "Geheimnis"})
    async with page.database.transaction() as connection:
        row = (await connection.execute(sa.select(web_message))).one()
        await connection.execute(sa.update(web_message).values(at=row.at - timedelta(days=1, minutes=1)))
    assert b"Geheimnis" not in row.payload
    async with page.database.transaction() as connection:
        assert await forget_old(connection) == 1
    assert (await client.get("/chat/messages")).json() == {"messages": []}


@pytest.mark.parametrize(("payload", "kind", "name"), [
    ({"text": "/start x"}, "command", "start"), ({"text": "/START"}, "command", "start"), ({"text": "/unknown"}, "text", ""),
    ({"text": "Hallo"}, "text", ""), ({"data": "m", "message": "3"}, "button", ""), ({"data": ""}, "button", "")])
def test_what_the_page_stored_becomes_an_event(payload: dict[str, Any], kind: str, name: str) -> None:
    event = to_arrival({"address": "a", "language": "de", **payload}).event
    assert (event.kind, event.name, event.profile_language) == (kind, name, "de")
