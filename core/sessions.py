"""Sessions and one-time links of the desk. The database holds only hashes of what the browser holds."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from core.clock import now
from core.staff import StaffMember, find_staff
from core.staff_tables import signin_link, staff_device, staff_session

IDLE = timedelta(minutes=60)  # since the last page somebody asked for; looking for news in the background is not one
ABSOLUTE = timedelta(hours=12)
DEVICE_DAYS = 180
_TOUCH_AFTER = timedelta(minutes=1)  # so that not every page view is a write


@dataclass(frozen=True)
class Session:
    """A signed-in browser. `csrf` goes into every form."""

    id_hash: str
    csrf: str
    staff: StaffMember
    is_stale: bool  # `seen_at` is due to be renewed


def hashed(token: str) -> str:
    """What the database keeps of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


async def start_session(connection: AsyncConnection, staff_id: str) -> str:
    """A new session; returns the token for the cookie. Sessions that are over are cleared on the way."""
    token, at = secrets.token_urlsafe(32), now()
    await connection.execute(sa.delete(staff_session).where(sa.or_(
        staff_session.c.created_at < at - ABSOLUTE, staff_session.c.seen_at < at - IDLE)))
    await connection.execute(sa.insert(staff_session).values(
        id_hash=hashed(token), staff_id=staff_id, csrf=secrets.token_urlsafe(24), created_at=at, seen_at=at))
    return token


async def find_session(connection: AsyncConnection, token: str) -> Session | None:
    """The session behind a cookie; None if it is unknown, too old, too long idle, or the account was disabled."""
    at = now()
    row = (await connection.execute(sa.select(staff_session).where(
        staff_session.c.id_hash == hashed(token), staff_session.c.created_at > at - ABSOLUTE,
        staff_session.c.seen_at > at - IDLE))).one_or_none()
    if row is None:
        return None
    member = await find_staff(connection, row.staff_id)
    return Session(row.id_hash, row.csrf, member, at - row.seen_at > _TOUCH_AFTER) if member else None


async def touch_session(connection: AsyncConnection, session: Session) -> None:
    """The person is still there."""
    await connection.execute(sa.update(staff_session).where(staff_session.c.id_hash == session.id_hash)
                             .values(seen_at=now()))


async def end_session(connection: AsyncConnection, session: Session) -> None:
    """Sign out."""
    await connection.execute(sa.delete(staff_session).where(staff_session.c.id_hash == session.id_hash))


async def create_signin_link(connection: AsyncConnection, staff_id: str, minutes: int) -> str:
    """A token for `/desk/link/<token>` that signs in once, within so many minutes."""
    token, at = secrets.token_urlsafe(32), now()
    await connection.execute(sa.delete(signin_link).where(signin_link.c.expires_at < at))
    await connection.execute(sa.insert(signin_link).values(
        token_hash=hashed(token), staff_id=staff_id, expires_at=at + timedelta(minutes=minutes)))
    return token


async def use_signin_link(connection: AsyncConnection, token: str) -> str | None:
    """The account of a link that was not used before; it is used up now. One of two simultaneous visitors wins."""
    at = now()
    staff_id = await connection.scalar(
        sa.update(signin_link)
        .where(signin_link.c.token_hash == hashed(token), signin_link.c.used_at.is_(None),
               signin_link.c.expires_at > at)
        .values(used_at=at).returning(signin_link.c.staff_id))
    member = await find_staff(connection, staff_id) if staff_id else None
    return member.id if member else None


async def remember_device(connection: AsyncConnection, staff_id: str) -> str:
    """A token for a browser from which this account has signed in."""
    token, at = secrets.token_urlsafe(24), now()
    await connection.execute(sa.delete(staff_device)
                             .where(staff_device.c.created_at < at - timedelta(days=DEVICE_DAYS)))
    await connection.execute(sa.insert(staff_device).values(id_hash=hashed(token), staff_id=staff_id, created_at=at))
    return token


async def knows_device(connection: AsyncConnection, staff_id: str, token: str) -> bool:
    """Whether this account has signed in from this browser before."""
    return await connection.scalar(sa.select(sa.literal(1)).where(
        staff_device.c.id_hash == hashed(token), staff_device.c.staff_id == staff_id,
        staff_device.c.created_at > now() - timedelta(days=DEVICE_DAYS))) is not None
