"""Authors take turns, then their jobs; priorities go first; quotas hold units and jobs back."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest
import sqlalchemy as sa

from lrtune.wire import AccountChange, AccountKind, JobRequest, Role
from store import Database, accounts, jobs, quotas, tables, units
from store.errors import QuotaExceeded
from store.units import claiming
from tests.store.rows import Clock, claim, start_training, try_claim


@pytest.fixture(autouse=True)
def team(database: Database) -> None:
    with database.write() as tx:
        for name in ("root", "ada", "bob", "cyd"):
            accounts.create(tx, name, kind=AccountKind.PERSON, role=Role.ADMIN)


def submit(database: Database, author: str | None, job_id: str, priority: int = 0) -> None:
    with database.write() as tx:
        request = JobRequest(task="digits", priority=priority)
        jobs.submit(tx, request, job_id=job_id, author=author)


def train(database: Database, author: str | None, job_id: str, size: int, priority: int = 0) -> None:
    """A job whose plan is done, with ``size`` train units that wait."""
    submit(database, author, job_id, priority)
    lease = next(lease for lease in iter(lambda: claim(database), None) if lease.job == job_id)
    with units.held(database, lease) as tx:
        start_training(tx, job_id, [1] * size)
        units.finish(tx, lease)


def limit(database: Database, name: str, **limits: int | None) -> None:
    with database.write() as tx:
        accounts.change(tx, name, AccountChange.model_validate(limits))


def claims(database: Database, n: int) -> list[str]:
    return [claim(database).job for _ in range(n)]


class TestTurns:
    def test_an_author_with_many_jobs_gets_as_much_as_one_with_one(self, database: Database) -> None:
        for i in range(20):
            submit(database, "ada", f"a{i}")
        for i in range(3):
            submit(database, "bob", f"b{i}")
        submit(database, "cyd", "c0")
        assert claims(database, 8) == ["a0", "b0", "c0", "a1", "b1", "a2", "b2", "a3"]

    def test_long_jobs_share_by_author_and_then_by_job(self, database: Database) -> None:
        train(database, "ada", "a0", 30)
        train(database, "bob", "b0", 30)
        train(database, "bob", "b1", 30)
        with database.write() as tx:
            tx.conn.execute(sa.update(tables.units).where(tables.units.c.state == "open").values(turn=0))
            tx.conn.execute(sa.delete(tables.trials))
            tx.conn.execute(sa.delete(tables.units).where(tables.units.c.state == "open"))
            for job_id in ("a0", "b0", "b1"):
                for _ in range(30):
                    units.add(tx, job_id, "range_test", {})
        counted = Counter(claims(database, 40))
        assert 19 <= counted["a0"] <= 21
        assert abs(counted["b0"] - counted["b1"]) <= 1

    def test_who_comes_late_waits_for_nobody_and_has_saved_up_nothing(self, database: Database) -> None:
        train(database, "ada", "a0", 10)
        claims(database, 5)
        train(database, "bob", "b0", 10)
        assert claims(database, 6) == ["a0", "b0"] * 3

    def test_when_everything_is_leased_the_line_goes_on(self, database: Database) -> None:
        train(database, "ada", "a0", 9)
        leases = [claim(database) for _ in range(9)]
        submit(database, "bob", "b0")
        with units.held(database, leases[-1]) as tx:
            units.add(tx, "a0", "range_test", {})
        submit(database, "bob", "b1")
        assert claims(database, 3) == ["b0", "a0", "b1"]

    def test_jobs_without_an_author_take_turns_each_for_itself(self, database: Database) -> None:
        for i in range(4):
            submit(database, None, f"j{i}")
        assert claims(database, 4) == ["j0", "j1", "j2", "j3"]

    def test_a_higher_priority_goes_first_whoever_waits(self, database: Database) -> None:
        submit(database, "ada", "low", priority=-5)
        submit(database, "ada", "normal")
        submit(database, "bob", "high", priority=5)
        submit(database, "bob", "higher", priority=6)
        assert claims(database, 4) == ["higher", "high", "normal", "low"]

    def test_a_claim_reads_the_index_in_its_order(self, database: Database) -> None:
        with database.read() as tx:
            compiled = claiming(not tx.embedded, False).compile(dialect=tx.conn.dialect)
            values = compiled.params | {"claimer": "ada", "until": timedelta(seconds=1)}
            if tx.embedded:
                values |= {"now": str(tx.now()), "until": str(tx.now())}
                shown = tuple(values[name] for name in compiled.positiontup or ())
                plan = tx.conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {compiled}", shown).all()
                assert "USE TEMP B-TREE FOR ORDER BY" not in str(plan)
            else:
                tx.conn.exec_driver_sql("SET LOCAL enable_seqscan = off")
                plan = tx.conn.exec_driver_sql(f"EXPLAIN {compiled}", values).all()
                assert "Sort Key: units_1" not in str(plan)
        assert "ix_units_open" in str(plan)


class TestRunningUnits:
    def test_no_more_than_the_limit_and_the_others_go_on(self, database: Database) -> None:
        limit(database, "ada", running_units=2)
        for i in range(4):
            submit(database, "ada", f"a{i}")
        submit(database, "bob", "b0")
        assert sorted(claims(database, 3)) == ["a0", "a1", "b0"]
        assert try_claim(database) is None
        limit(database, "ada", running_units=None)
        assert claims(database, 1) == ["a2"]

    def test_a_place_that_becomes_free_is_taken(self, database: Database) -> None:
        limit(database, "ada", running_units=1)
        submit(database, "ada", "a0")
        submit(database, "ada", "a1")
        lease = claim(database)
        assert try_claim(database) is None
        with database.write() as tx:
            jobs.cancel(tx, lease.job)
        assert claims(database, 1) == ["a1"]

    def test_zero_is_a_limit(self, database: Database) -> None:
        limit(database, "ada", running_units=0)
        submit(database, "ada", "a0")
        assert try_claim(database) is None


class TestQueuedJobs:
    def test_a_job_too_many(self, database: Database) -> None:
        limit(database, "ada", queued_jobs=2)
        submit(database, "ada", "a0")
        submit(database, "ada", "a1")
        with pytest.raises(QuotaExceeded, match="may have 2") as caught:
            submit(database, "ada", "a2")
        assert caught.value.reset_at is None
        submit(database, "bob", "b0")
        claim(database)
        submit(database, "ada", "a2")

    def test_the_same_job_again_is_no_other_one(self, database: Database) -> None:
        limit(database, "ada", queued_jobs=1)
        for _ in range(2):
            with database.write() as tx:
                request = JobRequest(task="digits")
                job, _ = jobs.submit(tx, request, job_id="a0", author="ada", idempotency=("key", "digest"))
            assert job.id == "a0"


class TestMinutes:
    def test_what_workers_held_today(self, database: Database, clock: Clock) -> None:
        limit(database, "ada", minutes_a_day=30)
        submit(database, "ada", "a0")
        lease = claim(database, lease_s=1e6)
        clock.advance(20 * 60)
        with database.read() as tx:
            assert quotas.minutes_today(tx, "ada") == pytest.approx(20)
        submit(database, "ada", "a1")
        clock.advance(10 * 60)
        with pytest.raises(QuotaExceeded, match="30 compute minutes") as caught:
            submit(database, "ada", "a2")
        assert caught.value.reset_at == clock.at.replace(hour=0, minute=0) + timedelta(days=1)
        with units.held(database, lease) as tx:
            start_training(tx, "a0", [1])
            units.finish(tx, lease)
        clock.advance(3600)
        with database.read() as tx:
            assert quotas.minutes_today(tx, "ada") == pytest.approx(30)
            assert quotas.minutes_today(tx, "bob") == 0
        clock.advance(12 * 3600)
        submit(database, "ada", "a2")

    def test_a_unit_that_runs_over_midnight_counts_from_there(self, database: Database, clock: Clock) -> None:
        clock.advance(11.5 * 3600)
        submit(database, "ada", "a0")
        claim(database, lease_s=1e6)
        clock.advance(3600)
        with database.read() as tx:
            assert quotas.minutes_today(tx, "ada") == pytest.approx(30)

    def test_a_unit_handed_back_costs_nothing(self, database: Database, clock: Clock) -> None:
        submit(database, "ada", "a0")
        lease = claim(database, lease_s=1e6)
        clock.advance(600)
        with database.write() as tx:
            units.release(tx, lease)
        clock.advance(600)
        with database.write() as tx:
            jobs.cancel(tx, "a0")
            assert quotas.minutes_today(tx, "ada") == 0
