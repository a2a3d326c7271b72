"""Workers and servers that are killed, told to stop, or overtaken by a cancellation."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from lrtune import Client
from lrtune.client.errors import JobCancelled, JobFailed
from lrtune.client.result import Result
from lrtune.wire import JobRequest, JobState, Phase, Trial, TrialState
from tests.acceptance.conftest import SMALL, same
from tests.acceptance.processes import GONE_S, LEASE_S, end, serving, trainers, until, working

REQUEST = JobRequest.model_validate(SMALL)
LONG = JobRequest.model_validate({**SMALL, "epochs": 2000})
"""The same job, too long to end before a test looks."""


def searching(client: Client, job_id: str) -> bool:
    """Whether a trial of the search runs."""
    return any(t.state is TrialState.RUNNING for t in client.trials(job_id, phase=Phase.SEARCH))


@pytest.mark.parametrize("kill", [signal.SIGKILL, signal.SIGTERM])
def test_a_worker_lost_mid_search_costs_only_its_unit(
    tmp_path: Path, kill: signal.Signals, undisturbed: tuple[Result, list[Trial]]
) -> None:
    with serving(tmp_path, workers=0) as server:
        client = server.client()
        handle = client.submit(REQUEST)
        with working(tmp_path, LRTUNE_CHECKPOINT_S="0") as first:
            until(lambda: searching(client, handle.id), "a search trial")
            first.send_signal(kill)
            assert first.wait(60) == (-kill if kill is signal.SIGKILL else 0)
            until(lambda: not trainers(tmp_path), "the trainer's end")
        with working(tmp_path):
            handle.wait(timeout_s=240)
        same(list(client.trials(handle.id)), undisturbed[1])


def test_a_worker_that_wakes_after_its_lease_changes_nothing(
    tmp_path: Path, undisturbed: tuple[Result, list[Trial]]
) -> None:
    with serving(tmp_path, workers=0) as server:
        client = server.client()
        handle = client.submit(REQUEST)
        with working(tmp_path) as zombie:
            until(lambda: searching(client, handle.id), "a search trial")
            zombie.send_signal(signal.SIGSTOP)
            until(
                lambda: not trainers(tmp_path),
                "the end of a trainer without a lease",
                within_s=float(LEASE_S) + GONE_S,
            )
            with working(tmp_path):
                handle.wait(timeout_s=240)
            zombie.send_signal(signal.SIGCONT)
            assert end(zombie) == 0
        same(list(client.trials(handle.id)), undisturbed[1])


def test_cancelling_a_running_job_ends_its_trainer(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        client = server.client()
        handle = client.submit(LONG)
        until(lambda: client.job(handle.id).state is JobState.RUNNING, "the job's start")
        until(lambda: bool(trainers(tmp_path)), "a trainer")
        assert handle.cancel().state is JobState.CANCELLED
        assert handle.cancel().state is JobState.CANCELLED
        until(lambda: not trainers(tmp_path), "the trainer's end", within_s=GONE_S)
        with pytest.raises(JobCancelled):
            handle.wait(timeout_s=30)
        done = client.submit(REQUEST).wait(timeout_s=240)
        assert done.job.state is JobState.SUCCEEDED


def test_cancelling_a_queued_job_keeps_it_from_starting(tmp_path: Path) -> None:
    with serving(tmp_path, workers=0) as server:
        client = server.client()
        handle = client.submit(REQUEST)
        assert handle.cancel().state is JobState.CANCELLED
        with working(tmp_path):
            other = client.submit(REQUEST).wait(timeout_s=240)
        assert other.job.state is JobState.SUCCEEDED
        assert not list(client.trials(handle.id))


def test_a_server_that_is_killed_loses_no_job(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        client = server.client()
        running, queued = client.submit(REQUEST), client.submit(REQUEST)
        until(lambda: searching(client, running.id), "a search trial")
        os.kill(server.process.pid, signal.SIGKILL)
        server.process.wait()
        until(lambda: not trainers(tmp_path), "the end of what the server had started")
    with serving(tmp_path) as server:
        for handle in (running, queued):
            found = server.client().wait(handle.id, timeout_s=240)
            assert found.job.state is JobState.SUCCEEDED


def test_a_server_told_to_stop_hands_its_work_on(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        client = server.client()
        handle = client.submit(LONG)
        until(lambda: client.job(handle.id).state is JobState.RUNNING, "the job's start")
        until(lambda: bool(trainers(tmp_path)), "a trainer")
        assert end(server.process) == 0
    assert not trainers(tmp_path)
    with serving(tmp_path, workers=0) as server:
        assert server.client().job(handle.id).state is JobState.RUNNING
        assert not server.client().workers()


def test_a_job_over_which_the_worker_itself_fails_takes_no_other_with_it(tmp_path: Path) -> None:
    scratch = tmp_path / "scratch"
    with serving(tmp_path, workers=0) as server, working(tmp_path):
        client = server.client()
        until(lambda: bool(client.workers()), "a worker")
        scratch.rmdir()  # as a cleaner of temporary folders does
        with pytest.raises(JobFailed) as caught:
            client.submit(REQUEST).wait(timeout_s=60)
        error = caught.value.job.error
        assert error is not None
        assert (error.code, "FileNotFoundError" in error.detail) == ("worker_failed", True)
        scratch.mkdir()
        handle = client.submit(REQUEST)
        until(lambda: bool(trainers(tmp_path)), "a trainer")
        handle.cancel()
        assert len(list(client.workers())) == 1
