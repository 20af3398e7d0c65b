"""The chat page: the same conversation in a browser, for trying out. Its "platform" is a table the page reads."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection
from sse_starlette.sse import EventSourceResponse
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.templating import Jinja2Templates

from bot.channels.model import Arrival
from bot.conversation.commands import NAMES
from bot.conversation.model import Event, Reply
from bot.delivery.inbox import Inbox
from bot.delivery.model import Received
from bot.tables import web_message
from core.clock import now
from core.crypto import Vault
from core.database import Database
from core.markdown import to_page_html

BOT = "web"
COOKIE = "lotse_chat"
LONGEST = 4096
LARGEST_BODY = 64_000
KEPT = timedelta(days=1)
LOOK_SECONDS = 0.3
HERE = Path(__file__).parent


def to_arrival(payload: dict[str, Any]) -> Arrival:
    """A stored message or button press of the page."""
    address, language = payload["address"], payload.get("language")
    if "data" in payload:
        return Arrival(
            address, Event("button", data=payload["data"], message=payload.get("message"), profile_language=language)
        )
    text = payload["text"]
    if text.startswith("/"):
        name, _, argument = text[1:].partition(" ")
        if name.lower() in NAMES:
            return Arrival(
                address, Event("command", name=name.lower(), text=argument.strip(), profile_language=language)
            )
    return Arrival(address, Event("text", text=text, profile_language=language), payload.get("kept"))


async def forget_old(connection: AsyncConnection) -> int:
    """Drop what pages showed more than a day ago."""
    result = await connection.execute(sa.delete(web_message).where(web_message.c.at < now() - KEPT))
    return result.rowcount


async def forget_words(connection: AsyncConnection, kept: int) -> None:
    """Words about danger are not kept for showing them again."""
    await connection.execute(sa.delete(web_message).where(web_message.c.id == kept))


class WebPlatform:
    """Delivers to the table behind the page; what is there counts as sent."""

    def __init__(self, database: Database, vault: Vault) -> None:
        self._database, self._key = database, vault.transit

    async def deliver(self, lane: str, address: str, reply: Reply) -> str:
        """Keep the message for the page; `forget_old` drops it after a day."""
        async with self._database.transaction() as connection:
            number = await connection.scalar(
                sa.insert(web_message)
                .values(lane=lane, payload=self._key.seal({"reply": reply.as_json()}), at=now())
                .returning(web_message.c.id)
            )
        return str(number)


class ChatPage:
    """Routes of the page. `on_stored` is called after each commit of a new message."""

    def __init__(
        self,
        database: Database,
        inbox: Inbox,
        vault: Vault,
        on_stored: Callable[[], None],
        *,
        secure: bool,
        operator: str,
    ) -> None:
        self._database, self._inbox, self._vault = database, inbox, vault
        self._on_stored, self._secure, self._operator = on_stored, secure, operator
        self._templates = Jinja2Templates(HERE / "templates")
        self.closing = asyncio.Event()

    def routes(self) -> list[BaseRoute]:
        """Everything under /chat."""
        return [
            Route("/chat", self.page),
            Route("/chat/send", self.send, methods=["POST"]),
            Route("/chat/new", self.new, methods=["POST"]),
            Route("/chat/messages", self.messages),
            Route("/chat/events", self.events),
            Route("/chat/file/{number:int}", self.file),
            Mount("/chat/static", StaticFiles(directory=HERE / "static")),
        ]

    async def page(self, request: Request) -> Response:
        """The page itself; a new visitor gets a chat of their own."""
        response = self._templates.TemplateResponse(request, "chat.html", {"operator": self._operator})
        if not request.cookies.get(COOKIE):
            self._give_chat(response)
        return response

    async def new(self, _request: Request) -> Response:
        """Begin as somebody else: a new chat, the old one is left alone."""
        response = JSONResponse({"ok": True})
        self._give_chat(response)
        return response

    def _give_chat(self, response: Response) -> None:
        response.set_cookie(
            COOKIE,
            secrets.token_urlsafe(24),
            max_age=86_400,
            httponly=True,
            samesite="strict",
            secure=self._secure,
            path="/chat",
        )

    def _lane(self, request: Request) -> tuple[str, str] | None:
        chat = request.cookies.get(COOKIE, "")
        if not 20 <= len(chat) <= 64:
            return None
        return chat, self._vault.pseudonym(f"chat/{BOT}", chat)

    async def send(self, request: Request) -> Response:
        """A typed message or a pressed button. Another site cannot send: the cookie is strict, the type JSON."""
        lane = self._lane(request)
        body = await request.body()
        if lane is None or request.headers.get("content-type", "").split(";")[0] != "application/json":
            return JSONResponse({"error": "Please reload the page."}, 403)
        if len(body) > LARGEST_BODY:
            return JSONResponse({"error": "This message is too long."}, 413)
        payload = _read(body)
        if payload is None:
            return JSONResponse({"error": "This message cannot be read."}, 400)
        payload |= {"address": lane[0], "language": _browser_language(request)}
        async with self._database.transaction() as connection:
            shown = payload.get("text") or payload.get("label") or ""
            payload["kept"] = await connection.scalar(
                sa.insert(web_message)
                .values(lane=lane[1], payload=self._vault.transit.seal({"person": shown}), at=now())
                .returning(web_message.c.id)
            )
            await self._inbox.store(connection, [Received(BOT, secrets.token_hex(16), lane[1], payload)])
        self._on_stored()
        return JSONResponse({"ok": True})

    async def messages(self, request: Request) -> Response:
        """Everything after a message number, for pages without live updates."""
        lane = self._lane(request)
        after = request.query_params.get("after", "0")
        if lane is None or not _is_number(after):
            return JSONResponse({"messages": []})
        return JSONResponse({"messages": await self._after(lane[1], int(after))})

    async def events(self, request: Request) -> Response:
        """New messages as server-sent events; ends when the visitor leaves or the process stops."""
        lane = self._lane(request)
        last = request.headers.get("last-event-id") or request.query_params.get("after", "0")
        if lane is None or not _is_number(last):
            return Response(status_code=204)
        return EventSourceResponse(
            self._stream(request, lane[1], int(last)), ping=15, headers={"X-Accel-Buffering": "no"}
        )

    async def _stream(self, request: Request, lane: str, after: int) -> AsyncIterator[dict[str, str]]:
        while not self.closing.is_set() and not await request.is_disconnected():
            for message in await self._after(lane, after):
                after = message["id"]
                yield {"id": str(after), "data": json.dumps(message, ensure_ascii=False)}
            await asyncio.sleep(LOOK_SECONDS)

    async def file(self, request: Request) -> Response:
        """The attachment of one message of this chat."""
        lane, number = self._lane(request), request.path_params["number"]
        rows = await self._rows(lane[1], number - 1, 1) if lane and _is_number(str(number)) else []
        reply = self._open(rows[0]).get("reply") if rows and rows[0].id == number else None
        if not reply or not reply.get("attachment"):
            return JSONResponse({"error": "There is no such file."}, 404)
        name, content = reply["attachment"]
        return Response(
            content, media_type="application/json", headers={"Content-Disposition": f'attachment; filename="{name}"'}
        )

    def _open(self, row: Any) -> dict[str, Any]:
        return self._vault.transit.unseal(row.payload)  # type: ignore[no-any-return]

    async def _rows(self, lane: str, after: int, limit: int = 200) -> list[Any]:
        async with self._database.reading() as connection:
            return list(
                (
                    await connection.execute(
                        sa.select(web_message)
                        .where(web_message.c.lane == lane, web_message.c.id > after)
                        .order_by(web_message.c.id)
                        .limit(limit)
                    )
                ).all()
            )

    async def _after(self, lane: str, after: int) -> list[dict[str, Any]]:
        return [_shown(row.id, self._open(row)) for row in await self._rows(lane, after)]


def _is_number(text: str) -> bool:
    """The number of a message: one that the database can hold."""
    return text.isdecimal() and len(text) <= 18


def _read(body: bytes) -> dict[str, Any] | None:
    try:
        data = json.loads(body)
        json.dumps(data, ensure_ascii=False).encode()  # refuses half of a surrogate pair, which is no character
    except (ValueError, RecursionError):
        return None
    if not isinstance(data, dict):
        return None
    if isinstance(data.get("data"), str) and len(data["data"].encode()) <= 64:
        return {
            "data": data["data"],
            "message": str(data.get("message", ""))[:20],
            "label": str(data.get("label", ""))[:80],
        }
    if isinstance(data.get("text"), str) and 0 < len(data["text"]) <= LONGEST:
        return {"text": data["text"]}
    return None


def _shown(number: int, payload: dict[str, Any]) -> dict[str, Any]:
    if "person" in payload:
        return {"id": number, "who": "person", "text": payload["person"]}
    reply = Reply.from_json(payload["reply"])
    return {
        "id": number,
        "who": "bot",
        "html": to_page_html(reply.markdown, rtl=reply.rtl),
        "rtl": reply.rtl,
        "keyboard": [[{"label": b.label, "data": b.data, "url": b.url} for b in row] for row in reply.keyboard],
        "file": {"name": reply.attachment.name, "url": f"/chat/file/{number}"} if reply.attachment else None,
    }


def _browser_language(request: Request) -> str | None:
    first = request.headers.get("accept-language", "").split(",")[0].split(";")[0].strip()
    return first[:12] or None


__all__ = ["BOT", "ChatPage", "WebPlatform", "to_arrival"]
