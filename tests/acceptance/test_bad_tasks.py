"""Tasks that cannot be trained: the job fails, and says where and what to do."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lrtune.client.errors import JobFailed
from lrtune.wire import JobError, JobRequest
from store import Database, tasks
from tests.acceptance.conftest import SMALL
from tests.acceptance.processes import Server, serving

HEAD = """
import lrtune
import torch
from torch import nn

X, Y = torch.randn(256, 4, generator=torch.Generator().manual_seed(0)), torch.zeros(256, dtype=torch.long)


def task() -> lrtune.Task:
"""

GOOD = "lrtune.Task(model=lambda: nn.Linear(4, 2), train={train}, valid=(X, Y), loss={loss}, batch_size=32)"
CROSS_ENTROPY = "nn.functional.cross_entropy"

BAD = {
    "raises": "    raise RuntimeError('no data today')",
    "raises-late": "    def loss(outputs, targets):\n"
    "        return undefined_name\n"
    f"    return {GOOD.format(train='(X, Y)', loss='loss')}",
    "nan": f"    return {GOOD.format(train='(X * torch.nan, Y)', loss=CROSS_ENTROPY)}",
    "empty": f"    return {GOOD.format(train='(X[:0], Y[:0])', loss=CROSS_ENTROPY)}",
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    home = tmp_path_factory.mktemp("home")
    with serving(home) as server:
        database = Database(f"sqlite:///{home / 'lrtune.db'}")
        with database.write() as tx:
            for name, body in BAD.items():
                tasks.register(
                    tx,
                    name=name,
                    entry="bad:task",
                    description="",
                    params_schema={"type": "object", "properties": {}},
                    files={"bad.py": (HEAD + body + "\n").encode()},
                )
        database.dispose()
        yield server


def failure(server: Server, task: str) -> JobError:
    """The error that a job for a task ends with."""
    request = JobRequest.model_validate({**SMALL, "task": task, "params": {}})
    with pytest.raises(JobFailed) as caught:
        server.client().submit(request).wait(timeout_s=120)
    error = caught.value.job.error
    assert error is not None
    assert error.remedy
    return error


def line_of(body: str, text: str) -> int:
    """The line of the task's file that holds ``text``."""
    lines = (HEAD + body).splitlines()
    return next(number for number, line in enumerate(lines, 1) if text in line)


@pytest.mark.parametrize(
    ("task", "text"), [("raises", "raise RuntimeError"), ("raises-late", "undefined_name")]
)
def test_an_error_of_the_task_points_at_its_line(server: Server, task: str, text: str) -> None:
    error = failure(server, task)
    assert error.code == "user_error"
    assert (error.file, error.line) == ("bad.py", line_of(BAD[task], text))
    assert error.traceback is not None
    assert "workers/trainer" not in error.traceback


def test_a_loss_that_is_nan_at_once_is_no_matter_of_the_learning_rate(server: Server) -> None:
    error = failure(server, "nan")
    assert "nan on the first batch, before any step" in error.detail
    assert error.remedy is not None
    assert "data" in error.remedy


def test_an_empty_data_set_is_named(server: Server) -> None:
    error = failure(server, "empty")
    assert error.code == "task_invalid"
    assert "train" in error.detail
    assert "empty" in error.detail
