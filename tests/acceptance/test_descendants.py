"""Data loaders' processes and runaways: gone with a cancelled job, and with a worker that lost its lease."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from lrtune.client import JobHandle
from lrtune.wire import JobState
from tests.acceptance.processes import GONE_S, LEASE_S, Server, serving, trainers, until, working

SCRIPT = """
import os
import lrtune, torch
from torch.utils.data import DataLoader, TensorDataset


def run_away():
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            os.execvp("sleep", ["sleep", "1000"])
        os._exit(0)


def train(trial):
    run_away()
    loader = DataLoader(TensorDataset(torch.zeros(64, 2)), num_workers=2, persistent_workers=True)
    for step in range(trial.total_steps):
        for _ in loader:
            pass
        trial.report(step, train_loss=1.0)


def task() -> lrtune.Loop:
    return lrtune.Loop(train=train, steps_per_epoch=100, batch_size=1)
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def server(home: Path) -> Iterator[Server]:
    with serving(home, workers=0) as server:
        (home / "crowd.py").write_text(SCRIPT)
        server.client().push_task(home / "crowd.py")
        yield server


def crowded(server: Server, home: Path) -> JobHandle:
    """A job whose trainer has its loaders' two processes and a runaway around it."""
    handle = server.client().submit("crowd")
    until(lambda: len(trainers(home)) >= 4 and "sleep" in commands(home), "the runaway and the loaders")
    return handle


def commands(home: Path) -> set[str]:
    found = set()
    for pid in trainers(home):
        try:
            found.add(Path(f"/proc/{pid}/cmdline").read_text().partition("\0")[0])
        except OSError:
            continue
    return found


def test_a_cancelled_job_leaves_nothing_running(server: Server, home: Path) -> None:
    with working(home):
        handle = crowded(server, home)
        assert handle.cancel().state is JobState.CANCELLED
        until(lambda: not trainers(home), "the end of all that the job started", within_s=GONE_S)


def test_a_worker_that_lost_its_lease_leaves_nothing_running(server: Server, home: Path) -> None:
    with working(home) as worker:
        handle = crowded(server, home)
        worker.send_signal(signal.SIGSTOP)
        until(lambda: not trainers(home), "the end of a lease's work", within_s=float(LEASE_S) + GONE_S)
        handle.cancel()
        worker.send_signal(signal.SIGCONT)
