from datetime import timedelta

import pytest
import sqlalchemy as sa

from core.clock import now
from core.login_limits import Attempt, LoginLimits
from core.sessions import (
    ABSOLUTE,
    IDLE,
    create_signin_link,
    end_session,
    find_session,
    knows_device,
    remember_device,
    start_session,
    touch_session,
    use_signin_link,
)
from core.staff import (
    StaffProblem,
    add_staff,
    disable_staff,
    enable_staff,
    find_by_login,
    find_staff,
    list_staff,
    password_fits,
    set_password,
)
from core.staff_tables import signin_link, staff, staff_session

PASSWORD = "korrektes pferd batterie"


async def anna(connection, **changes):
    values = {"login": "anna", "name": "Anna Muster", "role": "case_manager", "offices": ["hs.kim"], "password": PASSWORD}
    return await add_staff(connection, **(values | changes))


async def test_an_account_keeps_only_the_argon2id_hash_of_its_password(database):
    async with database.transaction() as connection:
        staff_id = await anna(connection)
        found = await find_by_login(connection, " ANNA ")
        assert await find_by_login(connection, "an\x00na") is None
    assert found is not None
    assert found[0] == staff_id
    assert found[1].startswith("$argon2id$")
    assert await password_fits(found[1], PASSWORD)
    assert not await password_fits(found[1], PASSWORD + " ")
    assert not await password_fits(None, "nobody has this password")


@pytest.mark.parametrize("changes", [
    {"login": ""}, {"login": "an na"}, {"login": "an\x00na"}, {"login": "a" * 121}, {"name": "  "}, {"name": "A" * 121},
    {"role": "chef"}, {"offices": []}, {"role": "lead", "offices": []}, {"password": "kurz"},
    {"password": "x" * 201}, {"password": "ich bin anna und du"},
])
async def test_accounts_that_cannot_be_are_refused_with_a_sentence(database, changes):
    async with database.transaction() as connection:
        with pytest.raises(StaffProblem):
            await anna(connection, **changes)


async def test_a_login_exists_once_whatever_its_capitals(database):
    async with database.transaction() as connection:
        await anna(connection)
        with pytest.raises(StaffProblem, match="anna"):
            await anna(connection, login="Anna")


async def test_accounts_are_listed_by_login_and_by_office(database):
    async with database.transaction() as connection:
        await anna(connection)
        await anna(connection, login="zoe", offices=["gl.kim"])
        await anna(connection, login="bert", role="operator", offices=[])
        assert [line.login for line in await list_staff(connection)] == ["anna", "bert", "zoe"]
        assert [line.login for line in await list_staff(connection, ["gl.kim"])] == ["zoe"]


async def test_a_disabled_account_loses_its_sessions_and_cannot_sign_in(database):
    async with database.transaction() as connection:
        staff_id = await anna(connection)
        token, link = await start_session(connection, staff_id), await create_signin_link(connection, staff_id, 10)
        await disable_staff(connection, "anna")
        assert await find_session(connection, token) is None
        assert await find_by_login(connection, "anna") is None
        assert await use_signin_link(connection, link) is None
        assert await find_staff(connection, staff_id) is None
        await enable_staff(connection, "anna")
        assert await find_by_login(connection, "anna") is not None


async def test_a_new_password_ends_all_sessions(database):
    async with database.transaction() as connection:
        token = await start_session(connection, await anna(connection))
        await set_password(connection, "anna", "ein ganz neues passwort")
        assert await find_session(connection, token) is None
        with pytest.raises(StaffProblem):
            await set_password(connection, "nobody", "ein ganz neues passwort")


async def test_the_database_holds_no_token_of_a_session_or_link(database):
    async with database.transaction() as connection:
        staff_id = await anna(connection)
        token, link = await start_session(connection, staff_id), await create_signin_link(connection, staff_id, 10)
        sessions = (await connection.execute(sa.select(staff_session))).all()
        links = (await connection.execute(sa.select(signin_link))).all()
    assert token not in str(sessions)
    assert link not in str(links)


@pytest.mark.parametrize(("column", "age", "alive"), [
    ("seen_at", IDLE - timedelta(minutes=1), True), ("seen_at", IDLE + timedelta(minutes=1), False),
    ("created_at", ABSOLUTE - timedelta(minutes=1), True), ("created_at", ABSOLUTE + timedelta(minutes=1), False),
])
async def test_a_session_ends_after_idleness_and_after_a_working_day(database, column, age, alive):
    async with database.transaction() as connection:
        token = await start_session(connection, await anna(connection))
        await connection.execute(sa.update(staff_session).values({column: now() - age}))
        assert (await find_session(connection, token) is not None) is alive


async def test_a_session_that_was_used_lately_needs_no_write(database):
    async with database.transaction() as connection:
        token = await start_session(connection, await anna(connection))
        assert not (await find_session(connection, token)).is_stale
        await connection.execute(sa.update(staff_session).values(seen_at=now() - timedelta(minutes=5)))
        session = await find_session(connection, token)
        assert session.is_stale
        await touch_session(connection, session)
        assert not (await find_session(connection, token)).is_stale
        await end_session(connection, session)
        assert await find_session(connection, token) is None


async def test_a_sign_in_link_works_once_and_not_after_its_time(database):
    async with database.transaction() as connection:
        staff_id = await anna(connection)
        link = await create_signin_link(connection, staff_id, 10)
        assert await use_signin_link(connection, link) == staff_id
        assert await use_signin_link(connection, link) is None
        assert await use_signin_link(connection, "something else") is None
        late = await create_signin_link(connection, staff_id, 10)
        await connection.execute(sa.update(signin_link).values(expires_at=now() - timedelta(seconds=1)))
        assert await use_signin_link(connection, late) is None


async def test_a_browser_is_known_only_to_its_own_account(database):
    async with database.transaction() as connection:
        first, second = await anna(connection), await anna(connection, login="bert")
        browser = await remember_device(connection, first)
        assert await knows_device(connection, first, browser)
        assert not await knows_device(connection, second, browser)
        await connection.execute(sa.delete(staff).where(staff.c.id == first))
        assert not await knows_device(connection, first, browser)


async def tries(limits, attempt, number):
    """How many of so many wrong tries were let through."""
    passed = 0
    for _ in range(number):
        if await limits.minutes_to_wait(attempt) == 0:
            passed += 1
            await limits.failed(attempt)
    return passed


async def test_five_wrong_passwords_from_one_place_and_then_a_pause():
    limits = LoginLimits()
    assert await tries(limits, Attempt("anna", "203.0.113.1"), 20) == 5
    assert 1 <= await limits.minutes_to_wait(Attempt("Anna ", "203.0.113.1")) <= 15


async def test_a_stranger_cannot_lock_the_victim_out():
    limits = LoginLimits()
    for host in range(200):
        await tries(limits, Attempt("anna", f"198.51.100.{host}"), 5)
    assert await limits.minutes_to_wait(Attempt("anna", "203.0.113.1")) > 0, "all unknown browsers wait"
    assert await limits.minutes_to_wait(Attempt("anna", "203.0.113.1", device="known")) == 0
    assert await limits.minutes_to_wait(Attempt("bert", "203.0.113.1")) == 0


async def test_a_known_browser_cannot_be_used_for_guessing_either():
    assert await tries(LoginLimits(), Attempt("anna", "203.0.113.1", device="known"), 50) == 10


async def test_one_address_cannot_try_many_accounts():
    limits = LoginLimits()
    passed = sum([await tries(limits, Attempt(f"account{number}", "2001:db8::1"), 1) for number in range(60)])
    assert passed == 40
    assert await limits.minutes_to_wait(Attempt("somebody", "2001:db8::ffff")) > 0, "a /64 is one customer"
    assert await limits.minutes_to_wait(Attempt("somebody", "2001:db8:1::1")) == 0


async def test_after_the_right_password_slips_are_forgotten():
    limits, attempt = LoginLimits(), Attempt("anna", "203.0.113.1")
    await tries(limits, attempt, 4)
    await limits.succeeded(attempt)
    assert await tries(limits, attempt, 20) == 5
