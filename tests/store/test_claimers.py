"""Many workers at once, in threads and in processes: every unit is done by one of them, none is left."""

from __future__ import annotations

import multiprocessing
import threading
from collections import Counter

import sqlalchemy as sa

from lrtune.wire import Phase, TrialState
from store import Database, jobs, tables, trials, units
from store.errors import LeaseLost
from tests.store.rows import LEASE_S, Clock, claim, new_trials, report, start_training, submit, try_claim

UNITS = 60


def add_units(database: Database) -> None:
    for job in ("a", "b"):
        submit(database, job)
    for _ in range(2):
        lease = claim(database)
        with units.held(database, lease) as tx:
            start_training(tx, lease.job, [1] * (UNITS // 2))
            units.finish(tx, lease)


def claim_all(url: str, worker: str, out: multiprocessing.Queue[list[int]]) -> None:
    database = Database(url)
    claimed = []
    while (lease := try_claim(database, worker, 3600)) is not None:
        claimed.append(lease.unit)
    database.dispose()
    out.put(claimed)


def test_processes_never_claim_a_unit_twice(database: Database, database_url: str) -> None:
    add_units(database)
    context = multiprocessing.get_context("spawn")
    out: multiprocessing.Queue[list[int]] = context.Queue()
    processes = [
        context.Process(target=claim_all, args=(database_url, f"w{i}", out), daemon=True) for i in range(3)
    ]
    for process in processes:
        process.start()
    claimed = Counter(unit for _ in processes for unit in out.get(timeout=100))
    for process in processes:
        process.join()
    assert len(claimed) == UNITS
    assert set(claimed.values()) == {1}


def test_threads_that_train_release_and_lose_leases_finish_every_trial_once(
    database: Database, clock: Clock
) -> None:
    """Each thread drops some of its units in another way; in the end the job is planned exactly once more."""
    submit(database)
    lease = claim(database)
    with units.held(database, lease) as tx:
        start_training(tx, "job1", [2] * 12)
        jobs.plan_phase(tx, "job1", Phase.SEARCH, trainings=24, epochs=24)
        units.finish(tx, lease)
    plans: list[int] = []
    errors: list[BaseException] = []

    def work(number: int) -> None:
        turn = number
        while not plans:
            lease = try_claim(database, f"w{number}")
            if lease is None:
                continue
            if lease.kind == "plan":
                plans.append(lease.unit)
                return
            turn += 1
            try:
                train(lease, turn)
            except LeaseLost:
                continue

    def train(lease: units.Lease, turn: int) -> None:
        with units.held(database, lease) as tx:
            numbers = lease.payload["numbers"]
            trials.start(tx, "job1", numbers)
            trials.report(tx, "job1", [(number, report(1)) for number in numbers])
        if turn % 5 == 0:
            clock.advance(LEASE_S + 1)
        if turn % 3 == 1:
            with database.write() as tx:
                units.release(tx, lease)
            return
        with units.held(database, lease) as tx:
            trials.finish(tx, "job1", [(number, TrialState.COMPLETE, 0.5) for number in numbers])
            units.finish(tx, lease)

    def guarded(number: int) -> None:
        try:
            work(number)
        except BaseException as error:
            errors.append(error)
            plans.append(-1)

    threads = [threading.Thread(target=guarded, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert len(plans) == 1
    with database.read() as tx:
        found = trials.for_job(tx, "job1", curves=True)
        progress = jobs.get(tx, "job1").progress
        closed = tx.conn.execute(
            sa.select(sa.func.count()).where(tables.units.c.kind == "train", tables.units.c.state == "closed")
        ).scalar_one()
    assert [(trial.state, trial.curve) for trial in found] == [("complete", [report(1)])] * 24
    assert closed == 12
    assert (progress.done, progress.share) == (24, 1.0)


def test_planners_at_once_number_trials_without_gaps(database: Database) -> None:
    submit(database)
    found: list[int] = []

    def add() -> None:
        with database.write() as tx:
            found.extend(trials.add(tx, "job1", new_trials(5)))

    threads = [threading.Thread(target=add) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == list(range(30))


def test_the_last_two_units_finished_at_once_bring_one_plan(database: Database) -> None:
    for i in range(5):
        job = submit(database, f"j{i}")
        lease = claim(database)
        with units.held(database, lease) as tx:
            start_training(tx, job, [1, 1])
            units.finish(tx, lease)
        leases = [claim(database, "ada"), claim(database, "bob")]

        def finish(lease: units.Lease) -> None:
            with units.held(database, lease) as tx:
                trials.finish(
                    tx, lease.job, [(n, TrialState.DIVERGED, None) for n in lease.payload["numbers"]]
                )
                units.finish(tx, lease)

        threads = [threading.Thread(target=finish, args=(lease,)) for lease in leases]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert claim(database).payload == {"stage": "next"}
        assert try_claim(database) is None
