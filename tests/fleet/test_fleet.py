"""`lrtune fleet` on a Ray cluster of three nodes, made up on this machine; one dies during a search.

Not part of `make test`: Ray is 240 MB and its nodes take a GiB of memory. `make test-fleet` brings it.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import ray
from ray.cluster_utils import Cluster

from lrtune.wire import JobRequest, JobState, Phase
from service import examples
from store import Database, jobs, trials
from tests.acceptance.conftest import SMALL
from tests.acceptance.processes import environ, lrtune, until
from tests.databases import *  # noqa: F403 - fixtures


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    """A head without room for workers, and two nodes that say they have a GPU each."""
    made = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "num_gpus": 0})
    nodes = [made.add_node(num_cpus=1, num_gpus=1) for _ in range(2)]
    made.wait_for_nodes()
    made.gpu_nodes = nodes
    yield made
    made.shutdown()


@pytest.fixture
def database(postgresql_url: str) -> Iterator[Database]:
    database = Database(postgresql_url)
    examples.register(database)
    yield database
    database.dispose()


class Fleet:
    def __init__(self, home: Path, cluster: Cluster, url: str) -> None:
        # The nodes say they have GPUs, and have none.
        self.environ = environ(home, LRTUNE_DATABASE_URL=url, LRTUNE_RAY=cluster.address, LRTUNE_DEVICE="cpu")

    def run(self, *arguments: str) -> str:
        done = subprocess.run(
            lrtune("fleet", *arguments), env=self.environ, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def rows(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(self.run("status", "--json"))
        return found


def test_a_node_dies_and_the_job_finishes(
    tmp_path: Path, cluster: Cluster, postgresql_url: str, database: Database
) -> None:
    fleet = Fleet(tmp_path, cluster, postgresql_url)
    assert "There is no fleet" in fleet.run("status")
    fleet.run("up", "--workers", "2")
    until(
        lambda: {row["state"] for row in fleet.rows()} == {"idle"} and len(fleet.rows()) == 2, "two workers"
    )
    with database.write() as tx:
        jobs.submit(tx, JobRequest.model_validate({**SMALL, "max_parallel": 2}), job_id="job1")

    def searching() -> bool:
        with database.read() as tx:
            return bool(trials.for_job(tx, "job1", phase=Phase.SEARCH))

    until(searching, "a search trial")
    cluster.remove_node(cluster.gpu_nodes[0], allow_graceful=False)

    def ended() -> bool:
        with database.read() as tx:
            return jobs.get(tx, "job1").state.final

    until(ended, "the job's end")
    with database.read() as tx:
        job = jobs.get(tx, "job1")
        assert job.state is JobState.SUCCEEDED, job.error
        found = trials.for_job(tx, "job1")
    assert [trial.number for trial in found] == list(range(len(found)))
    assert sum(trial.phase is Phase.SEARCH for trial in found) == SMALL["search"]["trials"]
    assert all(trial.state.final for trial in found)
    assert "The fleet is down" in fleet.run("down")
    assert "There is no fleet" in fleet.run("status")


def test_it_follows_the_queue(
    tmp_path: Path, cluster: Cluster, postgresql_url: str, database: Database
) -> None:
    fleet = Fleet(tmp_path, cluster, postgresql_url)
    fleet.run(
        "up",
        "--min",
        "0",
        "--max",
        "2",
        "--gpus-per-worker",
        "0.5",
        "--cpus-per-worker",
        "0.5",
        "--idle-s",
        "1",
    )
    assert fleet.rows() == []
    with database.write() as tx:
        jobs.submit(tx, JobRequest.model_validate(SMALL), job_id="job1")
    until(lambda: bool(fleet.rows()), "a worker")

    def succeeded() -> bool:
        with database.read() as tx:
            return jobs.get(tx, "job1").state is JobState.SUCCEEDED

    until(succeeded, "the job's end")
    until(lambda: fleet.rows() == [], "the end of the workers that nobody needs")
    assert "The fleet is down" in fleet.run("down")


def test_what_goes_wrong_is_one_line(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/none.db"
    done = subprocess.run(
        lrtune("fleet", "up", "--ray", "127.0.0.1:1"),
        env={**os.environ, "LRTUNE_DATABASE_URL": url},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "lrtune migrate" in done.stderr
    assert not ray.is_initialized()
