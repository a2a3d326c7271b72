"""Every command: what it asks, what it prints, and how it ends."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from lrtune.cli import exits
from lrtune.wire import Job, JobError, JobState, Page
from service import samples
from tests.unit.cli.conftest import Run
from tests.unit.client.fake import FakeServer, event, model, problem, stream

ID = samples.JOB.id
JOB = f"/v1/jobs/{ID}"
SUCCEEDED = samples.JOB.model_copy(update={"state": JobState.SUCCEEDED})
PAGES = {
    "jobs": ("GET /v1/jobs", samples.JOB),
    "tasks": ("GET /v1/tasks", samples.TASK),
    "workers": ("GET /v1/workers", samples.WORKER),
    "best digits-mlp": ("GET /v1/best", samples.BEST),
    f"trials {ID}": (f"GET {JOB}/trials", samples.TRIAL),
}


def measured(server: FakeServer, job: Job = SUCCEEDED) -> FakeServer:
    """A server with a job that has everything."""
    return (
        server.on(f"GET {JOB}", model(job))
        .on(f"GET {JOB}/range-test", model(samples.RANGE_TEST))
        .on(f"GET {JOB}/answer", model(samples.ANSWER))
        .on(f"GET {JOB}/code", model(samples.CODE))
        .on(f"GET {JOB}/events", stream(event(1, "state", state=job.state.value)))
    )


@pytest.mark.parametrize("command", PAGES)
def test_lists_are_tables_or_json(command: str, run: Run, server: FakeServer) -> None:
    route, item = PAGES[command]
    server.on(route, model(samples.page(item)))
    table = run(*command.split())
    assert table.exit_code == exits.OK, table.stderr
    assert "digits" in table.stdout or "cosine" in table.stdout or "gpu1" in table.stdout
    as_json = run(*command.split(), "--json")
    assert json.loads(as_json.stdout) == [item.model_dump(mode="json")]


@pytest.mark.parametrize("command", PAGES)
def test_empty_lists_say_so(command: str, run: Run, server: FakeServer) -> None:
    server.on(PAGES[command][0], model(Page[Any](items=[])))
    assert run(*command.split()).stdout.strip() != ""
    assert json.loads(run(*command.split(), "--json").stdout) == []


def test_lists_read_no_more_pages_than_they_print(run: Run, server: FakeServer) -> None:
    server.on("GET /v1/jobs", model(Page(items=[samples.JOB], next_cursor="more")))
    assert (
        json.loads(run("jobs", "--limit", "2", "--json").stdout) == [samples.JOB.model_dump(mode="json")] * 2
    )
    assert len(server.requests) == 2


def test_trials_may_come_best_first(run: Run, server: FakeServer) -> None:
    trials = [
        samples.TRIAL.model_copy(update={"number": number, "value": value})
        for number, value in enumerate([0.3, None, 0.1, 0.2])
    ]
    server.on(f"GET {JOB}/trials", model(Page(items=trials))).on(f"GET {JOB}", model(samples.JOB))
    found = json.loads(run("trials", ID, "--sort", "value", "--json").stdout)
    assert [trial["number"] for trial in found] == [2, 3, 0, 1]


def test_show_prints_everything_there_is(run: Run, server: FakeServer) -> None:
    done = run("show", ID) if measured(server) else None
    assert done is not None
    assert done.exit_code == exits.OK, done.stderr
    for words in ("digits-mlp@1", "succeeded", "verified by short trainings", "medium 1.2e-4 to 0.024",
                  samples.ANSWER.verdict, "0.0041", "default constant"):  # fmt: skip
        assert words in done.stdout, words
    told = json.loads(run("show", ID, "--json").stdout)
    assert told["answer"] == samples.ANSWER.model_dump(mode="json")


def test_show_of_a_running_job_leaves_out_what_is_not_there(run: Run, server: FakeServer) -> None:
    server.on(f"GET {JOB}", model(samples.JOB))
    for rest in ("range-test", "answer"):
        server.on(f"GET {JOB}/{rest}", problem(404, "not_ready", "Not yet."))
    done = run("show", ID)
    assert done.exit_code == exits.OK, done.stderr
    assert "31 of 99, about 1:14 left" in done.stdout
    assert json.loads(run("show", ID, "--json").stdout)["answer"] is None


def test_show_points_at_the_line_that_failed(run: Run, server: FakeServer) -> None:
    error = JobError(
        code="task_error", detail="ZeroDivisionError: division by zero", remedy="Mend it.",
        file="mine.py", line=7, traceback="Traceback: …\n  mine.py, line 7",
    )  # fmt: skip
    failed = samples.JOB.model_copy(update={"state": JobState.FAILED, "error": error})
    server.on(f"GET {JOB}", model(failed))
    for rest in ("range-test", "answer"):
        server.on(f"GET {JOB}/{rest}", problem(409, "not_available", "It failed."))
    done = run("show", ID)
    assert done.exit_code == exits.OK
    for words in ("ZeroDivisionError", "at mine.py, line 7", "Mend it.", "Traceback"):
        assert words in done.stdout


def test_last_is_the_newest_job(run: Run, server: FakeServer) -> None:
    measured(server).on("GET /v1/jobs", model(samples.page(samples.JOB)))
    assert run("code", "last").stdout == samples.CODE.code
    server.on("GET /v1/jobs", model(Page[Any](items=[])))
    none = run("code", "last")
    assert (none.exit_code, "there is no job yet" in none.stderr) == (exits.USAGE, True)


def test_cancel(run: Run, server: FakeServer) -> None:
    server.on(f"POST {JOB}/cancel", model(samples.CANCELLED))
    assert run("cancel", ID).stdout == f"Job {ID} is cancelled.\n"
    assert json.loads(run("cancel", ID, "--json").stdout)["state"] == "cancelled"


def test_watch_prints_lines_then_the_answer(run: Run, server: FakeServer) -> None:
    progress = samples.JOB.progress.model_dump()
    best = samples.JOB.best.model_dump() if samples.JOB.best else None
    events = stream(
        event(1, "state", state="running"),
        event(2, "phase", phase="search"),
        event(3, "progress", phase="search", progress=progress, best=best),
        event(4, "warning", text="mind the \x1b[31mgap"),
        event(5, "state", state="succeeded"),
    )
    measured(server).on(f"GET {JOB}", model(samples.QUEUED), model(SUCCEEDED)).on(f"GET {JOB}/events", events)
    done = run("watch", ID)
    assert done.exit_code == exits.OK, done.stderr
    assert "search" in done.stdout
    assert "mind the [31mgap" in done.stdout
    assert "\x1b" not in done.stdout
    assert samples.ANSWER.verdict in done.stdout


def test_watch_as_json_is_a_line_an_event(run: Run, server: FakeServer) -> None:
    measured(server)
    [line] = run("watch", ID, "--json").stdout.splitlines()
    assert json.loads(line)["data"] == {"state": "succeeded"}


@pytest.mark.parametrize(
    ("state", "status"), [(JobState.FAILED, exits.JOB_FAILED), (JobState.CANCELLED, exits.JOB_CANCELLED)]
)
@pytest.mark.parametrize("flags", [(), ("--json",)])
def test_how_a_job_ends_is_the_exit_status(
    state: JobState, status: int, flags: tuple[str, ...], run: Run, server: FakeServer
) -> None:
    error = JobError(code="task_error", detail="it broke", remedy="Mend it.")
    job = samples.JOB.model_copy(update={"state": state, "error": error})
    server.on("POST /v1/jobs", model(samples.QUEUED, 202)).on(f"GET {JOB}", model(job))
    server.on(f"GET {JOB}/events", stream(event(1, "state", state=state.value)))
    for command in (("watch", ID), ("submit", "digits-mlp", "--wait")):
        done = run(*command, *flags)
        assert done.exit_code == status
        assert f"Error: Job {ID}" in done.stderr


def test_no_server_is_two_lines(run: Run, server: FakeServer) -> None:
    server.on("GET /v1/jobs", httpx.ConnectError("refused"))
    done = run("jobs")
    assert done.exit_code == exits.ERROR
    assert done.stderr.splitlines() == [
        "Error: No lrtune server answers at http://lrtune.test (refused).",
        "  Start one with `lrtune serve`, or name another with LRTUNE_URL.",
    ]
    assert done.stdout == ""


def test_a_wrong_url_is_wrong_input(run: Run) -> None:
    done = run("jobs", "--url", "nonsense")
    assert (done.exit_code, done.stderr.splitlines()[0]) == (
        exits.USAGE,
        "Error: url: 'nonsense' is not an http or https URL.",
    )


def test_ctrl_c_is_130(run: Run, server: FakeServer) -> None:
    def interrupt(request: httpx.Request) -> httpx.Response:
        raise KeyboardInterrupt

    server.on("GET /v1/jobs", interrupt)
    done = run("jobs")
    assert (done.exit_code, done.stderr) == (exits.INTERRUPTED, "Interrupted.\n")
