"""Who may do what: every route of the desk, every role, own and foreign office, and nobody signed in.

The routes come from the application, the expectations from the table below: a new route without an entry fails.
"""

from tests.handoff.desk_samples import HEINSBERG, ROLES_AND_OFFICES

CASE_ROLES, LEADS, EVERYBODY = {"case_manager", "lead"}, {"lead"}, {role for role, _ in ROLES_AND_OFFICES.values()}
CASE = "/desk/cases/{ticket_id}"
MAY = {
    "/desk": EVERYBODY, "/desk/account": EVERYBODY, "/desk/cases": CASE_ROLES, "/desk/cases/closed": CASE_ROLES,
    "/desk/cases/news": CASE_ROLES, CASE: CASE_ROLES, f"{CASE}/news": CASE_ROLES, f"{CASE}/reply": CASE_ROLES,
    f"{CASE}/note": CASE_ROLES, f"{CASE}/close": CASE_ROLES, f"{CASE}/hold": LEADS, f"{CASE}/end-hold": LEADS,
    "/desk/offices": LEADS, "/desk/offices/{office_id}/activate": LEADS, "/desk/offices/{office_id}/deactivate": LEADS,
}
PUBLIC = {"/desk/signin", "/desk/signout", "/desk/link/{token}", "/desk/language"}
FIELDS = {"text": "Guten Tag", "seen": "0", "outcome": "solved", "until": "2099-01-01", "email": "a@example.org"}


def test_every_route_has_an_expectation(district):
    paths = {page.path for page in district.app.state.pages}
    assert paths == set(MAY) | PUBLIC
    assert {page.path for page in district.app.state.pages if page.public} == PUBLIC


def protected(district):
    for page in district.app.state.pages:
        if not page.public:
            for method in page.methods:
                yield page.path, method


async def call(client, method, path, csrf=""):
    return await (client.get(path) if method == "GET" else client.post(path, data={"csrf": csrf, **FIELDS}))


async def test_nobody_passes_without_signing_in(district):
    own = await district.open()
    for path, method in protected(district):
        real = path.format(ticket_id=own.id, office_id="hs.kim-erkelenz")
        answer = await call(district.browser(), method, real)
        assert answer.status_code == (303 if method == "GET" else 401), (method, path)
        if method == "GET":
            assert answer.headers["location"].startswith("/desk/signin?next=")
        assert "رسالة" not in answer.text


async def test_every_route_for_every_role_and_office(district):
    foreign = await district.open(office=HEINSBERG.id, carrier=HEINSBERG.carrier, town="Heinsberg")
    checked = 0
    for login in ("anna", "lena", "edda", "cora", "aurel", "otto"):
        role = ROLES_AND_OFFICES[login][0]
        browser = await district.signed_in(login)
        for path, method in protected(district):
            for is_own in (True, False) if "{" in path else (True,):
                case = (await district.open()) if is_own else foreign
                office = "hs.kim-erkelenz" if is_own else HEINSBERG.id
                answer = await call(browser.client, method, path.format(ticket_id=case.id, office_id=office), browser.csrf)
                expected = {403} if role not in MAY[path] else {200, 303} if is_own else {404}
                assert answer.status_code in expected, (login, method, path, is_own, answer.status_code)
                checked += 1
            await district.browser().aclose()
            async with district.database.transaction() as connection:  # whatever a lead switched off
                from handoff.offices import activate_office
                await activate_office(connection, "hs.kim-erkelenz", "erkelenz@example.org")
    assert checked > 100


async def test_no_form_of_the_desk_works_without_its_token(district):
    own = await district.open()
    lena = await district.signed_in("lena")
    for page in district.app.state.pages:
        if "POST" in page.methods and page.path != "/desk/signin":
            path = page.path.format(ticket_id=own.id, office_id="hs.kim-erkelenz", token="x")
            for csrf in ("", "wrong", "ü"):
                answer = await lena.client.post(path, data={**FIELDS, "csrf": csrf})
                assert answer.status_code == 403, path
    assert (await lena.get(f"/desk/cases/{own.id}")).status_code == 200, "nothing was changed, nobody signed out"
    assert district.outbox.sent == []


async def test_wrong_methods_are_no_crash(district):
    lena = await district.signed_in("lena")
    for method in ("PUT", "DELETE", "PATCH"):
        answer = await lena.client.request(method, "/desk/cases", headers={"x-csrf-token": lena.csrf})
        assert answer.status_code == 405
