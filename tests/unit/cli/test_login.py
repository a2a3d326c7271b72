from __future__ import annotations

import json
from pathlib import Path

import httpx
import pytest

from lrtune.cli import exits
from lrtune.wire import Me, Page, Role, Scope
from service import samples
from tests.unit.cli.conftest import Run
from tests.unit.client.fake import FakeServer, model, problem

URL = "http://lrtune.test"
SECRET = samples.NEW_TOKEN.secret


@pytest.fixture
def file(run: Run, tmp_path: Path) -> Path:
    return tmp_path / "config" / "lrtune" / "credentials.json"


def test_login_keeps_a_checked_token_for_its_owner_alone(run: Run, server: FakeServer, file: Path) -> None:
    server.on("GET /v1/me", model(samples.ME))
    done = run("login", input=f"{SECRET}\n")
    assert done.exit_code == exits.OK
    assert "ada (member)" in done.stdout
    assert SECRET not in done.output
    assert server.requests[0].headers["authorization"] == f"Bearer {SECRET}"
    assert file.stat().st_mode & 0o777 == 0o600
    assert json.loads(file.read_text()) == {"url": URL, "tokens": {URL: SECRET}}
    assert [path.name for path in file.parent.iterdir()] == [file.name]


def test_a_kept_token_goes_to_its_own_server_alone(
    run: Run, server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.on("GET /v1/me", model(samples.ME)).on("GET /v1/tasks", model(Page[Me](items=[])))
    run("login", input=SECRET)
    monkeypatch.delenv("LRTUNE_URL")
    run("tasks")
    run("tasks", "--url", "http://other.test")
    monkeypatch.setenv("LRTUNE_TOKEN", "lrt_other")
    run("tasks")
    shown = [(str(r.url.host), r.headers.get("authorization")) for r in server.requests[1:]]
    assert shown == [
        ("lrtune.test", f"Bearer {SECRET}"),
        ("other.test", None),
        ("lrtune.test", "Bearer lrt_other"),
    ]


def test_what_is_not_kept(run: Run, server: FakeServer, file: Path) -> None:
    server.on("GET /v1/me", problem(401, "invalid_token", "There is no such token.", remedy="Ask."))
    assert run("login", input="lrt_wrong\n").exit_code == exits.ERROR
    assert run("login", input="\n").exit_code == exits.USAGE
    server.on("GET /v1/me", model(Me(account=None, role=Role.ADMIN, scopes=list(Scope))))
    assert "nothing to log in to" in run("login", input=SECRET).stderr
    assert not file.exists()


def test_logout_forgets(run: Run, server: FakeServer, file: Path) -> None:
    server.on("GET /v1/me", model(samples.ME))
    run("login", input=SECRET)
    assert f"Logged out of {URL}" in run("logout").stdout
    assert json.loads(file.read_text()) == {"url": None, "tokens": {}}
    assert "No token was kept" in run("logout").stdout


def test_a_damaged_file_says_so(run: Run, file: Path) -> None:
    file.parent.mkdir(parents=True)
    file.write_text("{")
    done = run("tasks")
    assert done.exit_code == exits.USAGE
    assert str(file) in done.stderr
    assert "LRTUNE_TOKEN" in done.stderr


def test_whoami(run: Run, server: FakeServer) -> None:
    server.on("GET /v1/me", model(samples.ME))
    text = run("whoami").stdout
    assert "ada, a person" in text
    assert "read, submit" in text
    assert json.loads(run("whoami", "--json").stdout)["account"]["name"] == "ada"
    server.on("GET /v1/me", model(Me(account=None, role=Role.ADMIN, scopes=list(Scope))))
    assert "no accounts" in run("whoami").stdout


def test_token_create_prints_the_secret_alone(run: Run, server: FakeServer) -> None:
    server.on("POST /v1/tokens", model(samples.NEW_TOKEN, 201))
    done = run("token", "create", "--scope", "read", "--expires", "90d", "--label", "ci")
    assert done.stdout == f"{SECRET}\n"
    assert "shown this once" in done.stderr
    [body] = server.bodies()
    assert body == {"scopes": ["read"], "label": "ci", "expires_at": "2027-02-21T18:05:00Z"}


@pytest.mark.parametrize("text", ["90", "0d", "-1d", "1y", "9999999d", "d"])
def test_a_lifetime_that_is_none(run: Run, text: str) -> None:
    assert run("token", "create", "--expires", text).exit_code == exits.USAGE


def test_a_token_is_never_made_twice(run: Run, server: FakeServer) -> None:
    server.on("POST /v1/tokens", httpx.ReadError("cut"), model(samples.NEW_TOKEN, 201))
    assert run("token", "create").exit_code == exits.ERROR
    assert len(server.requests) == 1
    server.on("POST /v1/tokens", problem(503, "database_unavailable", "Away."), model(samples.NEW_TOKEN, 201))
    assert run("token", "create").exit_code == exits.OK


def test_token_list_and_revoke(run: Run, server: FakeServer) -> None:
    shown = [samples.TOKEN, samples.REVOKED_TOKEN]
    server.on("GET /v1/tokens", model(Page(items=shown))).on(
        f"POST /v1/tokens/{samples.TOKEN.id}/revoke", model(samples.REVOKED_TOKEN)
    )
    text = run("token", "list").stdout
    assert "laptop" in text
    assert "revoked" in text
    assert len(json.loads(run("token", "list", "--json").stdout)) == 2
    assert "is revoked" in run("token", "revoke", samples.TOKEN.id).stdout
    server.on("GET /v1/tokens", model(Page[Me](items=[])))
    assert run("token", "list").stdout == "There is no token.\n"
