from dataclasses import replace

import pytest

from core.staff import add_staff, disable_staff
from handoff.errors import Unusable
from handoff.offices import activate_office, deactivate_office, list_offices, staffed_offices, sync_offices
from tests.handoff.desk_samples import ERKELENZ, HEINSBERG


async def test_an_office_takes_cases_only_when_activated_and_staffed(database):
    async with database.transaction() as connection:
        await sync_offices(connection, [ERKELENZ, HEINSBERG])
        assert await staffed_offices(connection) == frozenset()
        await activate_office(connection, ERKELENZ.id, "a@example.org")
        assert await staffed_offices(connection) == frozenset()
        await add_staff(connection, "anna", "Anna", "case_manager", [ERKELENZ.id, HEINSBERG.id], None)
        assert await staffed_offices(connection) == {ERKELENZ.id}


async def test_an_editor_in_the_office_is_nobody_who_reads_cases(database):
    async with database.transaction() as connection:
        await sync_offices(connection, [ERKELENZ])
        await activate_office(connection, ERKELENZ.id, "a@example.org")
        await add_staff(connection, "edda", "Edda", "editor", [ERKELENZ.id], None)
        assert await staffed_offices(connection) == frozenset()


async def test_without_its_last_enabled_case_manager_an_office_takes_no_cases(database):
    async with database.transaction() as connection:
        await sync_offices(connection, [ERKELENZ])
        await activate_office(connection, ERKELENZ.id, "a@example.org")
        await add_staff(connection, "anna", "Anna", "lead", [ERKELENZ.id], None)
        await disable_staff(connection, "anna")
        assert await staffed_offices(connection) == frozenset()


async def test_reading_the_region_files_again_changes_names_and_keeps_the_activation(database):
    async with database.transaction() as connection:
        await sync_offices(connection, [ERKELENZ])
        await activate_office(connection, ERKELENZ.id, "a@example.org")
        await sync_offices(connection, [replace(ERKELENZ, name="KIM Erkelenz (neu)", towns=("Erkelenz", "Wegberg"))])
        (office,) = await list_offices(connection)
    assert (office.name, office.towns, office.is_active, office.email) == (
        "KIM Erkelenz (neu)", ("Erkelenz", "Wegberg"), True, "a@example.org")


async def test_an_office_that_no_file_names_any_more_serves_no_town(database):
    async with database.transaction() as connection:
        await sync_offices(connection, [ERKELENZ, HEINSBERG])
        await sync_offices(connection, [ERKELENZ])
        offices = {office.id: office for office in await list_offices(connection)}
    assert offices[HEINSBERG.id].towns == ()


async def test_deactivating_stops_new_cases_and_keeps_the_address(district):
    async with district.database.transaction() as connection:
        await deactivate_office(connection, ERKELENZ.id)
        assert await staffed_offices(connection) == {HEINSBERG.id}
        (office,) = await list_offices(connection, [ERKELENZ.id])
    assert office.email == "erkelenz@example.org"


@pytest.mark.parametrize("email", ["", "kim", "a@b", "a@b.de, c@d.de", "a b@example.org", "a@exämple.org", "x@y.de\nBcc: z@y.de"])
async def test_what_is_no_single_address_is_refused(database, email):
    async with database.transaction() as connection:
        await sync_offices(connection, [ERKELENZ])
        with pytest.raises(Unusable):
            await activate_office(connection, ERKELENZ.id, email)
