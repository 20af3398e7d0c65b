"""Tables of the curated content: every version of every answer, and the services."""

from __future__ import annotations

import sqlalchemy as sa

from core.database import UtcDateTime, metadata

BigId = sa.BigInteger().with_variant(sa.Integer, "sqlite")

# One row per version; `document` is the whole Markdown file, front matter included.
answer_version = sa.Table(
    "answer_version", metadata,
    sa.Column("id", BigId, primary_key=True, autoincrement=True),
    sa.Column("topic", sa.String(60), nullable=False),
    sa.Column("language", sa.String(8), nullable=False),
    sa.Column("number", sa.Integer, nullable=False),
    sa.Column("origin", sa.String(8), nullable=False),  # file (a release), desk (an editor)
    sa.Column("state", sa.String(12), nullable=False),  # draft, review, published, replaced, conflict, withdrawn
    sa.Column("document", sa.Text, nullable=False),
    sa.Column("document_hash", sa.String(64), nullable=False),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("created_by", sa.String(32)),  # staff id, empty for a release
    sa.Column("published_at", UtcDateTime),
    sa.UniqueConstraint("topic", "language", "number"),
)
sa.Index("ix_answer_version_published", answer_version.c.topic, answer_version.c.language, unique=True,
         sqlite_where=answer_version.c.state == "published", postgresql_where=answer_version.c.state == "published")

# Regions and their services, whole documents; `file_hash` is the release's file that was last applied.
region_version = sa.Table(
    "region_version", metadata,
    sa.Column("id", BigId, primary_key=True, autoincrement=True),
    sa.Column("region", sa.String(60), nullable=False),
    sa.Column("number", sa.Integer, nullable=False),
    sa.Column("origin", sa.String(8), nullable=False),
    sa.Column("state", sa.String(12), nullable=False),
    sa.Column("document", sa.Text, nullable=False),
    sa.Column("document_hash", sa.String(64), nullable=False),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("created_by", sa.String(32)),
    sa.Column("published_at", UtcDateTime),
    sa.UniqueConstraint("region", "number"),
)
sa.Index("ix_region_version_published", region_version.c.region, unique=True,
         sqlite_where=region_version.c.state == "published", postgresql_where=region_version.c.state == "published")
