"""Telegram updates as events: here Telegram's objects end."""

from __future__ import annotations

from typing import Any

from telegram import CallbackQuery, ChatMemberUpdated, Message, Update
from telegram.constants import ChatMemberStatus, ChatType

from bot.channels.model import Arrival
from bot.conversation.model import Event

MEDIA = {
    "voice": ("voice", "audio", "video_note"),
    "photo": ("photo", "video", "animation"),
    "document": ("document",),
    "sticker": ("sticker", "dice"),
    "location": ("location", "venue"),
    "contact": ("contact",),
}
GONE = {ChatMemberStatus.BANNED, ChatMemberStatus.LEFT}


def chat_of(payload: dict[str, Any]) -> str:
    """The chat id of a raw update, read without building objects; `-` where an update has none."""
    for value in payload.values():
        if isinstance(value, dict):
            holder = value.get("message") if "message" in value and "chat" not in value else value
            chat = holder.get("chat") if isinstance(holder, dict) else None
            if isinstance(chat, dict) and "id" in chat:
                return str(chat["id"])
            sender = value.get("from")
            if isinstance(sender, dict) and "id" in sender:
                return str(sender["id"])
    return "-"


def to_arrival(payload: dict[str, Any]) -> Arrival | None:
    """An update as the conversation sees it; None for what needs no answer. Raises for a malformed update."""
    update = Update.de_json(_named(payload), None)
    if update.callback_query is not None:
        return _pressed(update.callback_query)
    if update.my_chat_member is not None:
        return _membership(update.my_chat_member)
    message = update.message or update.edited_message
    if message is None:
        return None
    if message.chat.type != ChatType.PRIVATE:
        return _group(message)
    return Arrival(str(message.chat.id), _private(message, edited=update.edited_message is not None))


def _named(value: Any) -> Any:
    """The same with an empty name for accounts that have none: the library refuses a whole update for that."""
    if isinstance(value, list):
        return [_named(item) for item in value]
    if not isinstance(value, dict):
        return value
    named = {key: _named(item) for key, item in value.items()}
    if "is_bot" in named:
        named.setdefault("first_name", "")
    return named


def _pressed(query: CallbackQuery) -> Arrival | None:
    chat = query.message.chat if query.message else None
    if chat is not None and chat.type != ChatType.PRIVATE:
        return None
    address = chat.id if chat is not None else query.from_user.id
    return Arrival(str(address), Event(
        "button", data=query.data or "", message=str(query.message.message_id) if query.message else None,
        profile_language=query.from_user.language_code))


def _membership(change: ChatMemberUpdated) -> Arrival | None:
    if change.chat.type != ChatType.PRIVATE:
        return None
    kind = "blocked" if change.new_chat_member.status in GONE else "unblocked"
    return Arrival(str(change.chat.id), Event(kind))  # type: ignore[arg-type]


def _group(message: Message) -> Arrival | None:
    """In a group only a command addressed to the bot is answered; everything else stays unread."""
    text = message.text or ""
    if text.startswith("/"):
        return Arrival(str(message.chat.id), Event("group"))
    return None


def _private(message: Message, *, edited: bool) -> Event:
    language = message.from_user.language_code if message.from_user else None
    text = message.text
    if text is None:
        for kind, attributes in MEDIA.items():
            if any(getattr(message, attribute, None) for attribute in attributes):
                return Event("unreadable", name=kind, text=message.caption or "", profile_language=language)
        return Event("unreadable", name="other", profile_language=language)
    if text.startswith("/") and not edited:
        name, *argument = text[1:].split(maxsplit=1) or [""]
        name = name.partition("@")[0].lower()
        if name and not text[1].isspace():
            return Event("command", name=name, text="".join(argument).strip(), profile_language=language)
    return Event("edited" if edited else "text", text=text, message=str(message.message_id), profile_language=language)
