from __future__ import annotations

import json
from typing import Any

import httpx
import numpy as np
import pytest

from lrtune import (
    ApiError,
    ArgumentError,
    Client,
    ClientError,
    JobCancelled,
    JobFailed,
    JobRequest,
    NotUnderstood,
    Unreachable,
)
from lrtune.wire import JobError, JobState, OptimizerSpec, Page
from service import samples
from tests.unit.client.fake import FakeServer, event, model, problem, stream

JOB = f"/v1/jobs/{samples.JOB.id}"
SUCCEEDED = samples.JOB.model_copy(update={"state": JobState.SUCCEEDED})


def test_submit_sends_what_was_said_and_a_fresh_key() -> None:
    server = FakeServer().on("POST /v1/jobs", model(samples.QUEUED, 202))
    client = server.client()
    handle = client.submit("digits-mlp", epochs=3, optimizer=OptimizerSpec(name="sgd", momentum=0.9))  # type: ignore[call-arg]
    client.submit(JobRequest(task="digits-mlp", epochs=3))
    assert handle.id == samples.JOB.id
    assert server.bodies() == [
        {"task": "digits-mlp", "epochs": 3, "optimizer": {"name": "sgd", "momentum": 0.9}},
        {"task": "digits-mlp", "epochs": 3},
    ]
    first, second = (request.headers["Idempotency-Key"] for request in server.requests)
    assert first != second


def test_a_submission_that_is_retried_keeps_its_key() -> None:
    server = FakeServer().on(
        "POST /v1/jobs", httpx.ConnectError("refused"), httpx.ReadError("cut"), model(samples.QUEUED, 202)
    )
    server.client().submit("digits-mlp")
    assert len({request.headers["Idempotency-Key"] for request in server.requests}) == 1
    assert len(server.requests) == 3


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_not_now_is_asked_again_after_a_pause(status: int) -> None:
    busy = httpx.Response(status, headers={"Retry-After": "3"})
    server = FakeServer().on(f"GET {JOB}", busy, model(samples.JOB))
    assert server.client().job(samples.JOB.id) == samples.JOB
    assert server.slept == [3.0]


def test_a_date_may_say_when_to_come_back() -> None:
    busy = httpx.Response(503, headers={"Retry-After": "Sun, 06 Nov 1994 08:49:37 GMT"})
    server = FakeServer().on(f"GET {JOB}", busy, model(samples.JOB))
    server.client().job(samples.JOB.id)
    assert 0 < server.slept[0] < 1


def test_a_server_that_wants_an_hour_is_not_waited_for() -> None:
    server = FakeServer().on(
        f"GET {JOB}", problem(429, "rate_limited", "Too many.", headers={"Retry-After": "3600"})
    )
    with pytest.raises(ApiError) as caught:
        server.client().job(samples.JOB.id)
    assert (caught.value.code, server.slept) == ("rate_limited", [])


def test_pauses_grow_and_end_in_unreachable() -> None:
    server = FakeServer().on("GET /v1/workers", httpx.ConnectError("refused"))
    with pytest.raises(Unreachable, match=r"http://lrtune\.test \(refused\).*lrtune serve"):
        server.client().workers()
    assert len(server.requests) == 5
    assert all(short < long for short, long in zip(server.slept, server.slept[2:], strict=False))


@pytest.mark.parametrize("status", [400, 404, 409, 422, 500])
def test_other_refusals_are_told_at_once(status: int) -> None:
    wrong = {"field": "/epochs", "detail": "Too few.", "remedy": "Give 1."}
    server = FakeServer().on(
        f"GET {JOB}", problem(status, "some_code", "No.", remedy="Do so.", errors=[wrong])
    )
    with pytest.raises(ApiError) as caught:
        server.client().job(samples.JOB.id)
    error = caught.value
    assert (error.status, error.code, error.detail, error.remedy) == (status, "some_code", "No.", "Do so.")
    assert error.errors[0].field == "/epochs"
    assert server.slept == []


def test_a_proxys_page_is_a_refusal_too() -> None:
    server = FakeServer().on(f"GET {JOB}", httpx.Response(403, text="<html>no</html>"))
    with pytest.raises(ApiError, match="status 403 Forbidden") as caught:
        server.client().job(samples.JOB.id)
    assert caught.value.code == "http_403"


@pytest.mark.parametrize("body", ["<html>hi</html>", "{}", "[]", '{"id": 3}'])
def test_another_server_is_not_understood(body: str) -> None:
    server = FakeServer().on(f"GET {JOB}", httpx.Response(200, text=body))
    with pytest.raises(NotUnderstood, match="not an lrtune server's"):
        server.client().job(samples.JOB.id)


def test_fields_of_a_newer_server_are_ignored() -> None:
    newer = json.loads(samples.JOB.model_dump_json()) | {"mood": "good"}
    server = FakeServer().on(f"GET {JOB}", httpx.Response(200, json=newer))
    assert server.client().job(samples.JOB.id) == samples.JOB


def test_pages_are_read_as_they_are_needed() -> None:
    first = Page(items=[samples.TRIAL], next_cursor="more")
    server = FakeServer().on(f"GET {JOB}/trials", model(first), model(samples.page(samples.TRIAL)))
    found = server.client().trials(samples.JOB.id, phase="search")
    assert next(found) == samples.TRIAL
    assert len(server.requests) == 1
    assert len(list(found)) == 1
    asked = [dict(request.url.params) for request in server.requests]
    assert asked == [
        {"limit": "200", "phase": "search"},
        {"limit": "200", "phase": "search", "cursor": "more"},
    ]


def test_wait_gives_the_answer() -> None:
    server = (
        FakeServer()
        .on("POST /v1/jobs", model(samples.QUEUED, 202))
        .on(
            f"GET {JOB}/events",
            stream(event(1, "phase", phase="search"), event(2, "state", state="succeeded")),
        )
        .on(f"GET {JOB}", model(SUCCEEDED))
        .on(f"GET {JOB}/answer", model(samples.ANSWER))
        .on(f"GET {JOB}/code", model(samples.CODE))
        .on(f"GET {JOB}/schedules.png", httpx.Response(200, content=b"\x89PNG"))
    )
    kinds: list[str] = []
    handle = server.client().submit("digits-mlp")
    result = handle.wait(lambda event: kinds.append(event.kind))
    assert result.answer == samples.ANSWER
    assert handle.job.state is JobState.SUCCEEDED
    assert kinds == ["phase", "state"]
    assert result.code() == samples.CODE.code
    assert result.picture()._repr_png_() == b"\x89PNG"


@pytest.mark.parametrize(
    ("state", "error", "raised"),
    [
        (JobState.FAILED, JobError(code="task_error", detail="it broke", file="t.py", line=3), JobFailed),
        (JobState.CANCELLED, None, JobCancelled),
    ],
)
def test_a_job_without_an_answer_raises(
    state: JobState, error: JobError | None, raised: type[ClientError]
) -> None:
    ended = samples.JOB.model_copy(update={"state": state, "error": error})
    server = (
        FakeServer()
        .on(f"GET {JOB}/events", stream(event(1, "state", state=state.value)))
        .on(f"GET {JOB}", model(ended))
    )
    with pytest.raises(raised) as caught:
        server.client().wait(samples.JOB.id)
    if error is not None:
        assert "it broke (t.py, line 3)" in str(caught.value)


@pytest.mark.parametrize("job_id", ["", "a/b", "..", "x?y", "ä", "a b"])
def test_what_cannot_be_an_id_is_never_sent(job_id: str) -> None:
    server = FakeServer()
    for call in (server.client().job, server.client().cancel, server.client().events):
        with pytest.raises(ArgumentError, match="no job id"):
            call(job_id)
    assert server.requests == []


@pytest.mark.parametrize("value", [float("nan"), float("inf"), object(), {1, 2}])
def test_what_cannot_be_json_is_named(value: Any) -> None:
    with pytest.raises(ArgumentError, match="params: cannot be JSON"):
        FakeServer().client().submit("digits-mlp", params={"width": value})


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("localhost:8765", "not an http or https URL"),
        ("ftp://host", "not an http or https URL"),
        ("http://", "not an http or https URL"),
        ("http://host:port", "not a URL"),
        ("http://user:secret@host", "more than scheme"),
        ("http://host/?a=b", "more than scheme"),
    ],
)
def test_a_url_that_cannot_be_is_named(url: str, words: str) -> None:
    with pytest.raises(ArgumentError, match=words) as caught:
        Client(environ={"LRTUNE_URL": url})
    assert caught.value.field == "LRTUNE_URL"
    assert "secret" not in str(caught.value)


def test_url_and_token_come_from_the_environment() -> None:
    server = FakeServer().on("GET /base/v1/workers", model(samples.page(samples.WORKER)))
    environ = {"LRTUNE_URL": "http://lrtune.test/base/", "LRTUNE_TOKEN": "secret\n"}
    client = Client(environ=environ, transport=server.transport)
    assert client.workers() == [samples.WORKER]
    assert server.requests[0].headers["Authorization"] == "Bearer secret"


def test_a_token_that_cannot_be_is_not_repeated() -> None:
    with pytest.raises(ArgumentError, match="LRTUNE_TOKEN") as caught:
        Client(environ={"LRTUNE_TOKEN": "sec ret"})
    assert "sec ret" not in str(caught.value)


def test_a_sweep_of_ones_own_is_read_by_the_server() -> None:
    server = FakeServer().on("POST /v1/range-tests", model(samples.RANGE_TEST))
    lr, loss = np.array([1e-4, 1e-3]), np.array([[2.0, np.nan]])
    assert server.client().analyse(lr, loss, seeds=[3]) == samples.RANGE_TEST
    assert server.bodies() == [{"lr": [1e-4, 1e-3], "loss": [[2.0, None]], "seeds": [3]}]
