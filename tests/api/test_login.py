"""Sessions of browsers: cookies, other sites, and how a session ends."""

from __future__ import annotations

import time
from http.cookies import Morsel, SimpleCookie

import httpx
import pytest
from starlette.responses import Response

from lrtune.wire import AccountChange, NewToken, Role
from service.sessions import COOKIE, LASTS_S, Sessions
from store import Database, accounts, tokens
from tests.api.conftest import Client
from tests.api.members import enrol
from tests.api.problem import problem

ORIGIN = {"Origin": "http://localhost:8765"}
HTML = {"Accept": "text/html"}


@pytest.fixture
def token(database: Database) -> NewToken:
    return enrol(database, "ada", Role.ADMIN)


def sign_in(client: Client, secret: str, **headers: str) -> httpx.Response:
    return client.post("/login", data={"token": secret, "next": "/tasks"}, headers={**ORIGIN, **headers})


def cookie(response: httpx.Response) -> Morsel[str]:
    return SimpleCookie(response.headers["set-cookie"])[COOKIE]


def as_browser(value: str, **more: str) -> dict[str, str]:
    return {"Cookie": f"{COOKIE}={value}", **more}


def test_sign_in_write_and_sign_out(client: Client, token: NewToken) -> None:
    response = sign_in(client, token.secret)
    assert (response.status_code, response.headers["location"]) == (303, "/tasks")
    set_cookie = cookie(response)
    assert set_cookie["httponly"]
    assert set_cookie["samesite"] == "lax"
    assert not set_cookie["secure"]
    assert token.secret not in response.headers["set-cookie"]
    browser = as_browser(set_cookie.value)
    assert client.get("/tasks", headers=browser | HTML).status_code == 200
    job = client.post("/v1/jobs", json={"task": "digits-mlp"}, headers=browser | ORIGIN)
    assert job.json()["author"] == "ada"
    out = client.post("/logout", headers=browser | ORIGIN)
    assert (out.status_code, out.headers["location"]) == (303, "/login")
    assert cookie(out).value == ""


def test_over_https_the_cookie_is_secure(client: Client, token: NewToken) -> None:
    response = sign_in(client, token.secret, Origin="https://localhost:8765")
    assert cookie(response)["secure"]


@pytest.mark.parametrize("secret", ["", "lrt_nothing", "<script>"])
def test_a_wrong_token(client: Client, token: NewToken, secret: str) -> None:
    response = sign_in(client, secret)
    assert response.status_code == 401
    assert "set-cookie" not in response.headers
    assert "There is no such token." in response.text
    assert "<script>" not in response.text.replace('<script src="', "")


@pytest.mark.parametrize(
    "evidence", [{}, {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "null"}]
)
def test_a_session_writes_only_from_our_own_pages(
    client: Client, token: NewToken, evidence: dict[str, str]
) -> None:
    browser = as_browser(cookie(sign_in(client, token.secret)).value)
    problem(client.post("/v1/jobs", json={"task": "digits-mlp"}, headers=browser | evidence), "cross_origin")


def test_fetch_metadata_is_evidence_too(client: Client, token: NewToken) -> None:
    browser = as_browser(cookie(sign_in(client, token.secret)).value, **{"Sec-Fetch-Site": "same-origin"})
    assert client.post("/v1/jobs", json={"task": "digits-mlp"}, headers=browser).status_code == 202


@pytest.mark.parametrize("path", ["/login", "/logout"])
def test_another_site_signs_nobody_in_or_out(client: Client, token: NewToken, path: str) -> None:
    response = client.post(path, data={"token": token.secret}, headers={"Origin": "https://evil.example"})
    problem(response, "cross_origin")
    assert "set-cookie" not in response.headers


def test_a_planted_cookie_is_replaced(client: Client, token: NewToken, database: Database) -> None:
    planted = cookie(sign_in(client, enrol(database, "eve", Role.VIEWER).secret)).value
    fresh = cookie(sign_in(client, token.secret, Cookie=f"{COOKIE}={planted}")).value
    assert fresh != planted
    assert client.get("/v1/me", headers=as_browser(fresh)).json()["account"]["name"] == "ada"


def test_a_session_ends_with_its_token(client: Client, token: NewToken, database: Database) -> None:
    browser = as_browser(cookie(sign_in(client, token.secret)).value)
    assert client.get("/v1/me", headers=browser).status_code == 200
    with database.write() as tx:
        tokens.revoke(tx, token.id)
    problem(client.get("/v1/me", headers=browser), "unauthenticated")


def test_a_session_ends_with_its_account(client: Client, token: NewToken, database: Database) -> None:
    browser = as_browser(cookie(sign_in(client, token.secret)).value)
    enrol(database, "grace", Role.ADMIN)
    with database.write() as tx:
        accounts.change(tx, "ada", AccountChange(disabled=True))
    problem(client.get("/v1/me", headers=browser), "unauthenticated")


def test_a_session_ends_after_a_while(client: Client, token: NewToken) -> None:
    sessions = client.app.state.context.authentication.sessions
    value = cookie(sign_in(client, token.secret)).value
    now = time.time()
    assert Sessions(sessions._key, lambda: now + LASTS_S - 5).token(value) == token.id
    assert Sessions(sessions._key, lambda: now + LASTS_S + 5).token(value) is None


@pytest.mark.parametrize("forged", ["tampered", "foreign", "", "a.b.c", "é", "x" * 5000])
def test_a_forged_session(client: Client, token: NewToken, forged: str) -> None:
    value = cookie(sign_in(client, token.secret)).value
    if forged == "tampered":
        forged = "".join(reversed(token.id)) + value[len(token.id) :]
    elif forged == "foreign":
        response = Response()
        Sessions(lambda: b"x" * 32).start(response, token.id, secure=False)
        forged = SimpleCookie(response.headers["set-cookie"])[COOKIE].value
    headers = {"Cookie": f"{COOKIE}={forged}".encode()}
    problem(client.get("/v1/me", headers=headers), "unauthenticated")


@pytest.mark.parametrize(
    ("next", "location"),
    [
        ("/jobs/a?x=1", "/jobs/a?x=1"),
        ("https://evil.example/", "/"),
        ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("/\r\nX: y", "/"),
        ("", "/"),
    ],
)
def test_after_login_nobody_is_sent_elsewhere(
    client: Client, token: NewToken, next: str, location: str
) -> None:
    response = client.post("/login", data={"token": token.secret, "next": next}, headers=ORIGIN)
    assert response.headers["location"] == location


def test_a_page_leads_to_the_form_and_back(client: Client, token: NewToken) -> None:
    response = client.get("/best?task=digits-mlp", headers=HTML)
    assert response.status_code == 303
    assert response.headers["location"] == "/login?next=%2Fbest%3Ftask%3Ddigits-mlp"
    form = client.get(response.headers["location"], headers=HTML)
    assert 'value="/best?task=digits-mlp"' in form.text
    problem(client.get("/v1/best?task=digits-mlp", headers=HTML), "unauthenticated")


def test_without_accounts_there_is_nothing_to_sign_in_to(client: Client) -> None:
    response = client.get("/login?next=/tasks", headers=HTML)
    assert (response.status_code, response.headers["location"]) == (303, "/tasks")


def test_a_form_that_is_too_large(client: Client, token: NewToken) -> None:
    problem(client.post("/login", content=b"x" * 5000, headers=ORIGIN), "body_too_large")


def test_the_key_is_kept_for_nobody_else_to_read(client: Client, token: NewToken) -> None:
    sign_in(client, token.secret)
    home = client.app.state.context.settings.home
    assert (home / "session.key").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in home.glob("session.key*")] == ["session.key"]
