"""Units: whose turn it is, what a lease protects, what happens when it is lost."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from lrtune.wire import JobError, JobState, Phase, TrialState
from store import Database, drains, events, jobs, tables, trials, units
from store.drains import Drain
from store.errors import LeaseLost, SchemaError, StoreError
from store.schema import alembic_version
from store.units import MAX_ATTEMPTS, Lease
from tests.store.rows import (
    LEASE_S,
    Clock,
    claim,
    new_trials,
    report,
    start_training,
    submit,
    training_job,
    try_claim,
)


def state(database: Database, job_id: str = "job1") -> JobState:
    with database.read() as tx:
        return jobs.get(tx, job_id).state


def unit_states(database: Database, job_id: str = "job1") -> list[str]:
    with database.read() as tx:
        rows = tx.conn.execute(
            sa.select(tables.units.c.state).where(tables.units.c.job == job_id).order_by(tables.units.c.id)
        )
        return list(rows.scalars())


class TestClaim:
    def test_nothing_to_do(self, database: Database) -> None:
        assert try_claim(database) is None

    def test_oldest_first_and_each_once(self, database: Database) -> None:
        for i in range(3):
            submit(database, f"j{i}")
        assert [claim(database).job for _ in range(3)] == ["j0", "j1", "j2"]
        assert try_claim(database) is None

    def test_the_lease(self, database: Database, clock: Clock) -> None:
        [[*numbers]] = training_job(database, [2])
        lease = claim(database, lease_s=12.5)
        assert (lease.job, lease.kind, lease.payload, lease.attempt) == (
            "job1",
            "train",
            {"numbers": numbers},
            1,
        )
        assert (lease.expires_at - clock.at).total_seconds() == 12.5

    def test_jobs_take_turns(self, database: Database) -> None:
        submit(database, "big")
        submit(database, "small")
        for size in (6, 3):
            lease = claim(database)
            with units.held(database, lease) as tx:
                start_training(tx, lease.job, [1] * size)
                units.finish(tx, lease)
        order = [claim(database).job for _ in range(9)]
        assert order == ["big", "small"] * 3 + ["big"] * 3

    def test_a_late_job_need_not_wait_for_a_big_one(self, database: Database) -> None:
        training_job(database, [1] * 20, "big")
        for _ in range(5):
            claim(database)
        submit(database, "late")
        assert "late" in [claim(database).job for _ in range(2)]


class TestAtOnce:
    def test_no_more_units_are_held_than_the_job_may_use(self, database: Database, clock: Clock) -> None:
        submit(database)
        plan = claim(database)
        with units.held(database, plan) as tx:
            for number in range(5):
                units.add(tx, "job1", "range_test", {"seeds": [number]}, at_once=2)
            units.finish(tx, plan)
        done: list[int] = []
        leases = [claim(database), claim(database)]
        while leases:
            assert try_claim(database) is None
            lease = leases.pop()
            if len(done) == 1:
                clock.advance(LEASE_S + 1)  # both are lost, and claimed again by others
                leases = [claim(database, "bob"), claim(database, "bob")]
                lease = leases.pop()
            with units.held(database, lease) as tx:
                units.finish(tx, lease)
            done += lease.payload.get("seeds", [])
            more = try_claim(database)
            if more is not None and more.kind == "range_test":
                leases.append(more)
        assert sorted(done) == [0, 1, 2, 3, 4]

    def test_a_cancelled_job_closes_those_that_wait_too(self, database: Database) -> None:
        submit(database)
        plan = claim(database)
        with units.held(database, plan) as tx:
            for number in range(3):
                units.add(tx, "job1", "range_test", {"seeds": [number]}, at_once=1)
            units.finish(tx, plan)
        with database.write() as tx:
            jobs.cancel(tx, "job1")
        assert set(unit_states(database)) == {"closed"}


class TestDrain:
    def test_nobody_claims_until_it_is_over(self, database: Database, clock: Clock) -> None:
        for job in ("a", "b"):
            submit(database, job)
        lease = claim(database)
        with database.write() as tx:
            assert drains.status(tx) == Drain(None, 1)
            drains.begin(tx)
        since = clock.at
        clock.advance(1)
        with database.write() as tx:
            drains.begin(tx)
        assert try_claim(database) is None
        with units.held(database, lease) as tx:
            assert drains.status(tx) == Drain(since, 1)
            units.release(tx, lease)
        with database.write() as tx:
            assert drains.status(tx).empty
            assert drains.end(tx)
            assert not drains.end(tx)
        assert claim(database).job == "a"

    def test_a_lapsed_lease_is_nobodys(self, database: Database, clock: Clock) -> None:
        submit(database)
        claim(database)
        with database.write() as tx:
            drains.begin(tx)
        clock.advance(LEASE_S + 1)
        assert try_claim(database) is None
        with database.read() as tx:
            assert drains.status(tx).empty


class TestRevision:
    @pytest.mark.parametrize("revision", ["0001", "9999"])
    def test_a_worker_of_another_version_claims_nothing_and_is_told(
        self, database: Database, revision: str
    ) -> None:
        submit(database)
        with database.write() as tx:
            tx.conn.execute(sa.update(alembic_version).values(version_num=revision))
        with pytest.raises(SchemaError, match=revision):
            try_claim(database)
        assert unit_states(database) == ["open"]

    def test_a_lease_from_before_is_worked_on_to_its_end(self, database: Database) -> None:
        [numbers] = training_job(database, [1])
        lease = claim(database)
        with database.write() as tx:
            tx.conn.execute(sa.update(alembic_version).values(version_num="9999"))
        with units.held(database, lease) as tx:
            trials.finish(tx, "job1", [(numbers[0], TrialState.COMPLETE, 0.5)])
            units.finish(tx, lease)


class TestRenew:
    def test_it_runs_longer(self, database: Database, clock: Clock) -> None:
        submit(database)
        lease = claim(database)
        for _ in range(5):
            clock.advance(LEASE_S - 1)
            with database.write() as tx:
                assert not units.renew(tx, lease, lease_s=LEASE_S).cancelled
            assert try_claim(database) is None

    def test_a_lapsed_lease_nobody_took_is_good_again(self, database: Database, clock: Clock) -> None:
        submit(database)
        lease = claim(database)
        clock.advance(LEASE_S + 1)
        with database.write() as tx:
            units.renew(tx, lease, lease_s=LEASE_S)
        assert try_claim(database) is None


class TestExpiry:
    def test_not_a_moment_early(self, database: Database, clock: Clock) -> None:
        submit(database)
        claim(database)
        clock.advance(LEASE_S)
        assert try_claim(database, "bob") is None
        clock.advance(0.001)
        assert claim(database, "bob").attempt == 2

    def test_trials_wait_again_without_reports_and_final_ones_stay(
        self, database: Database, clock: Clock
    ) -> None:
        [numbers] = training_job(database, [3])
        with units.held(database, claim(database)) as tx:
            jobs.plan_phase(tx, "job1", Phase.SEARCH, trainings=3, epochs=9)
            trials.start(tx, "job1", numbers)
            trials.report(tx, "job1", [(n, report(epoch)) for n in numbers for epoch in (1, 2)])
            trials.finish(tx, "job1", [(numbers[0], TrialState.PRUNED, None)])
        clock.advance(LEASE_S + 1)
        lease = claim(database, "bob")
        assert lease.payload == {"numbers": numbers}
        with database.read() as tx:
            found = trials.for_job(tx, "job1", curves=True)
            assert jobs.get(tx, "job1").progress.done == 1
            assert "ada" in events.after(tx, "job1", 0, 99)[-1].data["text"]
        assert [(trial.state, len(trial.curve)) for trial in found] == [
            ("pruned", 2),
            ("waiting", 0),
            ("waiting", 0),
        ]

    def test_a_stale_attempt_writes_nothing(self, database: Database, clock: Clock) -> None:
        [numbers] = training_job(database, [1])
        stale = claim(database, "ada")
        clock.advance(LEASE_S + 1)
        fresh = claim(database, "bob")
        for call in (units.hold, units.release, units.finish):
            with pytest.raises(LeaseLost), database.write() as tx:
                call(tx, stale)
        with pytest.raises(LeaseLost), database.write() as tx:
            units.renew(tx, stale, lease_s=LEASE_S)
        with pytest.raises(LeaseLost), units.held(database, stale) as tx:
            trials.report(tx, "job1", [(numbers[0], report(1))])
        with units.held(database, fresh) as tx:
            trials.start(tx, "job1", numbers)
            trials.report(tx, "job1", [(numbers[0], report(1))])

    def test_a_lease_of_the_same_worker_is_stale_too(self, database: Database, clock: Clock) -> None:
        submit(database)
        stale = claim(database, "ada")
        clock.advance(LEASE_S + 1)
        claim(database, "ada")
        with pytest.raises(LeaseLost), units.held(database, stale):
            pass

    def test_a_job_that_costs_every_worker_fails(self, database: Database, clock: Clock) -> None:
        training_job(database, [1, 1])
        for attempt in range(1, MAX_ATTEMPTS + 1):
            assert claim(database, f"w{attempt}").attempt == attempt
            clock.advance(LEASE_S + 1)
        assert try_claim(database) is None
        with database.read() as tx:
            job = jobs.get(tx, "job1")
        assert job.state is JobState.FAILED
        assert job.error is not None
        assert job.error.code == "worker_lost"
        assert f"w{MAX_ATTEMPTS}" in job.error.detail
        assert unit_states(database) == ["closed"] * 3

    def test_expire_says_how_many(self, database: Database, clock: Clock) -> None:
        for i in range(3):
            submit(database, f"j{i}")
            claim(database)
        clock.advance(LEASE_S + 1)
        with database.write() as tx:
            assert units.expire(tx) == 3
            assert units.expire(tx) == 0


class TestRelease:
    def test_the_unit_is_open_at_once(self, database: Database) -> None:
        [numbers] = training_job(database, [2])
        lease = claim(database)
        with units.held(database, lease) as tx:
            jobs.plan_phase(tx, "job1", Phase.SEARCH, trainings=2, epochs=6)
            trials.start(tx, "job1", numbers)
            trials.report(tx, "job1", [(numbers[0], report(1)), (numbers[1], report(1))])
        with database.write() as tx:
            units.release(tx, lease)
        with database.read() as tx:
            assert [(t.state, t.curve) for t in trials.for_job(tx, "job1", curves=True)] == [
                ("waiting", [])
            ] * 2
        again = claim(database)
        assert (again.unit, again.attempt) == (lease.unit, 2)
        with pytest.raises(LeaseLost), database.write() as tx:
            units.release(tx, lease)

    def test_it_does_not_count_as_lost(self, database: Database) -> None:
        submit(database)
        for _ in range(3 * MAX_ATTEMPTS):
            lease = claim(database)
            with database.write() as tx:
                units.release(tx, lease)
        assert state(database) is JobState.RUNNING


class TestFinish:
    def test_the_last_unit_brings_the_next_plan(self, database: Database) -> None:
        training_job(database, [1, 1])
        first, second = claim(database), claim(database)
        self.train(database, first)
        assert try_claim(database) is None
        self.train(database, second)
        lease = claim(database)
        assert (lease.kind, lease.payload) == ("plan", {"stage": "next"})
        assert try_claim(database) is None

    def test_a_job_whose_planning_stalls_fails_rather_than_hangs(self, database: Database) -> None:
        submit(database)
        lease = claim(database)
        with units.held(database, lease) as tx:
            units.finish(tx, lease)
        with database.read() as tx:
            job = jobs.get(tx, "job1")
        assert job.state is JobState.FAILED
        assert job.error is not None
        assert job.error.code == "planning_stalled"

    def test_unfinished_trials_are_not_forgotten(self, database: Database) -> None:
        [numbers] = training_job(database, [2])
        lease = claim(database)
        with units.held(database, lease) as tx:
            trials.start(tx, "job1", numbers)
            trials.finish(tx, "job1", [(numbers[0], TrialState.DIVERGED, None)])
        with pytest.raises(StoreError, match=f"trials {numbers[1]} are"), database.write() as tx:
            units.finish(tx, lease)
        assert unit_states(database) == ["closed", "leased"]

    def test_after_the_jobs_end_it_is_done(self, database: Database) -> None:
        submit(database)
        lease = claim(database)
        with units.held(database, lease) as tx:
            jobs.fail(tx, "job1", JobError(code="x", detail="y"))
            units.finish(tx, lease)
        with pytest.raises(LeaseLost), database.write() as tx:
            units.finish(tx, lease)

    def test_only_once(self, database: Database) -> None:
        training_job(database, [1, 1])
        lease = claim(database)
        self.train(database, lease)
        with pytest.raises(LeaseLost), database.write() as tx:
            units.finish(tx, lease)

    def train(self, database: Database, lease: Lease) -> None:
        numbers = lease.payload["numbers"]
        with units.held(database, lease) as tx:
            trials.start(tx, lease.job, numbers)
            trials.finish(tx, lease.job, [(number, TrialState.COMPLETE, 0.5) for number in numbers])
            units.finish(tx, lease)


class TestAdd:
    @pytest.mark.parametrize("numbers", [[0, 9], [-1]])
    def test_unknown_trials(self, database: Database, numbers: list[int]) -> None:
        submit(database)
        with database.write() as tx:
            trials.add(tx, "job1", new_trials(1))
        with pytest.raises(StoreError), database.write() as tx:
            units.add(tx, "job1", "train", {"numbers": numbers})

    def test_final_trials(self, database: Database) -> None:
        submit(database)
        with database.write() as tx:
            trials.add(tx, "job1", new_trials(1))
            trials.start(tx, "job1", [0])
            trials.finish(tx, "job1", [(0, TrialState.COMPLETE, 0.5)])
        with pytest.raises(StoreError), database.write() as tx:
            units.add(tx, "job1", "train", {"numbers": [0]})


def test_nothing_of_a_failed_transaction_stays(database: Database) -> None:
    submit(database)
    lease = claim(database)

    def plan_and_fall() -> None:
        with units.held(database, lease) as tx:
            start_training(tx, "job1", [1])
            units.finish(tx, lease)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        plan_and_fall()
    assert unit_states(database) == ["leased"]
    with database.read() as tx:
        assert trials.for_job(tx, "job1") == []


def test_a_unit_of_nothing(database: Database, clock: Clock) -> None:
    submit(database)
    made_up = Lease(10**6, "job1", "plan", {}, 1, clock.at)
    with pytest.raises(LeaseLost), database.write() as tx:
        units.hold(tx, made_up)
    with pytest.raises(LeaseLost), database.write() as tx:
        units.renew(tx, made_up, lease_s=LEASE_S)
