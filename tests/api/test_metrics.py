"""GET /metrics, read as Prometheus would."""

from __future__ import annotations

from prometheus_client.parser import text_string_to_metric_families

from store import Database, units
from tests.api.conftest import Client
from tests.api.measured import succeeded

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def scrape(client: Client) -> Samples:
    response = client.get("/metrics")
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/plain; version=")
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(response.text)
        for sample in family.samples
    }


def value(found: Samples, name: str, **labels: str) -> float:
    return found[name, frozenset(labels.items())]


def test_queue_leases_and_trials(client: Client, database: Database) -> None:
    succeeded(database, "done")
    for _ in range(2):
        client.post("/v1/jobs", json={"task": "digits-mlp"})
    units.claim(database, "worker", lease_s=600)
    found = scrape(client)
    assert value(found, "lrtune_jobs", state="succeeded") == 1
    assert value(found, "lrtune_jobs", state="queued") == 1
    assert value(found, "lrtune_jobs", state="running") == 1
    assert value(found, "lrtune_queue_units", kind="plan") == 1
    assert value(found, "lrtune_leased_units", kind="plan") == 1
    assert 590 < value(found, "lrtune_lease_left_seconds") <= 600
    assert value(found, "lrtune_trials_total", state="complete") == 3
    assert value(found, "lrtune_workers_lost_total") == 0
    assert value(found, "lrtune_draining") == 0


def test_latency_is_told_by_route_and_never_by_path(client: Client) -> None:
    client.get("/v1/jobs/aaaa")
    client.get("/v1/jobs/bbbb")
    client.get("/nowhere/1")
    client.get("/nowhere/2")
    found = scrape(client)
    route = {"method": "GET", "route": "/v1/jobs/{id}", "status": "404"}
    assert value(found, "lrtune_http_request_seconds_count", **route) == 2
    nowhere = {"method": "none", "route": "none", "status": "404"}
    assert value(found, "lrtune_http_request_seconds_count", **nowhere) == 2
    assert "aaaa" not in client.get("/metrics").text
