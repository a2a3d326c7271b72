"""How trials stand: counts, points, leaders and thinned curves; the pace of earlier jobs."""

from __future__ import annotations

import pytest

from lrtune.wire import Phase, TrialState
from store import Database, events, jobs, pace, progress, standings, trials, units
from tests.store.rows import Clock, claim, report, start_training, submit, training_job


def ended(database: Database) -> None:
    """Four search trials: two complete, one diverged, one waiting."""
    training_job(database, [4], epochs=2)
    with database.write() as tx:
        trials.report(tx, "job1", [(0, report(1)), (0, report(2)), (1, report(1)), (1, report(2))])
        ends = [(0, TrialState.COMPLETE, 0.5), (1, TrialState.COMPLETE, 0.3), (2, TrialState.DIVERGED, None)]
        trials.finish(tx, "job1", ends)


def test_counts_and_points(database: Database) -> None:
    ended(database)
    with database.read() as tx:
        assert standings.counts(tx, "job1", Phase.SEARCH) == {
            TrialState.WAITING: 1,
            TrialState.COMPLETE: 2,
            TrialState.DIVERGED: 1,
        }
        assert standings.counts(tx, "job1", Phase.CONFIRM) == {}
        points = standings.points(tx, "job1", Phase.SEARCH)
    assert [(point.number, point.state, point.value) for point in points] == [
        (0, "complete", 0.5),
        (1, "complete", 0.3),
        (2, "diverged", None),
    ]


@pytest.mark.parametrize(("goal", "order"), [("minimize", [1, 0]), ("maximize", [0, 1])])
def test_leaders_by_goal(database: Database, goal: str, order: list[int]) -> None:
    ended(database)
    with database.read() as tx:
        found = standings.leaders(tx, "job1", Phase.SEARCH, goal=goal, limit=5)
        assert [trial.number for trial in found] == order
        assert len(standings.leaders(tx, "job1", Phase.SEARCH, goal=goal, limit=1)) == 1
        assert standings.leaders(tx, "job1", Phase.SEARCH, goal=goal, limit=5, schedule="step") == []


def test_curves_are_thinned_and_keep_the_first(database: Database) -> None:
    ended(database)
    with database.read() as tx:
        found = standings.curves(tx, "job1", [0, 1], every=2)
        assert [each.epoch for each in found[0]] == [1, 2]
        assert [each.epoch for each in standings.curves(tx, "job1", [0], every=3)[0]] == [1]


def test_progress_by_phase(database: Database) -> None:
    ended(database)
    with database.write() as tx:
        jobs.plan_phase(tx, "job1", Phase.SEARCH, trainings=4, epochs=8)
    with database.read() as tx:
        assert progress.by_phase(tx, "job1")[Phase.SEARCH] == (3, 4)


def test_latest_events(database: Database) -> None:
    submit(database, "a")
    with database.write() as tx:
        events.add(tx, "a", "log", {"text": "1"})
        last = events.add(tx, "a", "log", {"text": "2"})
    submit(database, "b")
    with database.read() as tx:
        assert [event.data["text"] for event in events.latest(tx, "a", kinds=["log"], limit=1)] == ["2"]
        assert events.newest(tx, "a") == last
        assert events.newest(tx) > last
        assert events.newest(tx, "nothing") == 0


def test_pace_of_earlier_jobs(database: Database, clock: Clock) -> None:
    submit(database, "job1")
    with database.read() as tx:
        assert pace.of(tx, "digits") is None
    lease = claim(database)
    with units.held(database, lease) as tx:
        start_training(tx, "job1", [1], epochs=2)
        jobs.set_engine(tx, "job1", {"steps_per_epoch": 10, "batch_size": 64})
        trials.report(tx, "job1", [(0, report(1)), (0, report(2))])
        trials.finish(tx, "job1", [(0, TrialState.COMPLETE, 0.5)])
    clock.advance(10)
    with database.write() as tx:
        jobs.succeed(tx, "job1")
    with database.read() as tx:
        assert pace.of(tx, "digits") == pace.Pace(1, 5.0, 10, 64)
