import re

import httpx
import pytest
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from core.database import Database
from core.errors import LotseError
from core.sessions import create_signin_link, find_session
from core.staff import add_staff
from core.staff_tables import staff_session
from core.web import NavItem, Page, Section, build_web
from core.web.guard import BODY_LIMIT

# The pages care little about the database beneath; sessions and accounts are tested on both in test_staff.py.
pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)

PASSWORD = "korrektes pferd batterie"


class NoLuck(LotseError):
    status = 409


async def show(request):
    return PlainTextResponse("inside")


async def fail(request):
    raise RuntimeError("GEHEIMER INHALT")


async def refuse(request):
    raise NoLuck("The kettle is empty.")


async def echo(request):
    return PlainTextResponse(str(len(await request.body())))


SECTION = Section(
    pages=(Page("/desk/inside", show, roles=frozenset({"editor"})), Page("/desk/fail", fail), Page("/desk/refuse", refuse),
           Page("/desk/echo", echo, ("POST",)), Page("/desk/quiet", show, in_background=True)),
    nav=(NavItem("Inside", "/desk/inside", frozenset({"editor"})),))


@pytest.fixture
async def accounts(database):
    async with database.transaction() as connection:
        return {login: await add_staff(connection, login, login.title(), role, [], PASSWORD)
                for login, role in (("edda", "editor"), ("otto", "operator"))}


@pytest.fixture
def app(database, accounts):
    hook = Route("/telegram", echo, methods=["POST"])
    return build_web(database, [SECTION], routes=[hook, Route("/open", echo, methods=["POST"])], operator="Kreis Beispiel",
                     csrf_exempt=["/telegram"], body_limits={"/telegram": 1_000_000})


def browser(app, base="http://desk.test", address="203.0.113.7"):
    return httpx.AsyncClient(transport=httpx.ASGITransport(app, client=(address, 1)), base_url=base)


async def sign_in(client, login="edda", password=PASSWORD, **fields):
    return await client.post("/desk/signin", data={"login": login, "password": password, **fields})


async def csrf(client):
    return re.search(r'name="csrf" value="([^"]+)"', (await client.get("/desk/account")).text)[1]


async def test_signing_in_leads_to_the_page_that_was_asked_for(app):
    client = browser(app)
    asked = await client.get("/desk/inside?a=1")
    assert asked.headers["location"] == "/desk/signin?next=%2Fdesk%2Finside%3Fa%3D1"
    page = await client.get(asked.headers["location"])
    assert 'name="next" value="/desk/inside?a=1"' in page.text
    answer = await sign_in(client, next="/desk/inside?a=1")
    assert (answer.status_code, answer.headers["location"]) == (303, "/desk/inside?a=1")
    assert (await client.get("/desk/inside")).text == "inside"


@pytest.mark.parametrize("target", ["https://evil.example", "//evil.example", "/desk\\@evil", "/deskevil", "/desk/\r\nx: y", "/desk/signin"])
async def test_signing_in_leads_nowhere_else(app, target):
    answer = await sign_in(browser(app), next=target)
    assert answer.headers["location"] == "/desk/inside"


async def test_who_has_no_pages_lands_on_the_own_account(app):
    client = browser(app)
    assert (await sign_in(client, "otto")).headers["location"] == "/desk/account"
    assert "noch keine Seiten" in (await client.get("/desk/account")).text
    assert (await client.get("/desk/inside")).status_code == 403


@pytest.mark.parametrize(("login", "password"), [("edda", "falsch"), ("nobody", PASSWORD), ("ed\x00da", "\x00"), ("", ""), ("edda", "x" * 5000)])
async def test_a_wrong_login_and_a_wrong_password_read_the_same(app, login, password):
    client = browser(app)
    answer = await sign_in(client, login, password)
    assert answer.status_code == 401
    assert "Benutzername oder Passwort stimmt nicht." in answer.text
    assert password[:20] not in answer.text or not password
    assert "lotse" not in client.cookies


async def test_a_disabled_account_reads_the_same_too(app, database, accounts):
    from core.staff import disable_staff
    async with database.transaction() as connection:
        await disable_staff(connection, "edda")
    assert (await sign_in(browser(app))).status_code == 401


async def test_too_many_tries_get_a_clear_sentence_and_the_known_browser_still_gets_in(app):
    own, stranger = browser(app), browser(app)
    await sign_in(own)
    for _ in range(5):
        await sign_in(stranger, "edda", "falsch")
    answer = await sign_in(stranger)
    assert answer.status_code == 429
    assert "Zu viele Versuche. Bitte warten Sie" in answer.text
    assert int(answer.headers["retry-after"]) > 0
    own.cookies.delete("lotse")
    assert (await sign_in(own)).status_code == 303


async def test_cookies_are_for_this_site_alone(app):
    answer = await sign_in(browser(app))
    cookies = answer.headers.get_list("set-cookie")
    assert len(cookies) == 2
    for cookie in cookies:
        assert "HttpOnly" in cookie and "SameSite=lax" in cookie and "Path=/" in cookie and "Secure" not in cookie


async def test_with_tls_cookies_are_secure_and_bound_to_the_host(database, accounts):
    app = build_web(database, [SECTION], public_url="https://desk.test")
    client = browser(app, "https://desk.test")
    answer = await sign_in(client)
    for cookie in answer.headers.get_list("set-cookie"):
        assert cookie.startswith("__Host-lotse") and "Secure" in cookie and "Path=/" in cookie and "Domain" not in cookie
    assert answer.headers["strict-transport-security"]
    assert (await client.get("/desk/inside")).status_code == 200


async def test_signing_out_ends_the_session_on_the_server(app, database):
    client = browser(app)
    await sign_in(client)
    token = client.cookies["lotse"]
    answer = await client.post("/desk/signout", data={"csrf": await csrf(client)})
    assert answer.headers["location"] == "/desk/signin"
    async with database.reading() as connection:
        assert await find_session(connection, token) is None


async def test_signing_in_again_gives_a_new_session(app, database):
    client = browser(app)
    await sign_in(client)
    first = client.cookies["lotse"]
    await sign_in(client)
    assert client.cookies["lotse"] != first
    async with database.reading() as connection:
        assert await find_session(connection, first) is None


async def test_a_link_signs_in_with_a_button_and_only_once(app, database, accounts):
    async with database.transaction() as connection:
        token = await create_signin_link(connection, accounts["edda"], 10)
    client = browser(app)
    for _ in range(2):
        assert "Mit diesem Link melden Sie sich" in (await client.get(f"/desk/link/{token}")).text
    assert (await client.post(f"/desk/link/{token}")).headers["location"] == "/desk/inside"
    again = await browser(app).post(f"/desk/link/{token}")
    assert again.status_code == 410
    assert "schon benutzt" in again.text


async def test_a_form_without_its_token_is_refused_and_the_text_kept(app):
    client = browser(app)
    await sign_in(client)
    answer = await client.post("/desk/echo", data={"text": "Mein Text", "csrf": "old"})
    assert answer.status_code == 403
    assert "Mein Text</textarea>" in answer.text
    token = await csrf(client)
    assert (await client.post("/desk/echo", data={"csrf": token})).status_code == 200
    assert (await client.post("/desk/echo", files={"file": b"x"}, data={"csrf": token})).status_code == 200
    assert (await client.post("/desk/echo", json={}, headers={"x-csrf-token": token})).status_code == 200
    assert (await client.post("/desk/echo", json={})).status_code == 403


@pytest.mark.parametrize(("headers", "status"), [
    ({"origin": "https://evil.example"}, 403), ({"origin": "null"}, 403), ({"sec-fetch-site": "cross-site"}, 403),
    ({"sec-fetch-site": "same-site"}, 403), ({"origin": "http://desk.test"}, 401), ({"sec-fetch-site": "same-origin"}, 401), ({}, 401),
])
async def test_another_site_cannot_sign_somebody_in(app, headers, status):
    answer = await browser(app).post("/desk/signin", data={"login": "edda", "password": "falsch"}, headers=headers)
    assert answer.status_code == status


async def test_behind_a_proxy_the_public_address_counts_as_our_own(database, accounts):
    app = build_web(database, [SECTION], public_url="https://lotse.example.org")
    client = browser(app, "http://127.0.0.1:8080")
    answer = await client.post("/desk/signin", data={"login": "x"}, headers={"origin": "https://lotse.example.org"})
    assert answer.status_code == 401


async def test_exempt_paths_need_neither_token_nor_origin(app):
    client = browser(app)
    assert (await client.post("/telegram", content=b"{}", headers={"origin": "https://evil.example"})).status_code == 200
    assert (await client.post("/open", content=b"{}", headers={"origin": "https://evil.example"})).status_code == 403


async def endless(size):
    for _ in range(size // 1000):
        yield b"x" * 1000


async def test_bodies_have_a_limit_declared_or_not(app):
    client = browser(app)
    for content in (b"x" * (BODY_LIMIT + 1), endless(BODY_LIMIT + 2000)):
        answer = await client.post("/open", content=content)
        assert answer.status_code == 413
        assert "Zu groß" in answer.text
    assert (await client.post("/telegram", content=b"x" * 900_000)).text == "900000"
    assert (await client.post("/telegram", content=b"x" * 1_100_000)).status_code == 413


@pytest.mark.parametrize("path", ["/desk/signin", "/nothing", "/static/desk.css", "/desk/fail", "/telegram"])
async def test_every_answer_carries_the_security_headers(app, path):
    client = browser(app)
    await sign_in(client)
    answer = await client.get(path)
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["x-frame-options"] == "DENY"
    assert answer.headers["referrer-policy"] == "same-origin"
    assert (answer.headers.get("cache-control") == "no-store") is path.startswith("/desk")


async def test_no_page_has_inline_code_or_style(app):
    client = browser(app)
    pages = [await client.get("/desk/signin"), await client.get("/nothing")]
    await sign_in(client)
    pages.append(await client.get("/desk/account"))
    for page in pages:
        assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=|javascript:", page.text)


async def test_a_crash_is_a_page_without_details_and_a_log_line_without_words(app, capsys):
    client = browser(app)
    await sign_in(client)
    answer = await client.get("/desk/fail")
    assert answer.status_code == 500
    assert "Etwas ist schiefgegangen" in answer.text
    assert "GEHEIM" not in answer.text
    logged = "".join(capsys.readouterr())
    assert "RuntimeError" in logged and "GEHEIM" not in logged


async def test_a_known_problem_is_a_sentence(app):
    client = browser(app)
    await sign_in(client)
    answer = await client.get("/desk/refuse")
    assert answer.status_code == 409
    assert "The kettle is empty." in answer.text


async def test_a_database_that_is_away_is_a_page(accounts):
    gone = Database("postgresql://postgres@127.0.0.1:1/nothing")
    client = browser(build_web(gone, [SECTION]))
    answer = await sign_in(client)
    await gone.close()
    assert answer.status_code == 503
    assert "Die Datenbank ist gerade nicht erreichbar" in answer.text


async def test_the_language_follows_the_browser_then_the_choice_then_the_account(app, database):
    client = browser(app)
    assert '<html lang="de">' in (await client.get("/desk/signin")).text
    assert '<html lang="en">' in (await client.get("/desk/signin", headers={"accept-language": "fr, en;q=0.9, de;q=0.5"})).text
    answer = await client.post("/desk/language", data={"language": "en", "next": "/desk/signin?next=%2Fdesk"})
    assert answer.headers["location"] == "/desk/signin?next=%2Fdesk"
    assert '<html lang="en">' in (await client.get("/desk/signin")).text
    await sign_in(client)
    other = browser(app)
    await sign_in(other)
    assert '<html lang="en">' in (await other.get("/desk/account")).text
    await other.post("/desk/language", data={"language": "de", "csrf": await csrf(other), "next": "https://evil.example"})
    assert '<html lang="de">' in (await client.get("/desk/account")).text
    await other.post("/desk/language", data={"language": "xx", "csrf": await csrf(other)})
    assert '<html lang="de">' in (await client.get("/desk/account")).text


async def test_looking_for_news_keeps_no_session_awake(app, database):
    from datetime import timedelta

    import sqlalchemy as sa

    from core.clock import now
    client = browser(app)
    await sign_in(client)
    before = now() - timedelta(minutes=30)
    for path, moved in (("/desk/quiet", False), ("/desk/account", True)):
        async with database.transaction() as connection:
            await connection.execute(sa.update(staff_session).values(seen_at=before))
        await client.get(path)
        async with database.reading() as connection:
            assert (await connection.scalar(sa.select(staff_session.c.seen_at)) > before) is moved


async def test_a_broken_form_is_no_crash(app):
    client = browser(app)
    await sign_in(client)
    answer = await client.post("/desk/echo", content=b"--x\r\nbroken", headers={"content-type": "multipart/form-data"})
    assert answer.status_code in {400, 403}
    assert (await client.post("/desk/signin", content=b"\xff\xfe=%zz&", headers={"content-type": "application/x-www-form-urlencoded"})).status_code == 401


async def test_static_files_with_their_version_are_kept_by_browsers(app):
    client = browser(app)
    address = re.search(r'href="(/static/desk\.css\?v=\w+)"', (await client.get("/desk/signin")).text)[1]
    answer = await client.get(address)
    assert answer.status_code == 200
    assert "immutable" in answer.headers["cache-control"]
    assert (await client.get("/static/../staff.py")).status_code == 404
    assert (await client.get("/static/%2e%2e/staff.py")).status_code == 404


