"""Tables of the cases: offices, consents, tickets, their messages and history, notifications, access log."""

from __future__ import annotations

import sqlalchemy as sa

from core.database import UtcDateTime, metadata

BigId = sa.BigInteger().with_variant(sa.Integer, "sqlite")

# What the desk decided about an office that a region file describes.
office = sa.Table(
    "office", metadata,
    sa.Column("id", sa.String(60), primary_key=True),
    sa.Column("region", sa.String(60), nullable=False),
    sa.Column("name", sa.String(200), nullable=False),
    sa.Column("carrier", sa.String(200), nullable=False),
    sa.Column("towns", sa.JSON, nullable=False),  # names as in the region file
    sa.Column("email", sa.String(200)),
    sa.Column("active", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("activated_at", UtcDateTime),
)

# No ticket without a consent: the foreign key of `ticket.consent_id` is the guard.
consent = sa.Table(
    "consent", metadata,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("newcomer_id", sa.String(32), nullable=False),
    sa.Column("office_id", sa.String(60), sa.ForeignKey("office.id"), nullable=False),
    sa.Column("carrier", sa.String(200), nullable=False),
    sa.Column("language", sa.String(8), nullable=False),
    sa.Column("wording_hash", sa.String(64), nullable=False),
    sa.Column("given_at", UtcDateTime, nullable=False),
    sa.Column("withdrawn_at", UtcDateTime),
)
sa.Index("ix_consent_newcomer_id", consent.c.newcomer_id)

# What the hashes in `consent` stand for, so that a consent can be shown again; the same for all, no personal data.
consent_wording = sa.Table(
    "consent_wording", metadata,
    sa.Column("hash", sa.String(64), primary_key=True),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("first_used_at", UtcDateTime, nullable=False),
)

ticket = sa.Table(
    "ticket", metadata,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("number", sa.String(20), nullable=False, unique=True),
    sa.Column("newcomer_id", sa.String(32), nullable=False),
    sa.Column("consent_id", sa.String(32), sa.ForeignKey("consent.id"), nullable=False),
    sa.Column("office_id", sa.String(60), sa.ForeignKey("office.id"), nullable=False),
    sa.Column("region", sa.String(60), nullable=False),
    sa.Column("town", sa.String(100), nullable=False),
    sa.Column("language", sa.String(8), nullable=False),
    sa.Column("topic", sa.String(60)),
    sa.Column("urgency", sa.String(8), nullable=False),  # normal, urgent
    sa.Column("reasons", sa.JSON, nullable=False),
    sa.Column("data_key", sa.LargeBinary, nullable=False),
    sa.Column("card", sa.LargeBinary, nullable=False),
    sa.Column("state", sa.String(16), nullable=False),  # new, waiting_staff, waiting_person, closed, locked
    sa.Column("undeliverable", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("outcome", sa.String(40)),
    sa.Column("opened_at", UtcDateTime, nullable=False),
    sa.Column("changed_at", UtcDateTime, nullable=False),
    sa.Column("closed_at", UtcDateTime),
    sa.Column("hold_reason", sa.String(200)),
    sa.Column("hold_until", sa.Date),
)
sa.Index("ix_ticket_office_state", ticket.c.office_id, ticket.c.state, ticket.c.opened_at)
sa.Index("ix_ticket_newcomer_id", ticket.c.newcomer_id)
sa.Index("ix_ticket_closed_at", ticket.c.office_id, ticket.c.closed_at)

# Messages to the person, from the person, and notes: a note is a message whose audience is empty.
ticket_message = sa.Table(
    "ticket_message", metadata,
    sa.Column("id", BigId, primary_key=True, autoincrement=True),
    sa.Column("ticket_id", sa.String(32), sa.ForeignKey("ticket.id", ondelete="CASCADE"), nullable=False),
    sa.Column("author", sa.String(8), nullable=False),  # person, staff, bot
    sa.Column("audience", sa.String(8), nullable=False),  # person, staff, none (internal note)
    sa.Column("staff_id", sa.String(32)),
    sa.Column("text", sa.LargeBinary, nullable=False),
    sa.Column("form", sa.String(32)),  # the form it came from: a form sent twice is one message
    sa.Column("at", UtcDateTime, nullable=False),
    sa.UniqueConstraint("ticket_id", "form"),
    sa.CheckConstraint("author = 'staff' OR audience <> 'none'", name="ck_ticket_message_only_staff_write_notes"),
)
sa.Index("ix_ticket_message_ticket_id", ticket_message.c.ticket_id, ticket_message.c.id)

ticket_event = sa.Table(
    "ticket_event", metadata,
    sa.Column("id", BigId, primary_key=True, autoincrement=True),
    sa.Column("ticket_id", sa.String(32), sa.ForeignKey("ticket.id", ondelete="CASCADE"), nullable=False),
    sa.Column("what", sa.String(30), nullable=False),  # opened, read, answered, noted, wrote, closed, withdrawn ...
    sa.Column("staff_id", sa.String(32)),
    sa.Column("detail", sa.String(200)),
    sa.Column("at", UtcDateTime, nullable=False),
)
sa.Index("ix_ticket_event_ticket_id", ticket_event.c.ticket_id, ticket_event.c.id)

# The last number given per region prefix and year.
ticket_number = sa.Table(
    "ticket_number", metadata,
    sa.Column("prefix", sa.String(12), primary_key=True),
    sa.Column("year", sa.Integer, primary_key=True),
    sa.Column("last", sa.Integer, nullable=False),
)

# E-mails that say "a case waits" and nothing else; sent after the commit, retried until the server takes them.
notification = sa.Table(
    "notification", metadata,
    sa.Column("id", BigId, primary_key=True, autoincrement=True),
    sa.Column("office_id", sa.String(60), nullable=False),
    sa.Column("ticket_id", sa.String(32), nullable=False),
    sa.Column("what", sa.String(20), nullable=False),  # case, message
    sa.Column("state", sa.String(8), nullable=False),  # waiting, sent, dropped (the case was over before)
    sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
    sa.Column("not_before", UtcDateTime),
    sa.Column("problem", sa.String(200)),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("sent_at", UtcDateTime),
)
sa.Index("ix_notification_waiting", notification.c.not_before, sqlite_where=notification.c.state == "waiting",
         postgresql_where=notification.c.state == "waiting")
sa.Index("ix_notification_ticket_id", notification.c.ticket_id)

access_log = sa.Table(
    "access_log", metadata,
    sa.Column("id", BigId, primary_key=True, autoincrement=True),
    sa.Column("staff_id", sa.String(32), nullable=False),
    sa.Column("office_id", sa.String(60), nullable=False),
    sa.Column("ticket_id", sa.String(32)),
    sa.Column("newcomer_id", sa.String(32)),
    sa.Column("what", sa.String(30), nullable=False),
    sa.Column("at", UtcDateTime, nullable=False),
)
sa.Index("ix_access_log_newcomer_id", access_log.c.newcomer_id)
sa.Index("ix_access_log_at", access_log.c.at)
