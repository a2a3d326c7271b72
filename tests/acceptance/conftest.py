"""A small real job, and what it gives when nothing goes wrong."""

from __future__ import annotations

from typing import Any

import pytest

from lrtune.client.result import Result
from lrtune.wire import JobRequest, Trial
from tests.acceptance.processes import serving
from tests.databases import *  # noqa: F403 - fixtures

SMALL: dict[str, Any] = {
    "task": "digits-mlp",
    "params": {"width": 32},
    "epochs": 3,
    "range_test": {"min_lr": 1e-5, "max_lr": 10, "steps_per_decade": 12, "seeds": 2},
    "search": {"trials": 18, "seed": 3},
    "confirm": {"finalists": 2, "seeds": 3},
}
"""A job of some seconds: a real network, real data, every phase."""


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Result, list[Trial]]:
    """Result and trials of ``SMALL`` on one worker that nobody kills."""
    with serving(tmp_path_factory.mktemp("home")) as server:
        handle = server.client().submit(JobRequest.model_validate(SMALL))
        result = handle.wait(timeout_s=240)
        return result, list(server.client().trials(handle.id))


def same(trials: list[Trial], others: list[Trial]) -> None:
    """Both searches tried the same settings, and found the same to the last bit."""
    assert [t.model_dump() for t in trials] == [t.model_dump() for t in others]
