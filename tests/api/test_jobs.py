"""Listing, reading and cancelling jobs; tasks and workers."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from lrtune.wire import Isolation, Job, Page, Task, Worker
from store import Database, units, workers
from tests.api.conftest import Client
from tests.api.measured import running, succeeded
from tests.api.problem import problem


def ids(client: Client, query: str = "") -> list[str]:
    page = Page[Job].model_validate(client.get(f"/v1/jobs{query}").json())
    return [job.id for job in page.items]


def test_jobs_come_newest_first_in_pages(client: Client, database: Database) -> None:
    for name in "abc":
        running(database, name)
    assert ids(client) == ["c", "b", "a"]
    first = client.get("/v1/jobs?limit=2").json()
    assert ids(client, f"?limit=2&cursor={first['next_cursor']}") == ["a"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("?task=digits-mlp", ["c", "a"]),
        ("?state=succeeded", ["a"]),
        ("?task=digits-cnn&state=running", ["b"]),
        ("?task=nothing", []),
    ],
)
def test_filters(client: Client, database: Database, query: str, found: list[str]) -> None:
    succeeded(database, "a")
    running(database, "b", task="digits-cnn")
    running(database, "c")
    assert ids(client, query) == found


def test_a_cursor_of_another_list(client: Client, database: Database) -> None:
    for name in "ab":
        running(database, name)
    cursor = client.get("/v1/jobs?limit=1").json()["next_cursor"]
    problem(client.get(f"/v1/tasks?cursor={cursor}"), "invalid_request", "?cursor")


class TestCancel:
    def test_a_queued_job(self, client: Client) -> None:
        job = client.post("/v1/jobs", json={"task": "digits-mlp"}).json()["id"]
        response = client.post(f"/v1/jobs/{job}/cancel")
        assert (response.status_code, response.json()["state"]) == (200, "cancelled")
        assert client.get(f"/v1/jobs/{job}").json() == response.json()

    def test_a_running_job_whose_worker_is_told(self, client: Client, database: Database) -> None:
        job = client.post("/v1/jobs", json={"task": "digits-mlp"}).json()["id"]
        lease = units.claim(database, "worker", lease_s=600)
        assert lease is not None
        assert client.post(f"/v1/jobs/{job}/cancel").json()["state"] == "cancelled"
        with database.write() as tx:
            assert units.renew(tx, lease, lease_s=600).cancelled

    def test_again_changes_nothing(self, client: Client) -> None:
        job = client.post("/v1/jobs", json={"task": "digits-mlp"}).json()["id"]
        first, second = (client.post(f"/v1/jobs/{job}/cancel") for _ in range(2))
        assert first.json() == second.json()

    def test_a_job_that_has_succeeded(self, client: Client, database: Database) -> None:
        job = succeeded(database, "a")
        problem(client.post(f"/v1/jobs/{job}/cancel"), "job_final")
        assert client.get(f"/v1/jobs/{job}").json()["state"] == "succeeded"


def test_tasks(client: Client) -> None:
    page = Page[Task].model_validate(client.get("/v1/tasks").json())
    assert {task.name for task in page.items} == {
        "digits-mlp",
        "digits-cnn",
        "diabetes-mlp",
        "char-transformer",
    }
    assert all(task.params_schema["properties"] for task in page.items)


def test_workers(client: Client, database: Database) -> None:
    assert client.get("/v1/workers").json()["items"] == []
    with database.write() as tx:
        workers.seen(
            tx,
            id="gpu1-1",
            host="gpu1",
            pid=1,
            device="cuda:0",
            version="0.1.0",
            started_at=datetime.now(UTC),
            lease_s=20.0,
            isolation=Isolation.USER,
        )
    [worker] = Page[Worker].model_validate(client.get("/v1/workers").json()).items
    assert (worker.id, worker.alive, worker.job) == ("gpu1-1", True, None)
