"""Tables of the conversation and its delivery."""

from __future__ import annotations

import sqlalchemy as sa

from core.database import UtcDateTime, metadata

BigId = sa.BigInteger().with_variant(sa.Integer, "sqlite")

# Raw updates. Once processed the payload is dropped; the id stays, so that a redelivered update is known.
inbox = sa.Table(
    "inbox", metadata,
    sa.Column("id", BigId, primary_key=True, autoincrement=True),
    sa.Column("bot", sa.String(40), nullable=False),
    sa.Column("update_id", sa.String(64), nullable=False),
    sa.Column("lane", sa.String(32), nullable=False),
    sa.Column("payload", sa.LargeBinary),
    sa.Column("state", sa.String(8), nullable=False),  # open, done, dead
    sa.Column("attempts", sa.SmallInteger, nullable=False, server_default="0"),
    sa.Column("not_before", UtcDateTime),
    sa.Column("problem", sa.String(80)),
    sa.Column("received_at", UtcDateTime, nullable=False),
    sa.Column("processed_at", UtcDateTime),
    sa.UniqueConstraint("bot", "update_id"),
)
sa.Index("ix_inbox_open", inbox.c.lane, inbox.c.id, sqlite_where=inbox.c.state == "open",
         postgresql_where=inbox.c.state == "open")

# What is still to be said. Payload and address are dropped when the platform has accepted it.
outbox = sa.Table(
    "outbox", metadata,
    sa.Column("id", BigId, primary_key=True, autoincrement=True),
    sa.Column("bot", sa.String(40), nullable=False),
    sa.Column("lane", sa.String(32), nullable=False),
    sa.Column("payload", sa.LargeBinary),
    sa.Column("state", sa.String(12), nullable=False),  # waiting, sent, failed, unreachable
    sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
    sa.Column("not_before", UtcDateTime),
    sa.Column("reference", sa.String(64)),  # whose message this is, e.g. "ticket_message:17"
    sa.Column("platform_id", sa.String(64)),
    sa.Column("problem", sa.String(200)),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("done_at", UtcDateTime),
    sqlite_autoincrement=True,  # a number is never used again: a deletion must not mix up a message just being sent
)
sa.Index("ix_outbox_waiting", outbox.c.bot, outbox.c.lane, outbox.c.id, sqlite_where=outbox.c.state == "waiting",
         postgresql_where=outbox.c.state == "waiting")
sa.Index("ix_outbox_reference", outbox.c.reference)

# PostgreSQL only: which process works on which lane. A lease that has run out is free.
lane_lease = sa.Table(
    "lane_lease", metadata,
    sa.Column("kind", sa.String(8), primary_key=True),  # inbox, outbox
    sa.Column("lane", sa.String(32), primary_key=True),
    sa.Column("holder", sa.String(40), nullable=False),
    sa.Column("until", UtcDateTime, nullable=False),
)

# "Not before" of a whole bot, after Telegram said that the bot is sending too much.
pause = sa.Table(
    "pause", metadata,
    sa.Column("bot", sa.String(40), primary_key=True),
    sa.Column("until", UtcDateTime, nullable=False),
)

newcomer = sa.Table(
    "newcomer", metadata,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("bot", sa.String(40), nullable=False),
    sa.Column("lane", sa.String(32), nullable=False),
    sa.Column("data_key", sa.LargeBinary, nullable=False),
    sa.Column("address", sa.LargeBinary, nullable=False),  # chat id, encrypted
    sa.Column("state", sa.LargeBinary, nullable=False),  # the dialogue state, encrypted JSON
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("seen_at", UtcDateTime, nullable=False),
    sa.Column("unreachable_at", UtcDateTime),
    sa.UniqueConstraint("bot", "lane"),
)

# What was said, for /mydata and for the card of a case; never safety messages.
utterance = sa.Table(
    "utterance", metadata,
    sa.Column("id", BigId, primary_key=True, autoincrement=True),
    sa.Column("newcomer_id", sa.String(32), sa.ForeignKey("newcomer.id", ondelete="CASCADE"), nullable=False),
    sa.Column("speaker", sa.String(8), nullable=False),  # person, bot
    sa.Column("text", sa.LargeBinary, nullable=False),
    sa.Column("topic", sa.String(60)),
    sa.Column("at", UtcDateTime, nullable=False),
)
sa.Index("ix_utterance_newcomer_id", utterance.c.newcomer_id, utterance.c.id)

# Anonymous counts per day; written when things happen, never computed from people's rows.
counter = sa.Table(
    "counter", metadata,
    sa.Column("day", sa.Date, primary_key=True),
    sa.Column("what", sa.String(30), primary_key=True),  # question, answered, clarified, unsure, safety, helped ...
    sa.Column("topic", sa.String(60), primary_key=True),
    sa.Column("language", sa.String(8), primary_key=True),
    sa.Column("town", sa.String(60), primary_key=True),
    sa.Column("number", sa.Integer, nullable=False),
)

# What the chat page shows: the "platform" of the web channel.
web_message = sa.Table(
    "web_message", metadata,
    sa.Column("id", BigId, primary_key=True, autoincrement=True),
    sa.Column("lane", sa.String(32), nullable=False),
    sa.Column("payload", sa.LargeBinary, nullable=False),
    sa.Column("at", UtcDateTime, nullable=False),
    sqlite_autoincrement=True,  # the page asks for what comes after a number
)
sa.Index("ix_web_message_lane", web_message.c.lane, web_message.c.id)
