"""Retention: the bulk of old jobs goes, what their answers rest on stays."""

from __future__ import annotations

from datetime import timedelta

from lrtune.wire import Curve, Phase, TrialState
from store import Database, answers, curves, events, jobs, trials
from store.retention import Pruned, prune
from tests.store.rows import Clock, answer, new_trials, report, submit

MONTH = timedelta(days=30)


def job(database: Database, job_id: str, *, end: bool = True) -> None:
    submit(database, job_id)
    with database.write() as tx:
        curves.add(tx, job_id, sweep=0, curves=[Curve(seed=s, lr=[0.1], loss=[1.0]) for s in range(3)])
        trials.add(tx, job_id, new_trials(2) + new_trials(1, phase=Phase.CONFIRM))
        trials.report(tx, job_id, [(n, report(epoch)) for n in range(3) for epoch in (1, 2)])
        trials.finish(tx, job_id, [(n, TrialState.COMPLETE, 0.5) for n in range(3)])
        events.add(tx, job_id, "log", {"text": "hello"})
        events.add(tx, job_id, "warning", {"text": "mind"})
        answers.put(tx, job_id, answer(0.1))
        if end:
            jobs.succeed(tx, job_id)


def test_the_bulk_goes_and_the_evidence_stays(database: Database, clock: Clock) -> None:
    job(database, "old")
    clock.advance(MONTH.total_seconds() + 1)
    assert prune(database, older_than=MONTH) == Pruned(jobs=1, reports=4, curves=3, events=1)
    with database.read() as tx:
        found = trials.for_job(tx, "old", curves=True)
        assert [(trial.state, trial.value) for trial in found] == [("complete", 0.5)] * 3
        assert [len(trial.curve) for trial in found] == [0, 0, 2]
        assert [event.kind for event in events.after(tx, "old", 0, 9)] == ["state", "warning", "state"]
        assert answers.get(tx, "old") == answer(0.1)
        assert curves.for_job(tx, "old", sweep=0) == []
    assert prune(database, older_than=MONTH) == Pruned()


def test_what_is_recent_or_runs_stays(database: Database, clock: Clock) -> None:
    job(database, "runs", end=False)
    clock.advance(MONTH.total_seconds())
    job(database, "recent")
    clock.advance(MONTH.total_seconds())
    assert prune(database, older_than=MONTH) == Pruned()
