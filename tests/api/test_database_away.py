"""A database that goes away, or takes no writes, while the server runs; and comes back."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from service.settings import Settings
from store import Database
from tests.api.conftest import Client
from tests.api.measured import running, succeeded
from tests.api.problem import problem

READS = [
    "/v1/jobs",
    "/v1/jobs/a",
    "/v1/jobs/a/events",
    "/v1/jobs/a/range-test",
    "/v1/jobs/a/range-test.png",
    "/v1/jobs/a/trials",
    "/v1/jobs/a/answer",
    "/v1/jobs/a/schedules.png",
    "/v1/jobs/a/code",
    "/v1/best?task=digits-mlp",
    "/v1/tasks",
    "/v1/workers",
    "/readyz",
]


@pytest.fixture
def file(settings: Settings, database: Database) -> Path:
    """The database's file with a finished and a running job in it, and its log folded in."""
    succeeded(database, "a")
    running(database, "b")
    path = settings.home / "lrtune.db"
    database.dispose()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return path


def unavailable(client: Client, method: str, path: str) -> None:
    body = {"json": {"task": "digits-mlp"}} if path == "/v1/jobs" and method == "POST" else {}
    response = client.request(method, path, **body)
    assert problem(response, "database_unavailable")["remedy"]
    assert int(response.headers["retry-after"]) > 0


def test_a_file_that_is_gone_and_comes_back(client: Client, file: Path) -> None:
    assert client.get("/v1/jobs/a").status_code == 200
    aside = file.with_suffix(".aside")
    file.rename(aside)
    for path in READS:
        unavailable(client, "GET", path)
    unavailable(client, "POST", "/v1/jobs")
    unavailable(client, "POST", "/v1/jobs/a/cancel")
    assert client.get("/healthz").status_code == 200
    aside.rename(file)
    assert client.get("/v1/jobs/a").json()["state"] == "succeeded"
    assert client.post("/v1/jobs", json={"task": "digits-mlp"}).status_code == 202


def test_a_file_that_takes_no_writes(client: Client, file: Path) -> None:
    assert client.get("/v1/jobs/a").status_code == 200
    writable = file.with_suffix(".aside")
    shutil.copy(file, writable)
    frozen = file.with_suffix(".frozen")
    content = bytearray(file.read_bytes())
    content[18] = 3  # "file format write version": what SQLite may read, but not write, whoever runs it
    frozen.write_bytes(content)
    frozen.replace(file)
    assert client.get("/v1/jobs/a").json()["state"] == "succeeded"
    unavailable(client, "POST", "/v1/jobs")
    unavailable(client, "POST", "/v1/jobs/b/cancel")
    writable.replace(file)
    assert client.post("/v1/jobs", json={"task": "digits-mlp"}).status_code == 202


def test_a_file_that_is_no_database_any_more(client: Client, file: Path) -> None:
    assert client.get("/v1/jobs/a").status_code == 200
    other = file.with_suffix(".other")
    other.write_bytes(b"not a database at all " * 1000)
    other.replace(file)
    unavailable(client, "GET", "/v1/jobs/a")
    unavailable(client, "POST", "/v1/jobs")
