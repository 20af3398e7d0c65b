from handoff.tables import office
from tests.handoff.desk_samples import ERKELENZ, HEINSBERG


async def test_a_lead_sees_only_the_own_offices_and_who_works_there(district):
    lena = await district.signed_in("lena")
    page = await lena.get("/desk/offices")
    for part in (ERKELENZ.name, "Nimmt Fälle an", "Anna", "erkelenz@example.org"):
        assert part in page.text
    assert HEINSBERG.name not in page.text
    assert "Kemal" not in page.text


async def test_a_lead_deactivates_and_activates_with_another_address(district):
    lena = await district.signed_in("lena")
    assert (await lena.post(f"/desk/offices/{ERKELENZ.id}/deactivate")).status_code == 303
    assert "Nimmt keine Fälle an" in (await lena.get("/desk/offices")).text
    refused = await lena.post(f"/desk/offices/{ERKELENZ.id}/activate", email="keine adresse")
    assert refused.status_code == 422
    assert 'value="keine adresse"' in refused.text
    assert "Bitte geben Sie eine E-Mail-Adresse an" in refused.text
    assert (await lena.post(f"/desk/offices/{ERKELENZ.id}/activate", email="neu@example.org")).status_code == 303
    rows = {row.id: row for row in await district.rows(office)}
    assert (rows[ERKELENZ.id].active, rows[ERKELENZ.id].email) == (True, "neu@example.org")
    assert rows[HEINSBERG.id].email == "heinsberg@example.org"
