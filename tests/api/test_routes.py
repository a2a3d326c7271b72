"""Paths, methods, hosts and origins; incidents; a database that is gone."""

from __future__ import annotations

import logging
from collections.abc import Mapping

import pytest

from lrtune.schedules import EXPORTS
from service.app import create_app
from service.routes.code import Framework
from service.settings import load
from store import Database
from tests.api.conftest import Client
from tests.api.problem import problem


@pytest.mark.parametrize(
    "path", ["/v1", "/v2/jobs", "/v1/jobs/", "/docs", "/v1/jobs/a/b", "/%00", "/healthz/"]
)
def test_an_unknown_path(client: Client, path: str) -> None:
    problem(client.get(path), "not_found")


@pytest.mark.parametrize("job", ["nothing", "%00", "a%2Fb", "%ED%A0%80", "x" * 5000, "..", "%27%3B--"])
@pytest.mark.parametrize(
    "result", ["", "/events", "/range-test", "/trials", "/answer", "/code", "/range-test.png"]
)
def test_an_unknown_job(client: Client, job: str, result: str) -> None:
    problem(client.get(f"/v1/jobs/{job}{result}"), "not_found")


def test_an_unknown_job_cannot_be_cancelled(client: Client) -> None:
    problem(client.post("/v1/jobs/nothing/cancel"), "not_found")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "/v1/jobs", {"GET", "POST"}),
        ("GET", "/v1/jobs/a/cancel", {"POST"}),
        ("POST", "/v1/best", {"GET"}),
    ],
)
def test_an_unknown_method(client: Client, method: str, path: str, allowed: set[str]) -> None:
    response = client.request(method, path)
    problem(response, "method_not_allowed")
    assert set(response.headers["allow"].split(", ")) == allowed


@pytest.mark.parametrize("path", ["/v1/jobs", "/v1/tasks", "/v1/best?task=digits-mlp"])
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("limit", "0"),
        ("limit", "201"),
        ("limit", "-1"),
        ("limit", "ten"),
        ("limit", "1e400"),
        ("cursor", "made-up"),
        ("cursor", "AAAA"),
        ("cursor", "\0"),
        ("cursor", "x" * 501),
    ],
)
def test_a_wrong_page(client: Client, path: str, name: str, value: str) -> None:
    separator = "&" if "?" in path else "?"
    response = client.get(f"{path}{separator}{name}={value.replace(chr(0), '%00')}")
    problem(response, "invalid_request", f"?{name}")


@pytest.mark.parametrize(
    ("url", "field"),
    [
        ("/v1/jobs?state=done", "?state"),
        ("/v1/jobs?task=%00", "?task"),
        ("/v1/best", "?task"),
        ("/v1/best?task=%00", "?task"),
        ("/v1/best?task=a&optimizer=%00", "?optimizer"),
    ],
)
def test_a_wrong_filter(client: Client, url: str, field: str) -> None:
    problem(client.get(url), "invalid_request", field)


@pytest.mark.parametrize(
    ("host", "known"),
    [
        ("localhost", True),
        ("LOCALHOST:1", True),
        ("127.0.0.1:8765", True),
        ("127.1.2.3", True),
        ("[::1]:8765", True),
        ("evil.example", False),
        ("localhost.evil.example", False),
        ("127.0.0.1.evil.example", False),
        ("[", False),
        ("", False),
        ("0.0.0.0", False),
    ],
)
def test_only_loopback_names_are_answered(client: Client, host: str, known: bool) -> None:
    response = client.get("/healthz", headers={"Host": host})
    if known:
        assert response.status_code == 200
    else:
        problem(response, "misdirected_request")


def test_allowed_hosts(database: Database, client: Client) -> None:
    settings = load({"LRTUNE_ALLOWED_HOSTS": "Tune.example, other"}, workers=0)
    public = Client(create_app(settings, database), client._portal, "http://tune.example")
    assert public.get("/healthz").status_code == 200
    assert public.get("/healthz", headers={"Host": "OTHER:80"}).status_code == 200
    problem(public.get("/healthz", headers={"Host": "localhost"}), "misdirected_request")


@pytest.mark.parametrize(
    ("headers", "refused"),
    [
        ({}, False),
        ({"Origin": "http://localhost:8765"}, False),
        ({"Origin": "http://localhost:9999"}, True),
        ({"Origin": "https://evil.example"}, True),
        ({"Origin": "null"}, True),
    ],
)
def test_other_sites_write_nothing(client: Client, headers: Mapping[str, str], refused: bool) -> None:
    response = client.post("/v1/jobs", json={"task": "digits-mlp"}, headers=headers)
    if refused:
        problem(response, "cross_origin")
        assert client.get("/v1/jobs", headers=headers).json()["items"] == []
    else:
        assert response.status_code == 202


def test_a_mistake_of_ours_is_an_incident(
    client: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("the secret cause")

    monkeypatch.setattr("store.workers.page", broken)
    with caplog.at_level(logging.ERROR, "lrtune.service"):
        response = client.get("/v1/workers")
    found = problem(response, "internal_error")
    incident = found["instance"].removeprefix("urn:uuid:")
    assert incident in found["detail"]
    assert "secret" not in response.text
    assert incident in caplog.text
    assert "the secret cause" in caplog.text


def test_health(client: Client) -> None:
    assert client.get("/healthz").json()["status"] == "ok"
    assert client.get("/readyz").json()["status"] == "ok"


def test_a_stopping_server_is_not_ready(client: Client) -> None:
    client.app.state.context.draining.set()
    problem(client.get("/readyz"), "not_serving")
    assert client.get("/healthz").status_code == 200


def test_an_empty_database_is_not_ready(client: Client, tmp_path_factory: pytest.TempPathFactory) -> None:
    home = tmp_path_factory.mktemp("empty")
    settings = load({"LRTUNE_HOME": str(home)}, workers=0)
    empty = Client(create_app(settings, Database(settings.database_url)), client._portal, "http://localhost")
    found = problem(empty.get("/readyz"), "not_serving")
    assert "lrtune migrate" in found["remedy"]


def test_every_export_has_its_framework() -> None:
    assert {framework.value for framework in Framework} == set(EXPORTS)
