"""Who may do what: every route of the OpenAPI document and of the pages, by role and by ownership.

What is expected comes from ``service.rules``; that the rules say what they should is checked beside it.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lrtune.wire import JobRequest, NewToken, Role, Scope, WebhookEvent
from service.issuing import issue
from service.rules import RULES, Rule
from store import Database, accounts, jobs, webhooks
from tests.api.conftest import Client
from tests.api.members import bearer, enrol

OPEN = {"GET /healthz", "GET /readyz", "GET /login", "POST /login", "POST /logout", "GET /static/{name:path}"}
"""What anybody may ask for."""

OWN_TOKENS = {"POST /v1/tokens", "POST /v1/tokens/{id}/revoke"}
"""Writes that are open to every account, as they concern its own tokens alone."""


def operations(client: Client) -> Iterator[str]:
    """Every route: those of the OpenAPI document, and the pages'."""
    for path, item in client.get("/openapi.json").json()["paths"].items():
        yield from (f"{method.upper()} {path}" for method in item)
    yield from (key for key in RULES if not key.partition(" ")[2].startswith(("/v1/", "/healthz", "/readyz")))


class Things:
    """A job that has ended, a token and a webhook of one account."""

    def __init__(self, database: Database, name: str) -> None:
        with database.write() as tx:
            self.job = f"job{name}"
            jobs.submit(tx, JobRequest(task="digits-mlp"), job_id=self.job, author=name)
            jobs.cancel(tx, self.job)
            self.token = issue(tx, accounts.get(tx, name)).id
            self.webhook = f"hook{name}"
            webhooks.add(
                tx, id=self.webhook, account=name, url="https://hooks.invalid/", events=list(WebhookEvent),
                jobs="mine", secret="s" * 16,
            )  # fmt: skip

    def path(self, key: str) -> str:
        path = key.partition(" ")[2]
        kind = self.token if "/tokens/" in path else self.webhook if "/webhooks/" in path else self.job
        values = {
            "{id}": kind,
            "{name}": "root",
            "{name:path}": "app.css",
            "{ref}": "digits-mlp",
            "{n}": "0",
            "{tag}": "x",
        }
        for parameter, value in values.items():
            path = path.replace(parameter, value)
        assert "{" not in path, f"say here what stands for the parameter of {path}"
        return path


def refusal(rule: Rule, role: Role | None, scopes: frozenset[Scope], own: bool) -> str | None:
    """The code that a caller is refused with, None if he is not."""
    if rule.scope is None:
        return None
    if role is None:
        return "unauthenticated"
    if rule.scope not in role.scopes:
        return "insufficient_role"
    if rule.scope not in scopes:
        return "insufficient_scope"
    admin = Scope.ADMIN in role.scopes & scopes
    return "not_owner" if rule.owner and not own and not admin else None


@pytest.fixture
def team(client: Client, database: Database) -> dict[Role, NewToken]:
    client.app.state.context.draining.set()  # event streams end at once
    return {
        role: enrol(database, name, role)
        for name, role in (("root", Role.ADMIN), ("ada", Role.MEMBER), ("vi", Role.VIEWER))
    }


@pytest.mark.parametrize("own", [True, False], ids=["own", "others"])
@pytest.mark.parametrize("scope", list(Scope))
@pytest.mark.parametrize("role", [None, *Role])
def test_the_matrix(
    client: Client, database: Database, team: dict[Role, NewToken], role: Role | None, scope: Scope, own: bool
) -> None:
    """Each role, with a token that has the scopes up to ``scope``."""
    other = enrol(database, "other", Role.MEMBER)
    headers, things = {}, Things(database, other.account)
    scopes = frozenset(tuple(Scope)[: tuple(Scope).index(scope) + 1])
    if role is not None:
        scopes &= role.scopes
        with database.write() as tx:
            token = issue(tx, accounts.get(tx, team[role].account), scopes=list(scopes))
        headers = bearer(token.secret)
        things = Things(database, token.account) if own else things
    wrong = []
    for key in operations(client):
        method = key.partition(" ")[0]
        body = {} if method == "GET" else {"json": {}}
        response = client.request(method, things.path(key), headers=headers, **body)
        expected = refusal(RULES[key], role, scopes, own)
        problem = response.headers.get("content-type") == "application/problem+json"
        code = response.json()["code"] if problem and response.status_code in (401, 403) else None
        if code != expected or (response.status_code >= 500 and key != "GET /readyz"):
            wrong.append((key, response.status_code, code, expected))
    assert wrong == []


def test_only_so_much_is_open_to_all() -> None:
    assert {key for key, rule in RULES.items() if rule.scope is None} == OPEN


def test_a_viewer_writes_nothing_but_his_tokens() -> None:
    written = {
        key
        for key, rule in RULES.items()
        if not key.startswith("GET ") and rule.scope is Scope.READ and rule.audited
    }
    assert written == OWN_TOKENS


def test_accounts_and_the_audit_log_are_the_admins() -> None:
    keys = [key for key in RULES if "/v1/accounts" in key or "/v1/audit" in key or " /admin" in key]
    assert len(keys) >= 6
    assert {RULES[key].scope for key in keys} == {Scope.ADMIN}


def test_what_belongs_to_a_job_is_changed_by_its_owner_alone() -> None:
    shared = {
        f"{method} /v1/jobs/{{id}}/{what}" for method in ("PUT", "DELETE") for what in ("tags/{tag}", "note")
    }
    writes = [
        key for key in RULES if "/v1/jobs/{id}" in key and not key.startswith("GET ") and key not in shared
    ]
    assert "POST /v1/jobs/{id}/cancel" in writes
    assert {RULES[key].owner for key in writes} == {"job"}
