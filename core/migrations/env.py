"""Alembic's entry: runs the migrations of `versions/` on the address that `core.database.migrate` hands over."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import context

from core.database import metadata

engine = sa.create_engine(context.config.attributes["url"])
with engine.connect() as connection:
    # Two processes may start at once on PostgreSQL: the second waits here, then finds nothing to do.
    if connection.dialect.name == "postgresql":
        connection.execute(sa.text("SELECT pg_advisory_lock(748163)"))
        connection.commit()
    context.configure(connection=connection, target_metadata=metadata, render_as_batch=True)
    with context.begin_transaction():
        context.run_migrations()
    if connection.dialect.name == "postgresql":
        connection.execute(sa.text("SELECT pg_advisory_unlock(748163)"))
        connection.commit()
engine.dispose()
