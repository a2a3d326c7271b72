"""Quotas, priorities, rate limits and the audit log over HTTP."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import anyio
import pytest

from lrtune.wire import Role
from service.app import create_app
from service.rate_limits import BURST_S, MOST_KEYS, RateLimits
from service.settings import Settings, load
from store import Database
from tests.api.conftest import Client
from tests.api.members import bearer, enrol, speaking
from tests.api.problem import problem

JOB = {"task": "digits-mlp"}


@pytest.fixture
def root(client: Client, database: Database) -> Client:
    return speaking(client, enrol(database, "root", Role.ADMIN).secret)


@pytest.fixture
def ada(client: Client, root: Client, database: Database) -> Client:
    return speaking(client, enrol(database, "ada", Role.MEMBER).secret)


def change(root: Client, **asked: Any) -> None:
    assert root.request("PATCH", "/v1/accounts/ada", json=asked).status_code == 200


def test_a_quota_is_named_and_lifted(ada: Client, root: Client) -> None:
    change(root, queued_jobs=1, minutes_a_day=0)
    response = ada.post("/v1/jobs", json=JOB)
    assert "compute minutes" in problem(response, "quota_exceeded")["detail"]
    assert response.headers["retry-after"].endswith("00:00:00 GMT")
    change(root, minutes_a_day=None)
    assert ada.post("/v1/jobs", json=JOB).status_code == 202
    response = ada.post("/v1/jobs", json=JOB)
    assert "may have 1" in problem(response, "quota_exceeded")["detail"]
    assert "retry-after" not in response.headers
    assert ada.get("/v1/me").json()["account"]["queued_jobs"] == 1


def test_a_new_account_begins_with_the_servers_quota(
    settings: Settings, database: Database, portal: anyio.from_thread.BlockingPortal
) -> None:
    limited = replace(settings, quota_queued_jobs=1, quota_running_units=4)
    client = Client(create_app(limited, database), portal, "http://localhost:8765")
    root = speaking(client, enrol(database, "root", Role.ADMIN).secret)
    made = {
        role: root.post("/v1/accounts", json={"name": f"a-{role}", "role": role}).json()
        for role in ("member", "admin")
    }
    limits = [(each["account"]["running_units"], each["account"]["queued_jobs"]) for each in made.values()]
    assert limits == [(4, 1), (None, None)]
    member = speaking(client, made["member"]["token"]["secret"])
    assert member.post("/v1/jobs", json=JOB).status_code == 202
    problem(member.post("/v1/jobs", json=JOB), "quota_exceeded")
    assert root.request("PATCH", "/v1/accounts/a-member", json={"queued_jobs": None}).status_code == 200
    assert member.post("/v1/jobs", json=JOB).status_code == 202


@pytest.mark.parametrize("value", [-1, 1_000_001, "many", 1.5])
def test_a_limit_that_is_none(ada: Client, root: Client, value: Any) -> None:
    response = root.request("PATCH", "/v1/accounts/ada", json={"running_units": value})
    problem(response, "invalid_request", "/running_units")


def test_priorities(ada: Client, root: Client) -> None:
    problem(ada.post("/v1/jobs", json=JOB | {"priority": 1}), "not_admin")
    assert ada.post("/v1/jobs", json=JOB | {"priority": -10}).status_code == 202
    assert root.post("/v1/jobs", json=JOB | {"priority": 10}).json()["request"]["priority"] == 10
    problem(root.post("/v1/jobs", json=JOB | {"priority": 11}), "invalid_request", "/priority")


def test_the_audit_log_tells_what_was_changed_and_forbidden(ada: Client, root: Client) -> None:
    job = ada.post("/v1/jobs", json=JOB).json()["id"]
    ada.get("/v1/jobs")
    ada.post("/v1/jobs", json={})
    token = ada.post("/v1/tokens", json={}).json()["id"]
    mine = root.post("/v1/jobs", json=JOB).json()["id"]
    problem(ada.post(f"/v1/jobs/{mine}/cancel"), "not_owner")
    problem(ada.get("/v1/audit"), "insufficient_role")
    entries = root.get("/v1/audit?account=ada").json()["items"]
    assert [(each["action"], each["target"], each["status"]) for each in entries] == [
        ("POST /v1/jobs/{id}/cancel", f"/v1/jobs/{mine}/cancel", 403),
        ("POST /v1/tokens", f"/v1/tokens/{token}", 201),
        ("POST /v1/jobs", f"/v1/jobs/{job}", 202),
    ]
    assert {each["origin"] for each in entries} == {"127.0.0.1"}
    page = root.get("/v1/audit?limit=1").json()
    assert page["items"] == entries[:1]
    [next_one] = root.get(f"/v1/audit?limit=1&cursor={page['next_cursor']}").json()["items"]
    assert (next_one["account"], next_one["target"]) == ("root", f"/v1/jobs/{mine}")


def test_what_an_unknown_caller_tried_leaves_no_entry(client: Client, root: Client) -> None:
    problem(client.post("/v1/jobs", json=JOB), "unauthenticated")
    problem(client.post("/v1/jobs", json=JOB, headers=bearer("lrt_x")), "invalid_token")
    assert root.get("/v1/audit").json()["items"] == []


def test_signing_in_is_in_the_log(client: Client, root: Client, database: Database) -> None:
    secret = enrol(database, "eve", Role.VIEWER).secret
    client.post("/login", data={"token": secret}, headers={"Origin": "http://localhost:8765"})
    [entry] = root.get("/v1/audit").json()["items"]
    assert (entry["account"], entry["action"]) == ("eve", "POST /login")


def limited(client: Client, settings: Settings, database: Database) -> Client:
    few = load({"LRTUNE_HOME": str(settings.home), "LRTUNE_RATE_LIMIT": "12"}, workers=0)
    return Client(create_app(few, database), client._portal, "http://localhost:8765")


def test_an_account_that_asks_too_much(
    client: Client, ada: Client, root: Client, settings: Settings, database: Database
) -> None:
    few = limited(client, settings, database)
    tokens = [speaker._client.headers["authorization"] for speaker in (ada, root)]
    told = [few.get("/v1/me", headers={"Authorization": tokens[0]}) for _ in range(8)]
    problem(told[-1], "rate_limited")
    assert 1 <= int(told[-1].headers["retry-after"]) <= 5
    assert few.get("/v1/me", headers={"Authorization": tokens[1]}).status_code == 200


def test_an_address_that_guesses(client: Client, ada: Client, settings: Settings, database: Database) -> None:
    few = limited(client, settings, database)
    told = [few.get("/v1/me", headers=bearer(f"lrt_{n}")) for n in range(8)]
    problem(told[0], "invalid_token")
    problem(told[-1], "rate_limited")
    good = ada._client.headers["authorization"]
    assert few.get("/v1/me", headers={"Authorization": good}).status_code == 200


class Ticks:
    def __init__(self) -> None:
        self.at = 0.0

    def __call__(self) -> float:
        return self.at


def test_a_bucket_fills_again() -> None:
    clock = Ticks()
    limits = RateLimits(60, clock)
    assert [limits.take("a") for _ in range(int(BURST_S))] == [None] * int(BURST_S)
    assert limits.take("a") == pytest.approx(1.0)
    assert limits.take("b") is None
    clock.at += 0.5
    assert limits.take("a") == pytest.approx(0.5)
    clock.at += 0.5
    assert limits.take("a") is None
    clock.at += 1000
    assert [limits.take("a") for _ in range(int(BURST_S) + 1)][-1] == pytest.approx(1.0)


def test_zero_is_no_limit() -> None:
    limits = RateLimits(0, Ticks())
    assert all(limits.take("a") is None for _ in range(1000))


def test_full_buckets_are_forgotten() -> None:
    clock = Ticks()
    limits = RateLimits(60, clock)
    for n in range(MOST_KEYS):
        limits.take(str(n))
    clock.at += BURST_S
    limits.take("new")
    assert set(limits._buckets) == {"new"}
