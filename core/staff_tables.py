"""Tables of the desk's accounts."""

from __future__ import annotations

import sqlalchemy as sa

from core.database import UtcDateTime, metadata

staff = sa.Table(
    "staff", metadata,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("login", sa.String(120), nullable=False, unique=True),  # lower case
    sa.Column("name", sa.String(120), nullable=False),
    sa.Column("role", sa.String(20), nullable=False),  # case_manager, lead, editor, coordinator, auditor, operator
    sa.Column("password_hash", sa.String(200)),
    sa.Column("language", sa.String(2), nullable=False, server_default="de"),
    sa.Column("disabled_at", UtcDateTime),
    sa.Column("created_at", UtcDateTime, nullable=False),
)

staff_office = sa.Table(
    "staff_office", metadata,
    sa.Column("staff_id", sa.String(32), sa.ForeignKey("staff.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("office_id", sa.String(60), primary_key=True),
)

staff_session = sa.Table(
    "staff_session", metadata,
    sa.Column("id_hash", sa.String(64), primary_key=True),
    sa.Column("staff_id", sa.String(32), sa.ForeignKey("staff.id", ondelete="CASCADE"), nullable=False),
    sa.Column("csrf", sa.String(64), nullable=False),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("seen_at", UtcDateTime, nullable=False),
)

# One-time sign-in links, for the demonstration and for a forgotten password.
signin_link = sa.Table(
    "signin_link", metadata,
    sa.Column("token_hash", sa.String(64), primary_key=True),
    sa.Column("staff_id", sa.String(32), sa.ForeignKey("staff.id", ondelete="CASCADE"), nullable=False),
    sa.Column("expires_at", UtcDateTime, nullable=False),
    sa.Column("used_at", UtcDateTime),
)
sa.Index("ix_staff_session_staff_id", staff_session.c.staff_id)

# Browsers from which an account has signed in before: attempts of strangers do not count against them.
staff_device = sa.Table(
    "staff_device", metadata,
    sa.Column("id_hash", sa.String(64), primary_key=True),
    sa.Column("staff_id", sa.String(32), sa.ForeignKey("staff.id", ondelete="CASCADE"), nullable=False),
    sa.Column("created_at", UtcDateTime, nullable=False),
)
