"""The numbers of the whole server, counted from its rows."""

from __future__ import annotations

from typing import Any

from lrtune.wire import Isolation, TrialState
from store import Database, drains, gauges, trials, units, vitals, workers
from tests.store.rows import LEASE_S, Clock, claim, submit, training_job


def read(database: Database) -> gauges.Gauges:
    with database.read() as tx:
        return gauges.read(tx)


def test_an_empty_database(database: Database) -> None:
    found = read(database)
    assert (found.jobs, found.open_units, found.leased_units, found.trials, found.workers) == ({},) * 5
    assert (found.waiting_units, found.lapsed_units, found.lapses, found.oldest_open_s) == (0, 0, 0, 0.0)
    assert found.least_lease_s is None
    assert found.draining_since is None


def test_work_under_way(database: Database, clock: Clock) -> None:
    [numbers, _] = training_job(database, [2, 1])
    lease = claim(database)
    with units.held(database, lease) as tx:
        trials.finish(tx, "job1", [(numbers[0], TrialState.COMPLETE, 0.5)])
        units.add(tx, "job1", "range_test", {"seeds": [1]}, at_once=1)
        for name, job in (("ada", "job1"), ("bob", None)):
            seen: dict[str, Any] = {
                "host": "h",
                "pid": 1,
                "device": "cuda",
                "version": "1",
                "started_at": clock.at,
                "isolation": Isolation.PROCESS,
            }
            workers.seen(tx, id=name, job=job, lease_s=LEASE_S, **seen)
    clock.advance(10)
    submit(database, "late")
    found = read(database)
    assert found.jobs == {"running": 1, "queued": 1}
    assert found.open_units == {"train": 1, "plan": 1}
    assert found.waiting_units == 1
    assert found.leased_units == {"train": 1}
    assert (found.oldest_open_s, found.least_lease_s) == (10.0, LEASE_S - 10)
    assert found.trials == {"complete": 1}
    assert found.workers == {("cuda", "working"): 1, ("cuda", "idle"): 1}


def test_a_lost_worker_is_counted_for_ever(database: Database, clock: Clock) -> None:
    training_job(database, [1])
    claim(database)
    clock.advance(LEASE_S + 1)
    assert read(database).lapsed_units == 1
    claim(database, "bob")
    found = read(database)
    assert (found.lapsed_units, found.lapses) == (0, 1)
    with database.write() as tx:
        drains.begin(tx)
    assert read(database).draining_since == clock.at


def test_vitals(database: Database, clock: Clock) -> None:
    with database.read() as tx:
        found = vitals.read(tx)
    assert found.at == clock.at
    if database.address.path is not None:
        assert found.server.startswith("SQLite 3")
        assert found.weak is None
    else:
        assert found.server.startswith("PostgreSQL ")
        # The tests' server runs without fsync, which is what it must find.
        assert found.weak is not None
        assert "fsync" in found.weak.detail
