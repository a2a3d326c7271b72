"""Tasks that go too far, on a real server: their jobs fail and say why, and nobody else is hurt."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from lrtune.client import JobHandle
from lrtune.client.errors import JobFailed
from lrtune.wire import Isolation, JobError, JobRequest, JobState
from store import Database, tasks
from tests.acceptance.conftest import SMALL
from tests.acceptance.processes import GONE_S, Server, serving, trainers, until

HEAD = """
import os, signal, socket, subprocess, time
from glob import glob
import lrtune, torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

X, Y = torch.randn(256, 4, generator=torch.Generator().manual_seed(0)), torch.zeros(256, dtype=torch.long)


def make(**changes):
    fields = dict(model=lambda: nn.Linear(4, 2), train=(X, Y), valid=(X, Y), loss=nn.functional.cross_entropy)
    return lrtune.Task(**fields | changes)


def task(secret: str, database: str, port: int) -> lrtune.Task:
"""

BODIES = {
    "exits": """
        print("going", flush=True)
        os._exit(7)
    """,
    "sleeps": """
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        time.sleep(1e6)
    """,
    "hoards": """
        hoard = [torch.ones(25_000_000) for _ in range(60)]
        time.sleep(1e6)
    """,
    "forks": """
        while True:
            try:
                os.fork()
            except OSError:
                pass
    """,
    "writes": """
        for number in range(300):
            with open(f"part{number}", "wb") as file:
                file.write(b"x" * 1_000_000)
        time.sleep(1e6)
    """,
    "prints": """
        while True:
            print("x" * 100)
    """,
    "spies": """
        found = []
        for path in (*glob("/proc/*/environ"), *glob("/proc/*/cmdline"), database):
            try:
                with open(path, "rb") as file:
                    content = file.read()
            except OSError:
                continue
            if path == database or secret.encode() in content:
                found.append(path)
        raise RuntimeError(f"found {found}")
    """,
    "calls": """
        socket.create_connection(("127.0.0.1", port), 5)
        raise RuntimeError("connected")
    """,
    "litters": """
        with open("/var/tmp/lrtune-litter", "w") as file:
            file.write("x")
        raise RuntimeError("written")
    """,
    "whole-numbers": """
        def model():
            made = nn.Linear(4, 2)
            made.steps = nn.Parameter(torch.zeros(3, dtype=torch.long), requires_grad=False)
            return made
        return make(model=model)
    """,
    "shapes": """
        return make(train=[(X[i].repeat(1 + i % 2), Y[i]) for i in range(256)])
    """,
    "loads": """
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                os.execvp("sleep", ["sleep", "1000"])
            os._exit(0)
        loader = DataLoader(TensorDataset(X, Y), batch_size=64, num_workers=2, persistent_workers=True)
        x, y = (torch.cat(part) for part in zip(*loader))
        return make(train=(x, y), metrics={"kept": lambda o, t: float(loader._iterator is not None)})
    """,
}
"""The last one is well: it reads its data by processes that stay, and starts one that runs away."""

SECRET = "correct-horse-battery-staple"
LIMITS = {
    "LRTUNE_MEMORY_MB": "2500",
    "LRTUNE_PROCESSES": "24",
    "LRTUNE_TASK_THREADS": "150",
    "LRTUNE_DISK_MB": "150",
    "LRTUNE_LOG_MB": "2",
    "LRTUNE_STALL_S": "25",
}
"""Reached soon."""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def server(home: Path) -> Iterator[Server]:
    with serving(home, workers=2, **LIMITS, LRTUNE_TEST_SECRET=SECRET) as server:
        database = Database(f"sqlite:///{home / 'lrtune.db'}")
        with database.write() as tx:
            for name, body in BODIES.items():
                tasks.register(
                    tx,
                    name=name,
                    entry="bad:task",
                    description="",
                    params_schema={"type": "object"},
                    files={"bad.py": (HEAD + textwrap.indent(textwrap.dedent(body), "    ")).encode()},
                )
        database.dispose()
        yield server


@pytest.fixture(scope="module")
def staff(server: Server) -> set[str]:
    """The workers before any of this happens."""
    until(lambda: len(server.client().workers()) == 2, "two workers")
    return {worker.id for worker in server.client().workers()}


@pytest.fixture(scope="module")
def posted(server: Server, home: Path, staff: set[str]) -> Mapping[str, JobHandle]:
    """A job of every task, all of them posted at once, an honest one in their midst."""
    params = {
        "secret": SECRET,
        "database": str(home / "lrtune.db"),
        "port": int(server.url.rpartition(":")[2]),
    }
    client = server.client()
    requests = {name: {**SMALL, "task": name, "params": params} for name in BODIES}
    few = {"search": {"trials": 6}, "confirm": {"finalists": 1, "seeds": 2}}
    requests["loads"] |= few
    requests["digits-mlp"] = SMALL | few
    return {name: client.submit(JobRequest.model_validate(request)) for name, request in requests.items()}


def failure(posted: Mapping[str, JobHandle], task: str) -> JobError:
    """The error that the task's job ends with."""
    with pytest.raises(JobFailed) as caught:
        posted[task].wait(timeout_s=240)
    error = caught.value.job.error
    assert error is not None
    assert error.remedy
    return error


def level(server: Server) -> Isolation:
    """The level that both workers reach."""
    [reached] = {worker.isolation for worker in server.client().workers()}
    assert reached is not None
    return reached


@pytest.mark.parametrize(
    ("task", "code", "setting"),
    [
        ("hoards", "memory_limit", "LRTUNE_MEMORY_MB"),
        ("forks", "process_limit", "LRTUNE_PROCESSES"),
        ("writes", "disk_limit", "LRTUNE_DISK_MB"),
        ("prints", "log_limit", "LRTUNE_LOG_MB"),
        ("sleeps", "trainer_stalled", "LRTUNE_STALL_S"),
    ],
)
def test_a_task_that_goes_too_far_is_told_the_limit(
    posted: Mapping[str, JobHandle], task: str, code: str, setting: str
) -> None:
    error = failure(posted, task)
    assert error.code == code
    assert setting in (error.remedy or "")


def test_a_task_that_leaves_without_a_word_is_told_its_last_ones(posted: Mapping[str, JobHandle]) -> None:
    error = failure(posted, "exits")
    assert error.code == "trainer_died"
    assert "status 7" in error.detail
    assert "going" in (error.traceback or "")


def test_a_task_that_spies_finds_nothing(server: Server, posted: Mapping[str, JobHandle]) -> None:
    error = failure(posted, "spies")
    assert error.code == "user_error"
    if level(server).rank >= Isolation.USER.rank:
        assert "found []" in error.detail


@pytest.mark.parametrize(("task", "text"), [("calls", "create_connection"), ("litters", "open(")])
def test_a_task_that_reaches_out_is_refused_where_it_does(
    server: Server, posted: Mapping[str, JobHandle], task: str, text: str
) -> None:
    error = failure(posted, task)
    assert (error.code, error.file) == ("user_error", "bad.py")
    if level(server).rank >= Isolation.LANDLOCK.rank:
        assert error.detail.startswith(("PermissionError", "OSError", "FileNotFoundError"))
        line = next(n for n, line in enumerate((HEAD + BODIES[task]).splitlines(), 1) if text in line)
        assert error.line == line


@pytest.mark.parametrize(
    ("task", "detail"), [("whole-numbers", "model: parameter steps is torch.int64"), ("shapes", "train:")]
)
def test_a_task_that_breaks_the_contract_is_told_the_field(
    posted: Mapping[str, JobHandle], task: str, detail: str
) -> None:
    error = failure(posted, task)
    assert error.code == "task_invalid"
    assert error.detail.startswith(detail)


def test_nobody_else_is_hurt(
    server: Server, home: Path, staff: set[str], posted: Mapping[str, JobHandle]
) -> None:
    for task in ("digits-mlp", "loads"):
        assert posted[task].wait(timeout_s=280).job.state is JobState.SUCCEEDED
    for task in BODIES.keys() - {"loads"}:
        failure(posted, task)
    assert {worker.id for worker in server.client().workers()} == staff
    until(lambda: not trainers(home), "the last process of an ended job to be gone", within_s=GONE_S)
