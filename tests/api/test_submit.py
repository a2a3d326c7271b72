"""Submitting jobs: what is accepted, and every way in which it is not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import anyio.from_thread
import pytest

from lrtune.wire import Job
from service.app import create_app
from service.routes.jobs import REQUESTS
from service.settings import load
from store import Database
from tests.api.conftest import Client
from tests.api.problem import problem


def test_only_the_task_is_required(client: Client) -> None:
    response = client.post("/v1/jobs", json={"task": "digits-mlp"})
    assert response.status_code == 202
    job = response.json()
    assert response.headers["location"] == f"/v1/jobs/{job['id']}"
    assert (job["state"], job["phase"], job["error"]) == ("queued", None, None)
    assert job["request"]["search"]["trials"] == 60
    assert client.get(response.headers["location"]).json() == job


@pytest.mark.parametrize("name", REQUESTS)
def test_the_documented_examples_are_accepted(client: Client, name: str) -> None:
    body = REQUESTS[name]["value"]
    response = client.post("/v1/jobs", json=body)
    assert response.status_code == 202, response.text
    job = Job.model_validate(response.json())
    assert job.request.task == body["task"]


@pytest.mark.parametrize(
    "ref", ["digits-mlp", "digits-mlp@1", "diabetes-mlp", "digits-cnn", "char-transformer"]
)
def test_a_task_by_name_and_by_version(client: Client, ref: str) -> None:
    job = client.post("/v1/jobs", json={"task": ref}).json()
    assert (job["task"], job["task_version"]) == (ref.partition("@")[0], 1)
    by_digest = client.post("/v1/jobs", json={"task": f"{job['task']}@{job['task_digest'][:12]}"})
    assert by_digest.json()["task_digest"] == job["task_digest"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"task": "digit-mlp"}, "/task"),
        ({"task": "digits-mlp@7"}, "/task"),
        ({"task": "digits-mlp@ffffffffffff"}, "/task"),
        ({"task": "%"}, "/task"),
        ({"task": ""}, "/task"),
        ({"task": 3}, "/task"),
        ({"task": None}, "/task"),
        ({"epochz": 3}, "/epochz"),
        ({"precision": "fp8"}, "/precision"),
        ({"accumulate": 0}, "/accumulate"),
        ({"search": {"trails": 3}}, "/search/trails"),
        ({"params": {"widht": 3}}, "/params/widht"),
        ({"params": {"width": "wide"}}, "/params/width"),
        ({"params": []}, "/params"),
        ({"optimizer": {"name": "adamm"}}, "/optimizer/name"),
        ({"optimizer": {"name": "sgd", "momentun": 0.9}}, "/optimizer/momentun"),
        ({"optimizer": {"name": "sgd", "momentum": -1}}, "/optimizer/momentum"),
        ({"optimizer": {"name": "sgd", "momentum": "much"}}, "/optimizer/momentum"),
        ({"optimizer": {"name": "sgd", "lr": 0.1}}, "/optimizer/lr"),
        ({"optimizer": {"name": "adamw", "a/b~": 1}}, "/optimizer/a~1b~0"),
        ({"optimizer": "adamw"}, "/optimizer"),
        ({"search": {"schedules": ["cosine", "cosin"]}}, "/search/schedules/1"),
        ({"search": {"schedules": ["custom:"]}}, "/search/schedules/0"),
        ({"search": {"schedules": ["custom:a b"]}}, "/search/schedules/0"),
        ({"search": {"schedules": []}}, "/search/schedules"),
        ({"search": {"schedules": ["cosine", "cosine"]}}, "/search/schedules"),
        ({"search": {"sampler": "tea"}}, "/search/sampler"),
        ({"network": True}, "/network"),
        ({"search": {"trials": 0}}, "/search/trials"),
        ({"search": {"trials": -5}}, "/search/trials"),
        ({"search": {"trials": 10**9}}, "/search/trials"),
        ({"search": {"trials": 2.5}}, "/search/trials"),
        ({"search": {"seed": -1}}, "/search/seed"),
        ({"epochs": 0}, "/epochs"),
        ({"epochs": -1}, "/epochs"),
        ({"epochs": 10**12}, "/epochs"),
        ({"epochs": "twenty"}, "/epochs"),
        ({"batch_size": 0}, "/batch_size"),
        ({"range_test": {"min_lr": 1, "max_lr": 1}}, "/range_test"),
        ({"range_test": {"min_lr": 1, "max_lr": 0.1}}, "/range_test"),
        ({"range_test": {"min_lr": 1e-3, "max_lr": 1e-2}}, "/range_test"),
        ({"range_test": {"min_lr": 0}}, "/range_test/min_lr"),
        ({"range_test": {"min_lr": -1e-7}}, "/range_test/min_lr"),
        ({"range_test": {"min_lr": 1e-300}}, "/range_test/min_lr"),
        ({"range_test": {"max_lr": 1e30}}, "/range_test/max_lr"),
        ({"range_test": {"min_lr": None}}, "/range_test/min_lr"),
        ({"range_test": {"min_lr": "low"}}, "/range_test/min_lr"),
        ({"range_test": {"seeds": 1}}, "/range_test/seeds"),
        ({"range_test": {"steps_per_decade": 10**6}}, "/range_test/steps_per_decade"),
        ({"range_test": {"loss": "test"}}, "/range_test/loss"),
        ({"range_test": {"batch_sizes": [32, 32]}}, "/range_test/batch_sizes"),
        ({"range_test": {"batch_sizes": [0]}}, "/range_test/batch_sizes/0"),
        ({"range_test": {"batch_sizes": list(range(1, 10))}}, "/range_test/batch_sizes"),
        ({"range_test": {"accumulate": [2000]}}, "/range_test/accumulate/0"),
        ({"confirm": {"finalists": 0}}, "/confirm/finalists"),
        ({"confirm": {"seeds": 1000}}, "/confirm/seeds"),
        ({"metric": {"goal": "best"}}, "/metric/goal"),
    ],
)
def test_a_wrong_field_is_named_with_its_remedy(client: Client, change: dict[str, Any], field: str) -> None:
    problem(client.post("/v1/jobs", json={"task": "digits-mlp"} | change), "invalid_request", field)
    assert client.get("/v1/jobs").json()["items"] == []


def test_everything_wrong_is_told_at_once(client: Client) -> None:
    body = {
        "task": "digits-mlp",
        "params": {"width": "wide", "depth": 3},
        "optimizer": {"name": "adamm"},
        "search": {"schedules": ["cosin"], "sampler": "tea"},
    }
    fields = ["/params/width", "/params/depth", "/optimizer/name", "/search/schedules/0", "/search/sampler"]
    problem(client.post("/v1/jobs", json=body), "invalid_request", *fields)


@pytest.mark.parametrize("named", ["digits-mlp", "*", "digits-cnn, digits-mlp"])
def test_the_network_is_for_tasks_that_the_operator_names(
    named: str, database: Database, tmp_path: Path, portal: anyio.from_thread.BlockingPortal
) -> None:
    chosen = load({"LRTUNE_HOME": str(tmp_path), "LRTUNE_NETWORK_TASKS": named}, workers=0)
    client = Client(create_app(chosen, database), portal, "http://localhost:8765")
    told = client.post("/v1/jobs", json={"task": "digits-mlp", "network": True})
    assert told.status_code == 202
    assert told.json()["request"]["network"] is True
    if "*" not in named:
        refused = client.post("/v1/jobs", json={"task": "diabetes-mlp", "network": True})
        assert [error["field"] for error in refused.json()["errors"]] == ["/network"]


@pytest.mark.parametrize(
    ("change", "remedy"),
    [
        ({"task": "digit-mlp"}, "Did you mean 'digits-mlp'?"),
        ({"epoch": 3}, "Did you mean 'epochs'?"),
        ({"search": {"trails": 3}}, "Did you mean 'trials'?"),
        ({"search": {"schedules": ["cosin"]}}, "Did you mean 'cosine'?"),
        ({"params": {"widht": 3}}, "Did you mean 'width'?"),
        ({"optimizer": {"name": "sgd", "momentun": 1}}, "Did you mean 'momentum'?"),
        ({"zzz": 3}, "known here: task, params"),
    ],
)
def test_a_typo_is_recognised(client: Client, change: dict[str, Any], remedy: str) -> None:
    found = client.post("/v1/jobs", json={"task": "digits-mlp"} | change).json()
    assert remedy in found["remedy"]


@pytest.mark.parametrize("body", [b"[]", b"3", b'"digits-mlp"', b"null", b"{}"])
def test_json_that_is_no_request(client: Client, body: bytes) -> None:
    response = client.post("/v1/jobs", content=body, headers={"Content-Type": "application/json"})
    problem(response, "invalid_request", "/task" if body == b"{}" else "")


def test_no_body(client: Client) -> None:
    found = problem(client.post("/v1/jobs"), "invalid_request", "")
    assert found["remedy"] == "Send a JSON object."


@pytest.mark.parametrize(
    "body",
    [
        b'{"task": "digits-mlp",}',
        b'{"task": "digits-mlp", "range_test": {"min_lr": NaN}}',
        b'{"task": "digits-mlp", "range_test": {"max_lr": Infinity}}',
        b'{"task": "digits-mlp", "task": "digits-cnn"}',
        b"[" * 200_000,
        b"\x80",
    ],
)
def test_wrong_json(client: Client, body: bytes) -> None:
    response = client.post("/v1/jobs", content=body, headers={"Content-Type": "application/json"})
    problem(response, "malformed_json")


def test_a_nul_is_refused(client: Client) -> None:
    problem(client.post("/v1/jobs", json={"task": "a\0b"}), "invalid_request", "/task")


@pytest.mark.parametrize(
    "media_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""]
)
def test_a_body_that_is_not_announced_as_json(client: Client, media_type: str) -> None:
    headers = {"Content-Type": media_type}
    response = client.post("/v1/jobs", content=b'{"task": "digits-mlp"}', headers=headers)
    problem(response, "unsupported_media_type")


def test_a_charset_is_no_other_media_type(client: Client) -> None:
    headers = {"Content-Type": "Application/JSON; charset=utf-8"}
    assert client.post("/v1/jobs", content=b'{"task": "digits-mlp"}', headers=headers).status_code == 202


def test_ten_megabytes_announced(client: Client) -> None:
    problem(client.post("/v1/jobs", json={"task": "x" * 10_000_000}), "body_too_large")


def test_ten_megabytes_unannounced(client: Client) -> None:
    async def chunks() -> Any:
        for _ in range(160):
            yield b" " * 65_536

    response = client.post("/v1/jobs", content=chunks(), headers={"Content-Type": "application/json"})
    problem(response, "body_too_large")


class TestIdempotency:
    def test_the_same_body_replays_the_job(self, client: Client) -> None:
        headers = {"Idempotency-Key": "monday"}
        first = client.post("/v1/jobs", json={"task": "digits-mlp", "epochs": 3}, headers=headers)
        again = client.post("/v1/jobs", json={"epochs": 3, "task": "digits-mlp"}, headers=headers)
        assert (first.status_code, again.status_code) == (202, 202)
        assert again.json()["id"] == first.json()["id"]
        assert again.headers["location"] == first.headers["location"]
        assert "idempotency-replayed" not in first.headers
        assert again.headers["idempotency-replayed"] == "true"
        assert len(client.get("/v1/jobs").json()["items"]) == 1

    def test_another_body_is_refused(self, client: Client) -> None:
        headers = {"Idempotency-Key": "monday"}
        client.post("/v1/jobs", json={"task": "digits-mlp"}, headers=headers)
        again = client.post("/v1/jobs", json={"task": "digits-mlp", "epochs": 3}, headers=headers)
        problem(again, "idempotency_key_reused", "Idempotency-Key")

    def test_other_keys_make_other_jobs(self, client: Client) -> None:
        ids = {
            client.post("/v1/jobs", json={"task": "digits-mlp"}, headers=headers).json()["id"]
            for headers in ({"Idempotency-Key": "a"}, {"Idempotency-Key": "b"}, {}, {})
        }
        assert len(ids) == 4

    @pytest.mark.parametrize("key", ["", "a b", "ä", "x" * 201])
    def test_a_key_that_is_none(self, client: Client, key: str) -> None:
        headers = {"Idempotency-Key": key.encode()}
        response = client.post("/v1/jobs", json={"task": "digits-mlp"}, headers=headers)
        problem(response, "invalid_request", "Idempotency-Key")
