"""``lrtune admin`` on a database without a server."""

from __future__ import annotations

import json
from pathlib import Path

import httpx
import pytest
from click.testing import Result

from service.admin import admin
from store import Database, tokens
from tests.api.command_line import refused, run
from tests.api.members import bearer
from tests.api.test_serve import serving


def call(home: Path, *arguments: str) -> Result:
    return run(admin, *arguments, home=home)


def test_from_nothing_to_a_team(tmp_path: Path) -> None:
    assert "create-user" in call(tmp_path, "users").stdout
    refused(call(tmp_path, "create-user", "ada"), "first account", "role admin")
    made = call(tmp_path, "create-user", "ada", "--role", "admin")
    assert made.exit_code == 0
    assert made.stdout.startswith("lrt_")
    assert made.stdout.count("\n") == 1
    database = Database(f"sqlite:///{tmp_path}/lrtune.db")
    with database.read() as tx:
        found = tokens.find(tx, made.stdout.strip())
    database.dispose()
    assert found is not None
    assert found.account == "ada"
    refused(call(tmp_path, "create-user", "ada", "--role", "admin"), "'ada'", "another name")
    bot = json.loads(call(tmp_path, "create-user", "bot", "--kind", "machine", "--json").stdout)
    assert (bot["account"]["kind"], bot["token"]["scopes"]) == ("machine", ["read", "submit"])
    assert [each["name"] for each in json.loads(call(tmp_path, "users", "--json").stdout)] == ["ada", "bot"]


def test_a_new_account_begins_with_the_servers_quota(tmp_path: Path) -> None:
    limit = "LRTUNE_QUOTA_MINUTES_A_DAY"
    run(admin, "create-user", "ada", "--role", "admin", home=tmp_path, **{limit: "60"})
    run(admin, "create-user", "bob", home=tmp_path, **{limit: "60"})
    found = json.loads(call(tmp_path, "users", "--json").stdout)
    assert [each["minutes_a_day"] for each in found] == [None, 60]
    refused(run(admin, "create-user", "cyn", home=tmp_path, **{limit: "many"}), limit)


def test_changes(tmp_path: Path) -> None:
    call(tmp_path, "create-user", "ada", "--role", "admin")
    call(tmp_path, "create-user", "bot")
    refused(call(tmp_path, "disable", "ada"), "only admin")
    refused(call(tmp_path, "set-role", "ada", "viewer"), "only admin")
    refused(call(tmp_path, "disable", "eve"), "'eve'")
    refused(call(tmp_path, "create-token", "eve"), "'eve'")
    refused(call(tmp_path, "create-token", "bot", "--scope", "admin"), "admin", "Choose among")
    assert call(tmp_path, "create-token", "bot", "--expires", "12h", "--scope", "read").stdout[:4] == "lrt_"
    assert call(tmp_path, "set-role", "bot", "viewer").exit_code == 0
    assert call(tmp_path, "disable", "bot").exit_code == 0
    assert "disabled" in call(tmp_path, "users").stdout
    assert json.loads(call(tmp_path, "enable", "bot", "--json").stdout)["disabled_at"] is None


@pytest.mark.parametrize("name", ["A b", "", "-x", "x" * 101])
def test_a_name_that_is_none(tmp_path: Path, name: str) -> None:
    assert call(tmp_path, "create-user", "--role", "admin", "--", name).exit_code == 2


def test_with_accounts_a_server_for_all_needs_tokens(tmp_path: Path) -> None:
    secret = call(tmp_path, "create-user", "ada", "--role", "admin").stdout.strip()
    with serving(tmp_path, "--host", "0.0.0.0") as (_, url):
        url = url.replace("0.0.0.0", "127.0.0.1")
        assert httpx.get(f"{url}/v1/jobs").status_code == 401
        assert httpx.get(f"{url}/v1/jobs", headers=bearer(secret)).status_code == 200
