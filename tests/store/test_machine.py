"""Units and leases against a model, in any order that Hypothesis can think of, on both databases."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

import sqlalchemy as sa
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from lrtune.wire import JobError, JobState, TrialState
from store import Database, jobs, tables, trials, units
from store.errors import LeaseLost
from store.units import MAX_ATTEMPTS, Lease
from tests.store.rows import LEASE_S, Clock, report, start_training, submit, try_claim

EXAMPLES, STEPS = 8, 40
WORKERS = ("ada", "bob", "cem")


@dataclass
class Held:
    """A lease that somebody believes to have, and until when nobody may take it."""

    lease: Lease
    until: datetime


@dataclass
class Model:
    """What must be so: who holds which unit, how often each was lost, which trials are final,
    which jobs failed."""

    holders: dict[int, Held] = field(default_factory=dict)
    lost: dict[int, int] = field(default_factory=dict)
    final: set[tuple[str, int]] = field(default_factory=set)
    failed: set[str] = field(default_factory=set)


class Machine(RuleBasedStateMachine):
    """One database for all runs: each begins by ending what the run before left."""

    database: Database
    clock: Clock
    jobs_made = 0

    def __init__(self) -> None:
        super().__init__()
        self.model = Model()
        self.beliefs: list[Lease] = []
        self.jobs: list[str] = []
        with self.database.write() as tx:
            left = tx.conn.execute(
                sa.select(tables.jobs.c.id).where(tables.jobs.c.state.in_(["queued", "running"]))
            ).scalars()
            for job in list(left):
                jobs.cancel(tx, job)

    @rule()
    def submit(self) -> None:
        type(self).jobs_made += 1
        self.jobs.append(submit(self.database, f"m{self.jobs_made}"))

    @rule(worker=st.sampled_from(WORKERS))
    def claim(self, worker: str) -> None:
        self._expire()
        lease = try_claim(self.database, worker)
        if lease is None:
            assert not self._open()
            return
        assert lease.unit not in self.model.holders, "a unit was claimed twice"
        assert lease.job in self.jobs
        self.model.holders[lease.unit] = Held(lease, lease.expires_at)
        self.beliefs.append(lease)

    @rule(seconds=st.sampled_from([LEASE_S + 1, LEASE_S / 2]))
    def wait(self, seconds: float) -> None:
        self.clock.advance(seconds)

    @precondition(lambda self: self.beliefs)
    @rule(data=st.data())
    def renew(self, data: st.DataObject) -> None:
        lease = data.draw(st.sampled_from(self.beliefs))
        try:
            with self.database.write() as tx:
                cancelled = units.renew(tx, lease, lease_s=LEASE_S).cancelled
        except LeaseLost:
            assert not self._holds(lease)
            return
        if cancelled:
            assert self._state(lease.job) is JobState.CANCELLED
        else:
            assert self._holds(lease)
            self.model.holders[lease.unit] = Held(lease, self.clock.at + timedelta(seconds=LEASE_S))

    @precondition(lambda self: self.beliefs)
    @rule(data=st.data(), sizes=st.lists(st.integers(1, 3), min_size=1, max_size=3), part=st.booleans())
    def work(self, data: st.DataObject, sizes: list[int], part: bool) -> None:
        """Plan, or train some or all trials and finish."""
        lease = data.draw(st.sampled_from(self.beliefs))
        try:
            with units.held(self.database, lease) as tx:
                if lease.kind == "plan":
                    start_training(tx, lease.job, sizes)
                    units.finish(tx, lease)
                    closed = True
                else:
                    left = [n for n in lease.payload["numbers"] if (lease.job, n) not in self.model.final]
                    done = left[:1] if part else left
                    trials.start(tx, lease.job, left)
                    trials.report(tx, lease.job, [(n, report(1)) for n in done])
                    trials.finish(tx, lease.job, [(n, TrialState.COMPLETE, 0.5) for n in done])
                    self.model.final |= {(lease.job, n) for n in done}
                    closed = done == left
                    if closed:
                        units.finish(tx, lease)
        except LeaseLost:
            assert not self._holds(lease)
            return
        assert self._holds(lease)
        if closed:
            del self.model.holders[lease.unit]

    @precondition(lambda self: self.beliefs)
    @rule(data=st.data())
    def release(self, data: st.DataObject) -> None:
        lease = data.draw(st.sampled_from(self.beliefs))
        try:
            with self.database.write() as tx:
                units.release(tx, lease)
        except LeaseLost:
            assert not self._holds(lease)
            return
        assert self._holds(lease)
        del self.model.holders[lease.unit]

    @precondition(lambda self: self.jobs)
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        job = data.draw(st.sampled_from(self.jobs))
        if self._state(job) is JobState.FAILED:
            return
        with self.database.write() as tx:
            jobs.cancel(tx, job)
        self._drop(job)

    @precondition(lambda self: self.beliefs)
    @rule(data=st.data())
    def fail(self, data: st.DataObject) -> None:
        lease = data.draw(st.sampled_from(self.beliefs))
        try:
            with units.held(self.database, lease) as tx:
                jobs.fail(tx, lease.job, JobError(code="x", detail="y"))
        except LeaseLost:
            assert not self._holds(lease)
            return
        assert self._holds(lease)
        self.model.failed.add(lease.job)
        self._drop(lease.job)

    @invariant()
    def running_jobs_have_work_and_final_trials_stay(self) -> None:
        ours = tables.units.c.job.in_(self.jobs)
        reports = (
            sa.select(sa.func.count())
            .where(
                tables.reports.c.job == tables.trials.c.job, tables.reports.c.number == tables.trials.c.number
            )
            .scalar_subquery()
        )
        columns = (tables.trials.c.job, tables.trials.c.number, tables.trials.c.state, reports)
        with self.database.read() as tx:
            states = tx.conn.execute(
                sa.select(tables.jobs.c.id, tables.jobs.c.state).where(tables.jobs.c.id.in_(self.jobs))
            ).all()
            busy = set(
                tx.conn.execute(
                    sa.select(tables.units.c.job).where(ours, tables.units.c.state != "closed")
                ).scalars()
            )
            found = tx.conn.execute(sa.select(*columns).where(tables.trials.c.job.in_(self.jobs))).all()
        for job, state in states:
            assert (job in busy) != JobState(state).final
            assert (state == JobState.FAILED) == (job in self.model.failed)
        assert {(job, n) for job, n, state, _ in found if TrialState(state).final} == self.model.final
        assert all(count == TrialState(state).final for _, _, state, count in found)

    def _expire(self) -> None:
        """What the next claim is going to do first."""
        for unit, held in list(self.model.holders.items()):
            if held.until < self.clock.at and unit in self.model.holders:
                del self.model.holders[unit]
                self.model.lost[unit] = self.model.lost.get(unit, 0) + 1
                if self.model.lost[unit] >= MAX_ATTEMPTS:
                    self.model.failed.add(held.lease.job)
                    self._drop(held.lease.job)

    def _drop(self, job: str) -> None:
        self.model.holders = {
            unit: held for unit, held in self.model.holders.items() if held.lease.job != job
        }

    def _holds(self, lease: Lease) -> bool:
        held = self.model.holders.get(lease.unit)
        return held is not None and held.lease == lease

    def _state(self, job: str) -> JobState:
        with self.database.read() as tx:
            return jobs.get(tx, job).state

    def _open(self) -> bool:
        with self.database.read() as tx:
            return (
                tx.conn.execute(sa.select(tables.units.c.id).where(tables.units.c.state == "open")).first()
                is not None
            )


def test_any_order(database: Database, clock: Clock) -> None:
    machine = type("BoundMachine", (Machine,), {"database": database, "clock": clock})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            deadline=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
