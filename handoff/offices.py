"""Offices of the KIM: described by the region files, activated in the desk."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from core.clock import now
from core.staff import CASE_ROLES
from core.staff_tables import staff, staff_office
from handoff.errors import Unusable
from handoff.tables import office

_EMAIL = re.compile(r"[^@\s<>,;]+@[^@\s<>,;]+\.[^@\s<>,;.]+")


class DescribedOffice(Protocol):
    """An office as a region file describes it."""

    @property
    def id(self) -> str: ...  # noqa: D102
    @property
    def region(self) -> str: ...  # noqa: D102
    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def carrier(self) -> str: ...  # noqa: D102
    @property
    def towns(self) -> Sequence[str]: ...  # noqa: D102


@dataclass(frozen=True)
class OfficeLine:
    """An office in the desk. `staff_count` are enabled case managers and leads."""

    id: str
    region: str
    name: str
    carrier: str
    towns: tuple[str, ...]
    email: str | None
    is_active: bool
    activated_at: datetime | None
    staff_count: int

    @property
    def takes_cases(self) -> bool:
        """Activated, and somebody is there to read."""
        return self.is_active and self.staff_count > 0


async def sync_offices(connection: AsyncConnection, offices: Iterable[DescribedOffice]) -> None:
    """Bring the table to what the region files say; activation and e-mail stay.

    An office that no file names any more keeps its row, because cases refer to it, but serves no town.
    """
    present = set(await connection.scalars(sa.select(office.c.id)))
    described = {item.id: item for item in offices}
    for item in described.values():
        values = {"region": item.region, "name": item.name, "carrier": item.carrier, "towns": list(item.towns)}
        if item.id in present:
            await connection.execute(sa.update(office).where(office.c.id == item.id).values(**values))
        else:
            await connection.execute(sa.insert(office).values(id=item.id, active=False, **values))
    gone = present - described.keys()
    if gone:
        await connection.execute(sa.update(office).where(office.c.id.in_(gone)).values(towns=[]))


def _readers() -> sa.Select[tuple[str, int]]:
    return (sa.select(staff_office.c.office_id, sa.func.count().label("number"))
            .join(staff, staff.c.id == staff_office.c.staff_id)
            .where(staff.c.disabled_at.is_(None), staff.c.role.in_(CASE_ROLES)).group_by(staff_office.c.office_id))


async def staffed_offices(connection: AsyncConnection) -> frozenset[str]:
    """Offices that are activated and have at least one enabled case manager or lead."""
    readers = _readers().subquery()
    return frozenset(await connection.scalars(
        sa.select(office.c.id).join(readers, readers.c.office_id == office.c.id).where(office.c.active.is_(True))))


async def list_offices(connection: AsyncConnection, ids: Collection[str] | None = None) -> list[OfficeLine]:
    """Offices by region and name; with `ids` only these."""
    readers = _readers().subquery()
    query = (sa.select(office, sa.func.coalesce(readers.c.number, 0).label("readers"))
             .outerjoin(readers, readers.c.office_id == office.c.id).order_by(office.c.region, office.c.name))
    if ids is not None:
        query = query.where(office.c.id.in_(ids))
    return [OfficeLine(row.id, row.region, row.name, row.carrier, tuple(row.towns), row.email, row.active,
                       row.activated_at, row.readers) for row in await connection.execute(query)]


async def activate_office(connection: AsyncConnection, office_id: str, email: str) -> None:
    """From now on this office takes cases and is told of them by e-mail; on an active one the address changes."""
    email = email.strip()
    if len(email) > 200 or not (email.isascii() and email.isprintable()) or not _EMAIL.fullmatch(email):
        raise Unusable("Please write one e-mail address, for example kim@example.org.")
    changed = await connection.execute(sa.update(office).where(office.c.id == office_id).values(
        email=email, active=True, activated_at=sa.func.coalesce(office.c.activated_at, now())))
    if not changed.rowcount:
        raise Unusable("There is no such office.")


async def deactivate_office(connection: AsyncConnection, office_id: str) -> None:
    """No new cases; open ones go on."""
    await connection.execute(sa.update(office).where(office.c.id == office_id).values(active=False, activated_at=None))
