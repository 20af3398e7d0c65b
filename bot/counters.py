"""Anonymous counts, written when things happen."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert as postgres_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.conversation.model import Count
from bot.tables import counter
from core.clock import today


async def add(connection: AsyncConnection, counts: Sequence[Count], language: str, town: str) -> None:
    """Add one to each count of today; the same order everywhere, so that two processes cannot lock each other."""
    insert = sqlite_insert if connection.dialect.name == "sqlite" else postgres_insert
    for count in sorted(set(counts), key=lambda count: (count.what, count.topic)):
        statement = insert(counter).values(
            day=today(), what=count.what, topic=count.topic, language=language, town=town, number=1
        )
        await connection.execute(
            statement.on_conflict_do_update(
                index_elements=[counter.c.day, counter.c.what, counter.c.topic, counter.c.language, counter.c.town],
                set_={"number": counter.c.number + 1},
            )
        )


async def total(connection: AsyncConnection, what: str) -> int:
    """The sum over all days, towns and languages."""
    return (
        await connection.scalar(
            sa.select(sa.func.coalesce(sa.func.sum(counter.c.number), 0)).where(counter.c.what == what)
        )
        or 0
    )
