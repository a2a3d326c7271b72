"""Checkpoints of units: whoever claims a unit next finds the curves cut to where it goes on."""

from __future__ import annotations

import pytest

from lrtune.wire import Phase, TrialState
from store import Database, checkpoints, jobs, trials, units
from store.checkpoints import Checkpoint
from store.errors import LeaseLost
from store.units import Lease
from tests.store.rows import LEASE_S, Clock, claim, report, training_job

KEPT = Checkpoint("job1-2-1-1.pt", "0" * 64, {1: 2, 2: 1, 3: 0})


@pytest.fixture
def lease(database: Database) -> Lease:
    """A unit of four trials: one ended at epoch 2; of the others three, two and no epochs are stored."""
    [numbers] = training_job(database, [4], epochs=9)
    lease = claim(database)
    with units.held(database, lease) as tx:
        jobs.plan_phase(tx, "job1", Phase.SEARCH, trainings=4, epochs=36)
        trials.start(tx, "job1", numbers)
        told = [(0, 1), (0, 2), (1, 1), (1, 2), (1, 3), (2, 1), (2, 2)]
        trials.report(tx, "job1", [(number, report(epoch)) for number, epoch in told])
        trials.finish(tx, "job1", [(0, TrialState.PRUNED, None)])
    return lease


def lengths(database: Database) -> list[int]:
    with database.read() as tx:
        return [len(trial.curve) for trial in trials.for_job(tx, "job1", curves=True)]


def share(database: Database) -> float:
    with database.read() as tx:
        return jobs.get(tx, "job1").progress.share


def test_a_unit_has_none_at_first(database: Database, lease: Lease) -> None:
    with database.read() as tx:
        assert checkpoints.of(tx, lease) is None
        assert checkpoints.live(tx) == set()


@pytest.mark.parametrize("lost", [True, False])
def test_the_next_attempt_goes_on_from_it(database: Database, clock: Clock, lease: Lease, lost: bool) -> None:
    with units.held(database, lease) as tx:
        checkpoints.put(tx, lease, KEPT)
    if lost:
        clock.advance(LEASE_S + 1)
    else:
        with database.write() as tx:
            units.release(tx, lease)
    second = claim(database, "bob")
    with database.read() as tx:
        assert checkpoints.of(tx, second) == KEPT
        assert [t.state for t in trials.for_job(tx, "job1")] == ["pruned", *["waiting"] * 3]
    assert lengths(database) == [2, 2, 1, 0]
    with units.held(database, second) as tx:
        trials.start(tx, "job1", [1, 2, 3])
        trials.report(tx, "job1", [(1, report(3)), (2, report(2)), (3, report(1))])
    assert lengths(database) == [2, 3, 2, 1]


def test_progress_follows_the_curves(database: Database, lease: Lease) -> None:
    with units.held(database, lease) as tx:
        checkpoints.put(tx, lease, KEPT)
    with database.write() as tx:
        units.release(tx, lease)
    # Five epochs are left of what was reported; the pruned trial spares seven of thirty-six.
    assert share(database) == round(5 / 29, 4)


def test_one_that_is_dropped_leaves_a_fresh_start(database: Database, lease: Lease) -> None:
    with units.held(database, lease) as tx:
        checkpoints.put(tx, lease, KEPT)
        assert checkpoints.live(tx) == {KEPT.name}
        checkpoints.drop(tx, lease)
        assert checkpoints.of(tx, lease) is None
    assert lengths(database) == [2, 0, 0, 0]
    assert share(database) == round(2 / 29, 4)


def test_a_stale_attempt_keeps_none(database: Database, clock: Clock, lease: Lease) -> None:
    clock.advance(LEASE_S + 1)
    second = claim(database, "bob")
    with pytest.raises(LeaseLost), units.held(database, lease) as tx:
        checkpoints.put(tx, lease, KEPT)
    with database.read() as tx:
        assert checkpoints.of(tx, second) is None


def test_a_closed_unit_needs_none(database: Database, lease: Lease) -> None:
    with units.held(database, lease) as tx:
        checkpoints.put(tx, lease, KEPT)
        trials.finish(tx, "job1", [(n, TrialState.DIVERGED, None) for n in (1, 2, 3)])
        units.finish(tx, lease)
    with database.read() as tx:
        assert checkpoints.live(tx) == set()
