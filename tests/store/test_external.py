"""Units that clients lease: who holds which, against a model and in any order, on both databases."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
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

from lrtune.wire import JobState, Trial, TrialState
from store import Database, events, external, jobs, tables, trials, units
from store.errors import JobFinal, LeaseLost, NotFound
from store.units import EXTERNAL, MAX_ATTEMPTS, Lease
from tests.store.rows import LEASE_S, Clock, claim, new_trials, report, submit, try_claim


def outside_job(database: Database, count: int, job_id: str = "job1") -> list[int]:
    """A running job with so many trainings for clients."""
    submit(database, job_id)
    lease = claim(database, "planner")
    with units.held(database, lease) as tx:
        numbers = trials.add(tx, job_id, new_trials(count))
        for number in numbers:
            units.add(tx, job_id, EXTERNAL, {"numbers": [number]})
        units.finish(tx, lease)
    return numbers


def ask(
    database: Database, client: str = "ada", job_id: str = "job1", *, restart: bool = False
) -> Lease | None:
    with database.write() as tx:
        return external.ask(tx, job_id, client, lease_s=LEASE_S, restart=restart)


def asked(database: Database, *who: str, **more: Any) -> Lease:
    lease = ask(database, *who, **more)
    assert lease is not None
    return lease


def shown(database: Database, number: int = 0) -> Trial:
    with database.read() as tx:
        return trials.get(tx, "job1", number)


def test_workers_leave_them_alone(database: Database) -> None:
    outside_job(database, 1)
    assert try_claim(database) is None
    submit(database, "job2")
    assert claim(database).job == "job2"


def test_each_client_gets_another_and_its_own_again(database: Database) -> None:
    outside_job(database, 2)
    first, second = asked(database, "ada"), asked(database, "bob")
    assert [first.payload["numbers"], second.payload["numbers"]] == [[0], [1]]
    assert first.payload["lease_s"] == LEASE_S
    again = asked(database, "ada")
    assert (again.unit, again.attempt) == (first.unit, first.attempt)
    assert ask(database, "cem") is None
    assert shown(database).state is TrialState.RUNNING


def test_asking_again_renews(database: Database, clock: Clock) -> None:
    outside_job(database, 1)
    asked(database)
    clock.advance(LEASE_S - 1)
    asked(database)
    clock.advance(LEASE_S - 1)
    assert ask(database, "bob") is None


def test_a_lapsed_trial_goes_to_another_and_its_zombie_writes_nothing(
    database: Database, clock: Clock
) -> None:
    outside_job(database, 1)
    zombie = asked(database, "ada")
    with units.held(database, zombie) as tx:
        trials.report(tx, "job1", [(0, report(1))])
    clock.advance(LEASE_S + 1)
    heir = asked(database, "bob")
    assert (heir.unit, heir.attempt) == (zombie.unit, zombie.attempt + 1)
    assert shown(database).curve == []
    with pytest.raises(LeaseLost), units.held(database, zombie):
        pass
    with database.write() as tx, pytest.raises(LeaseLost):
        external.lease(tx, "job1", zombie.unit, zombie.attempt)
    with database.read() as tx:
        texts = [e.data["text"] for e in events.after(tx, "job1", 0, 100) if e.kind == "warning"]
    assert texts == ["Client ada was lost over a trial, which goes to another."]


def test_restart_begins_anew(database: Database) -> None:
    outside_job(database, 1)
    old = asked(database)
    with units.held(database, old) as tx:
        trials.report(tx, "job1", [(0, report(1))])
    new = asked(database, restart=True)
    assert (new.unit, new.attempt) == (old.unit, old.attempt + 1)
    assert shown(database).curve == []
    assert shown(database).state is TrialState.RUNNING
    with pytest.raises(LeaseLost), units.held(database, old):
        pass


def test_clients_that_keep_falling_silent_fail_the_job(database: Database, clock: Clock) -> None:
    outside_job(database, 1)
    for n in range(MAX_ATTEMPTS):
        asked(database, f"client{n}")
        clock.advance(LEASE_S + 1)
    assert try_claim(database) is None  # any claim looks after leases that ran out
    with database.read() as tx:
        job = jobs.get(tx, "job1")
    assert job.state is JobState.FAILED
    assert job.error is not None
    assert job.error.code == "client_lost"
    with pytest.raises(JobFinal):
        ask(database)


def test_the_last_one_brings_the_next_plan(database: Database) -> None:
    outside_job(database, 1)
    lease = asked(database)
    with database.read() as tx:
        assert not external.planning(tx, "job1")
    with units.held(database, lease) as tx:
        trials.finish(tx, "job1", [(0, TrialState.COMPLETE, 0.5)])
        units.finish(tx, lease)
    with database.read() as tx:
        assert external.planning(tx, "job1")
    assert ask(database) is None
    assert claim(database).kind == "plan"


def test_no_such_job_and_no_such_training(database: Database) -> None:
    with pytest.raises(NotFound):
        ask(database, job_id="nobody")
    submit(database)
    plan = claim(database)
    with database.write() as tx, pytest.raises(NotFound):
        external.lease(tx, "job1", plan.unit, plan.attempt)


CLIENTS = ("ada", "bob", "cem")


@dataclass
class Model:
    """Who holds which unit until when; how often each was lost; which trials are final."""

    holders: dict[int, tuple[str, int, datetime]] = field(default_factory=dict)
    lost: dict[int, int] = field(default_factory=dict)
    final: set[int] = field(default_factory=set)
    reported: dict[int, set[int]] = field(default_factory=dict)
    failed: bool = False


class Machine(RuleBasedStateMachine):
    """A job of three trainings, and clients that ask, report, fall silent, hand back and finish."""

    database: Database
    clock: Clock
    made = 0

    def __init__(self) -> None:
        super().__init__()
        type(self).made += 1
        self.job = f"m{self.made}"
        self.numbers = outside_job(self.database, 3, self.job)
        self.model = Model()
        self.beliefs: list[Lease] = []

    def teardown(self) -> None:
        if not self.model.failed:
            with self.database.write() as tx:
                jobs.cancel(tx, self.job)

    @rule(client=st.sampled_from(CLIENTS), restart=st.booleans())
    def ask(self, client: str, restart: bool) -> None:
        self._expire()
        try:
            lease = ask(self.database, client, self.job, restart=restart)
        except JobFinal:
            assert self.model.failed
            return
        assert not self.model.failed
        before = [unit for unit, (who, _, _) in self.model.holders.items() if who == client]
        if lease is None:
            assert not before
            assert len(self.model.holders) + len(self.model.final) == 3
            return
        number = lease.payload["numbers"][0]
        if before:
            assert lease.unit == before[0]
            assert lease.attempt == self.model.holders[lease.unit][1] + restart
        else:
            assert lease.unit not in self.model.holders
            assert number not in self.model.final
        if restart or not before:
            self.model.reported[number] = set()
        self.model.holders[lease.unit] = (client, lease.attempt, lease.expires_at)
        self.beliefs.append(lease)

    @rule(seconds=st.sampled_from([LEASE_S + 1, LEASE_S / 2]))
    def wait(self, seconds: float) -> None:
        self.clock.advance(seconds)

    @precondition(lambda self: self.beliefs)
    @rule(data=st.data(), epoch=st.integers(1, 3))
    def report(self, data: st.DataObject, epoch: int) -> None:
        lease = data.draw(st.sampled_from(self.beliefs))
        number = lease.payload["numbers"][0]
        known = self.model.reported.get(number, set())
        try:
            with units.held(self.database, lease) as tx:
                units.renew(tx, lease, lease_s=LEASE_S)
                if epoch not in known:
                    trials.report(tx, self.job, [(number, report(epoch))])
        except LeaseLost:
            assert not self._holds(lease)
            return
        assert self._holds(lease)
        known.add(epoch)
        who, attempt, _ = self.model.holders[lease.unit]
        self.model.holders[lease.unit] = (who, attempt, self.clock.at + timedelta(seconds=LEASE_S))

    @precondition(lambda self: self.beliefs)
    @rule(data=st.data(), back=st.booleans())
    def end(self, data: st.DataObject, back: bool) -> None:
        lease = data.draw(st.sampled_from(self.beliefs))
        number = lease.payload["numbers"][0]
        try:
            with self.database.write() as tx:
                if back:
                    units.release(tx, lease)
                else:
                    units.hold(tx, lease)
                    trials.finish(tx, self.job, [(number, TrialState.COMPLETE, 0.5)])
                    units.finish(tx, lease)
        except LeaseLost:
            assert not self._holds(lease)
            return
        assert self._holds(lease)
        del self.model.holders[lease.unit]
        if back:
            self.model.reported[number] = set()
        else:
            self.model.final.add(number)

    @invariant()
    def rows_are_as_the_model_says(self) -> None:
        with self.database.read() as tx:
            found = trials.for_job(tx, self.job, curves=True)
            state = jobs.get(tx, self.job).state
            work = tx.conn.execute(
                sa.select(tables.units.c.id).where(
                    tables.units.c.job == self.job, tables.units.c.state != "closed"
                )
            ).first()
        assert (work is None) == state.final
        assert (state is JobState.FAILED) == self.model.failed
        assert {t.number for t in found if t.state.final} == self.model.final
        for trial in found:
            assert {r.epoch for r in trial.curve} == self.model.reported.get(trial.number, set())

    def _expire(self) -> None:
        """What the next ask does first."""
        for unit, (_, _, until) in list(self.model.holders.items()):
            if until >= self.clock.at or self.model.failed:
                continue
            del self.model.holders[unit]
            self.model.lost[unit] = self.model.lost.get(unit, 0) + 1
            if self.model.lost[unit] >= MAX_ATTEMPTS:
                self.model.failed = True
                self.model.holders = {}
            else:
                self.model.reported[self._number(unit)] = set()
        with self.database.write() as tx:
            units.expire(tx)

    def _number(self, unit: int) -> int:
        return next(b.payload["numbers"][0] for b in self.beliefs if b.unit == unit)

    def _holds(self, lease: Lease) -> bool:
        held = self.model.holders.get(lease.unit)
        return held is not None and held[1] == lease.attempt


def test_any_order(database: Database, clock: Clock) -> None:
    machine = type("BoundMachine", (Machine,), {"database": database, "clock": clock})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=6,
            stateful_step_count=30,
            deadline=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
