"""Tokens over HTTP: shown once, scoped, expiring, revoked; accounts that change under them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from lrtune.wire import AccountChange, NewToken, Role
from store import Database, accounts, tables, tokens
from tests.api.conftest import Client
from tests.api.members import bearer, enrol, speaking
from tests.api.problem import problem


@pytest.fixture
def root(client: Client, database: Database) -> Client:
    return speaking(client, enrol(database, "root", Role.ADMIN).secret)


@pytest.fixture
def ada_token(root: Client, database: Database) -> NewToken:
    return enrol(database, "ada", Role.MEMBER)


@pytest.fixture
def ada(client: Client, ada_token: NewToken) -> Client:
    return speaking(client, ada_token.secret)


def test_without_accounts_everybody_here_is_admin(client: Client) -> None:
    me = client.get("/v1/me").json()
    assert (me["account"], me["role"], me["token"]) == (None, "admin", None)
    assert client.get("/v1/tokens").json()["items"] == []
    problem(client.post("/v1/tokens", json={}), "no_accounts")


def test_the_first_account_ends_that(client: Client) -> None:
    problem(client.post("/v1/accounts", json={"name": "ada"}), "last_admin")
    created = client.post("/v1/accounts", json={"name": "ada", "role": "admin"})
    assert created.status_code == 201
    assert created.headers["cache-control"] == "no-store"
    response = client.get("/v1/jobs")
    problem(response, "unauthenticated")
    assert response.headers["www-authenticate"] == 'Bearer realm="lrtune"'
    secret = created.json()["token"]["secret"]
    assert client.get("/v1/me", headers=bearer(secret)).json()["account"]["name"] == "ada"


@pytest.mark.parametrize("header", ["Basic YTpi", "Bearer", "Bearer ", "lrt_x", "bearer\t"])
def test_what_is_no_bearer_token(root: Client, header: str) -> None:
    problem(root.get("/v1/jobs", headers={"Authorization": header}), "unauthenticated")


@pytest.mark.parametrize("secret", ["lrt_nothing", "x" * 5000, "é", "'; --", "lrt_" + "0" * 40])
def test_an_unknown_token(root: Client, secret: str) -> None:
    response = root.get("/v1/jobs", headers={"Authorization": f"Bearer {secret}".encode()})
    problem(response, "invalid_token")
    assert 'error="invalid_token"' in response.headers["www-authenticate"]


def test_who_asks_is_known_before_the_body_is_read(root: Client) -> None:
    headers = bearer("lrt_nothing")
    problem(root.post("/v1/jobs", content=b"{", headers=headers), "invalid_token")


def test_the_secret_is_shown_once_and_stored_hashed(ada: Client, database: Database) -> None:
    created = ada.post("/v1/tokens", json={"label": "laptop", "scopes": ["read"]})
    assert created.status_code == 201
    secret = created.json()["secret"]
    assert secret.startswith("lrt_")
    listed = ada.get("/v1/tokens")
    assert [token["label"] for token in listed.json()["items"]] == ["", "laptop"]
    assert secret not in listed.text
    with database.read() as tx:
        rows = tx.conn.execute(sa.select(tables.tokens)).all()
    assert secret not in str(rows)
    assert tokens.digest(secret) in {row.hash for row in rows}


def test_a_token_is_good_for_its_scopes(client: Client, ada: Client) -> None:
    secret = ada.post("/v1/tokens", json={"scopes": ["read"]}).json()["secret"]
    reader = speaking(client, secret)
    assert reader.get("/v1/jobs").status_code == 200
    response = reader.post("/v1/jobs", json={"task": "digits-mlp"})
    problem(response, "insufficient_scope")
    assert 'scope="submit"' in response.headers["www-authenticate"]
    problem(reader.post("/v1/tokens", json={"scopes": ["submit"]}), "invalid_request", "/scopes")
    assert reader.post("/v1/tokens", json={}).json()["scopes"] == ["read"]


def test_no_scope_is_beyond_the_role(ada: Client, root: Client) -> None:
    problem(ada.post("/v1/tokens", json={"scopes": ["admin"]}), "invalid_request", "/scopes")
    request = {"account": "ada", "scopes": ["admin"]}
    problem(root.post("/v1/tokens", json=request), "invalid_request", "/scopes")


@pytest.mark.parametrize("at", ["2020-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59Z"])
def test_an_end_that_cannot_be(ada: Client, at: str) -> None:
    problem(ada.post("/v1/tokens", json={"expires_at": at}), "invalid_request", "/expires_at")


def test_a_token_outlives_none_that_it_makes(client: Client, ada: Client) -> None:
    soon, later = (datetime.now(UTC) + timedelta(days=days) for days in (1, 2))
    secret = ada.post("/v1/tokens", json={"expires_at": soon.isoformat()}).json()["secret"]
    short = speaking(client, secret)
    problem(
        short.post("/v1/tokens", json={"expires_at": later.isoformat()}), "invalid_request", "/expires_at"
    )
    made = short.post("/v1/tokens", json={}).json()
    assert datetime.fromisoformat(made["expires_at"]) == soon


def test_an_expired_token(ada: Client, ada_token: NewToken, database: Database) -> None:
    with database.write() as tx:
        tx.conn.execute(sa.update(tables.tokens).values(expires_at=tx.now() - timedelta(seconds=1)))
    assert "expired" in problem(ada.get("/v1/jobs"), "invalid_token")["detail"]


def test_a_revoked_token(ada: Client, ada_token: NewToken) -> None:
    for _ in range(2):
        secret = ada.post("/v1/tokens", json={}).json()
        revoked = ada.post(f"/v1/tokens/{secret['id']}/revoke").json()
        assert revoked["revoked_at"]
        found = problem(ada.get("/v1/jobs", headers=bearer(secret["secret"])), "invalid_token")
        assert "revoked" in found["detail"]
    ada.post(f"/v1/tokens/{ada_token.id}/revoke")
    problem(ada.get("/v1/me"), "invalid_token")


def test_tokens_of_others(ada: Client, root: Client, ada_token: NewToken) -> None:
    [token] = root.get("/v1/tokens").json()["items"]
    problem(ada.post(f"/v1/tokens/{token['id']}/revoke"), "not_owner")
    problem(ada.get("/v1/tokens?account=root"), "not_owner")
    problem(ada.post("/v1/tokens", json={"account": "root"}), "not_owner")
    assert root.get("/v1/tokens?account=ada").json()["items"][0]["id"] == ada_token.id
    assert root.post("/v1/tokens", json={"account": "ada"}).json()["account"] == "ada"
    assert root.post(f"/v1/tokens/{ada_token.id}/revoke").status_code == 200
    problem(root.get("/v1/tokens?account=nobody"), "not_found")
    problem(root.post("/v1/tokens", json={"account": "nobody"}), "not_found")
    problem(root.post("/v1/tokens/nothing/revoke"), "not_found")


def test_a_disabled_account_and_its_return(ada: Client, root: Client) -> None:
    root.request("PATCH", "/v1/accounts/ada", json={"disabled": True})
    assert "disabled" in problem(ada.get("/v1/jobs"), "invalid_token")["detail"]
    root.request("PATCH", "/v1/accounts/ada", json={"disabled": False})
    assert ada.get("/v1/jobs").status_code == 200


def test_another_role_changes_what_its_tokens_may(ada: Client, root: Client) -> None:
    root.request("PATCH", "/v1/accounts/ada", json={"role": "viewer"})
    response = ada.post("/v1/jobs", json={"task": "digits-mlp"})
    assert "member" in problem(response, "insufficient_role")["detail"]
    assert ada.get("/v1/me").json()["scopes"] == ["read"]


def test_the_last_admin_stays(root: Client, database: Database) -> None:
    for change in ({"disabled": True}, {"role": "member"}):
        problem(root.request("PATCH", "/v1/accounts/root", json=change), "last_admin")
    enrol(database, "grace", Role.ADMIN)
    assert root.request("PATCH", "/v1/accounts/root", json={"role": "member"}).status_code == 200
    problem(root.get("/v1/accounts"), "insufficient_role")


def test_accounts(root: Client, ada: Client) -> None:
    problem(root.post("/v1/accounts", json={"name": "ada"}), "account_exists")
    for name in ("", "Ada", "a b", "a/b", "-a", "x" * 101, "é"):
        problem(root.post("/v1/accounts", json={"name": name}), "invalid_request", "/name")
    assert [account["name"] for account in root.get("/v1/accounts").json()["items"]] == ["ada", "root"]
    page = root.get("/v1/accounts?limit=1").json()
    assert root.get(f"/v1/accounts?cursor={page['next_cursor']}").json()["items"][0]["name"] == "root"
    assert root.get("/v1/accounts/ada").json()["role"] == "member"
    problem(root.get("/v1/accounts/nobody"), "not_found")
    problem(root.get("/v1/accounts/%00"), "not_found")


def test_last_use_is_noted_once_a_minute(ada: Client, database: Database) -> None:
    def last_used() -> str:
        used: str = ada.get("/v1/tokens").json()["items"][0]["last_used_at"]
        return used

    first = last_used()
    assert first is not None
    assert last_used() == first
    with database.write() as tx:
        past = tx.now() - tokens.USED_EVERY
        tx.conn.execute(sa.update(tables.tokens).values(last_used_at=past))
    assert datetime.fromisoformat(last_used()) > past


def test_a_job_has_an_author_and_keys_of_his_own(ada: Client, root: Client) -> None:
    body, key = {"task": "digits-mlp"}, {"Idempotency-Key": "monday"}
    ours = ada.post("/v1/jobs", json=body, headers=key)
    assert ours.json()["author"] == "ada"
    theirs = root.post("/v1/jobs", json=body, headers=key)
    assert theirs.json()["id"] != ours.json()["id"]
    again = ada.post("/v1/jobs", json=body, headers=key)
    assert again.json()["id"] == ours.json()["id"]


def test_jobs_from_before_there_were_accounts_are_admins(client: Client, database: Database) -> None:
    job = client.post("/v1/jobs", json={"task": "digits-mlp"}).json()
    assert job["author"] is None
    root = speaking(client, enrol(database, "root", Role.ADMIN).secret)
    ada = speaking(client, enrol(database, "ada", Role.MEMBER).secret)
    problem(ada.post(f"/v1/jobs/{job['id']}/cancel"), "not_owner")
    assert root.post(f"/v1/jobs/{job['id']}/cancel").status_code == 200


def test_two_admins_at_once_leave_one(database: Database, root: Client) -> None:
    enrol(database, "grace", Role.ADMIN)
    with database.write() as tx:
        accounts.change(tx, "grace", AccountChange(disabled=True))
    problem(root.request("PATCH", "/v1/accounts/root", json={"role": "viewer"}), "last_admin")
