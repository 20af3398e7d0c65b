"""Accounts of the desk: who may sign in, with which role, for which offices."""

from __future__ import annotations

import asyncio
import functools
import uuid
from collections.abc import Iterable
from dataclasses import dataclass

import sqlalchemy as sa
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy.ext.asyncio import AsyncConnection

from core.clock import now
from core.errors import LotseError
from core.staff_tables import staff, staff_office, staff_session

ROLES = ("case_manager", "lead", "editor", "coordinator", "auditor", "operator")
CASE_ROLES = frozenset({"case_manager", "lead"})  # the only ones who see what is inside a case
SHORTEST_PASSWORD, LONGEST_PASSWORD = 12, 200

_hasher = PasswordHasher()  # argon2id with the parameters of RFC 9106's second recommendation
_busy = asyncio.Semaphore(2)  # each check takes 64 MiB


@functools.cache
def _nobody() -> str:
    """A hash to check against where the login does not exist, so that it takes as long as for one that does."""
    return _hasher.hash("nobody has this password")


class StaffProblem(LotseError):
    """An account cannot be made or changed as asked."""

    code = "staff"


@dataclass(frozen=True)
class StaffMember:
    """An account that may work now; `offices` are the ids of the offices it is bound to."""

    id: str
    login: str
    name: str
    role: str
    language: str
    offices: frozenset[str]

    @property
    def sees_cases(self) -> bool:
        """Whether the role may open cases at all; which ones, the offices decide."""
        return self.role in CASE_ROLES


@dataclass(frozen=True)
class StaffLine:
    """An account in a list."""

    id: str
    login: str
    name: str
    role: str
    offices: tuple[str, ...]
    is_disabled: bool


async def hash_password(password: str) -> str:
    """The argon2id hash, computed beside the event loop."""
    async with _busy:
        return await asyncio.to_thread(_hasher.hash, password)


async def password_fits(stored: str | None, password: str) -> bool:
    """Whether the password belongs to the hash; without a hash it takes as long and is False."""
    def check() -> bool:
        try:
            return _hasher.verify(stored or _nobody(), password) and stored is not None
        except (VerificationError, InvalidHashError):
            return False

    async with _busy:
        return await asyncio.to_thread(check)


async def add_staff(connection: AsyncConnection, login: str, name: str, role: str, offices: Iterable[str],
                    password: str | None) -> str:
    """Make an account and return its id. Without a password only a one-time link signs in.

    Raises StaffProblem for a login in use, an unknown role, a case role without office, a password that is too short.
    """
    login, name = login.strip().lower(), " ".join(name.split())
    offices = sorted(set(offices))
    _check_account(login, name, role, offices)
    if password is not None:
        check_password(password, login)
    if await connection.scalar(sa.select(staff.c.id).where(staff.c.login == login)):
        raise StaffProblem(f"There is an account {login} already.")
    staff_id = uuid.uuid4().hex
    hashed = await hash_password(password) if password is not None else None
    await connection.execute(sa.insert(staff).values(
        id=staff_id, login=login, name=name, role=role, password_hash=hashed, language="de", created_at=now()))
    if offices:
        await connection.execute(sa.insert(staff_office),
                                 [{"staff_id": staff_id, "office_id": office} for office in offices])
    return staff_id


def _check_account(login: str, name: str, role: str, offices: list[str]) -> None:
    if not login or len(login) > 120 or any(c.isspace() or not c.isprintable() for c in login):
        raise StaffProblem("A login has 1 to 120 characters and no spaces.")
    if not name or len(name) > 120:
        raise StaffProblem("A name has 1 to 120 characters.")
    if role not in ROLES:
        raise StaffProblem(f"{role} is not a role. Roles are {', '.join(ROLES)}.")
    if role in CASE_ROLES and not offices:
        raise StaffProblem("A case manager or lead needs at least one office.")


def check_password(password: str, login: str) -> None:
    """Raise StaffProblem for a password that is too short, too long, or the login itself."""
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        raise StaffProblem(f"A password has {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters; a few words with "
                           "spaces between them are good.")
    if login in password.lower():
        raise StaffProblem("The password must not contain the login.")


async def set_password(connection: AsyncConnection, login: str, password: str) -> None:
    """Give an account a new password and end its sessions."""
    line = await _find(connection, login)
    check_password(password, line.login)
    await connection.execute(sa.update(staff).where(staff.c.id == line.id)
                             .values(password_hash=await hash_password(password)))
    await connection.execute(sa.delete(staff_session).where(staff_session.c.staff_id == line.id))


async def disable_staff(connection: AsyncConnection, login: str) -> None:
    """Close an account: its sessions end now. The row stays, because the history of cases names it."""
    line = await _find(connection, login)
    await connection.execute(sa.update(staff).where(staff.c.id == line.id, staff.c.disabled_at.is_(None))
                             .values(disabled_at=now()))
    await connection.execute(sa.delete(staff_session).where(staff_session.c.staff_id == line.id))


async def enable_staff(connection: AsyncConnection, login: str) -> None:
    """Open a closed account again."""
    line = await _find(connection, login)
    await connection.execute(sa.update(staff).where(staff.c.id == line.id).values(disabled_at=None))


async def _find(connection: AsyncConnection, login: str) -> sa.Row[str, str]:
    row = (await connection.execute(sa.select(staff.c.id, staff.c.login)
                                    .where(staff.c.login == login.strip().lower()))).one_or_none()
    if row is None:
        raise StaffProblem(f"There is no account {login}.")
    return row


async def list_staff(connection: AsyncConnection, offices: Iterable[str] | None = None) -> list[StaffLine]:
    """All accounts by login; with `offices` only those bound to one of them."""
    bound: dict[str, list[str]] = {}
    for staff_id, office_id in await connection.execute(
            sa.select(staff_office.c.staff_id, staff_office.c.office_id).order_by(staff_office.c.office_id)):
        bound.setdefault(staff_id, []).append(office_id)
    wanted = None if offices is None else set(offices)
    rows = await connection.execute(sa.select(staff).order_by(staff.c.login))
    return [StaffLine(row.id, row.login, row.name, row.role, tuple(bound.get(row.id, ())), row.disabled_at is not None)
            for row in rows if wanted is None or wanted.intersection(bound.get(row.id, ()))]


async def find_staff(connection: AsyncConnection, staff_id: str) -> StaffMember | None:
    """The account, or None if it does not exist or is disabled."""
    row = (await connection.execute(
        sa.select(staff).where(staff.c.id == staff_id, staff.c.disabled_at.is_(None)))).one_or_none()
    if row is None:
        return None
    offices = await connection.scalars(sa.select(staff_office.c.office_id).where(staff_office.c.staff_id == staff_id))
    return StaffMember(row.id, row.login, row.name, row.role, row.language, frozenset(offices))


async def find_by_login(connection: AsyncConnection, login: str) -> tuple[str, str | None] | None:
    """Id and password hash of an account that may sign in; None for unknown and disabled ones."""
    if not login.isprintable():
        return None
    row = (await connection.execute(
        sa.select(staff.c.id, staff.c.password_hash)
        .where(staff.c.login == login.strip().lower(), staff.c.disabled_at.is_(None)))).one_or_none()
    return (row.id, row.password_hash) if row else None


async def staff_names(connection: AsyncConnection, ids: Iterable[str]) -> dict[str, str]:
    """Names of accounts, disabled ones too: for colleagues, never for newcomers."""
    wanted = set(ids)
    if not wanted:
        return {}
    rows = await connection.execute(sa.select(staff.c.id, staff.c.name).where(staff.c.id.in_(wanted)))
    return {row.id: row.name for row in rows}


async def set_language(connection: AsyncConnection, staff_id: str, language: str) -> None:
    """Keep the language of the desk for an account."""
    await connection.execute(sa.update(staff).where(staff.c.id == staff_id).values(language=language))
