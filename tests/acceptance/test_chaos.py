"""``make chaos``, short: a few faults on SQLite, and all that must hold after any number of them."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import NamedTuple

import pytest

from benchmarks.chaos import building, ledger
from benchmarks.chaos.checking import check, found
from benchmarks.chaos.driving import drive
from benchmarks.chaos.faults import FAULTS, children, server, workers
from lrtune.wire import JobRequest
from tests.acceptance.processes import until

SEED = 7
STRIKES = (workers.zombie, children.child_killed, server.server_killed)


REQUEST = JobRequest.model_validate(
    {
        "task": "digits-mlp",
        "params": {"width": 16},
        "epochs": 1,
        "range_test": {"min_lr": 1e-3, "max_lr": 10, "steps_per_decade": 8, "seeds": 2},
        # Without the other's answer to begin with: which of them ends first is chance.
        "search": {"trials": 4, "transfer": False},
        "confirm": {"finalists": 1, "seeds": 2},
    }
)


@pytest.mark.timeout(600)
def test_nothing_is_lost_or_done_twice_whatever_falls(tmp_path: Path) -> None:
    struck = [fault for fault in FAULTS if fault.strikes in STRIKES]
    Random(SEED).shuffle(struck)
    with building.world(tmp_path, "sqlite", workers=2, seed=SEED) as world:
        world.tend()
        until(world.ready, "a server")
        with world.client() as client:
            calm = client.submit(REQUEST).wait(timeout_s=240).job.id
            expected = [found(client, calm)]
        story = drive(world, [REQUEST], struck, at_once=2, tell=print)
        story.submitted[calm] = 0
        assert check(world, story, expected) == []
    assert sorted(strike.fault for strike in story.strikes) == sorted(fault.name for fault in struck)


class Unit(NamedTuple):
    """A row of the ledger: a unit as it became."""

    was: str
    state: str
    attempt: int
    owner: str | None
    unit: int = 1


class Trial(NamedTuple):
    """A row of the ledger: a trial as it became."""

    was: str
    state: str
    job: str = "job"
    number: int = 0


CLAIMED, AGAIN = Unit("open", "leased", 1, "ada"), Unit("open", "leased", 2, "bob")
LAPSED, CLOSED = Unit("leased", "open", 1, None), Unit("leased", "closed", 2, "bob")


def test_the_ledger_of_a_unit_that_was_lost_once_is_whole() -> None:
    assert list(ledger.owners([CLAIMED, LAPSED, AGAIN, CLOSED])) == []


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([CLAIMED, Unit("leased", "leased", 1, "bob")], "two owners"),
        ([CLAIMED, Unit("leased", "leased", 2, "bob")], "without a claim"),
        ([CLAIMED, LAPSED, Unit("open", "leased", 1, "bob")], "count up by one"),
        ([CLAIMED, LAPSED, AGAIN, CLOSED, CLOSED], "after its end"),
        ([CLAIMED, AGAIN], "beside the ledger"),
    ],
)
def test_the_ledger_tells_a_broken_promise(rows: list[Unit], said: str) -> None:
    [told] = ledger.owners(rows)
    assert said in told


def test_the_ledger_tells_a_trial_that_ends_twice() -> None:
    ended = Trial("running", "complete")
    assert list(ledger.endings([Trial("waiting", "running"), ended])) == []
    [told] = ledger.endings([ended, Trial("complete", "pruned")])
    assert "trial 0 of job job" in told
