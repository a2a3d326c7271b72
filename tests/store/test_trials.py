"""Trials: numbers, states, curves, pages, and the best of them."""

from __future__ import annotations

import math

import pytest

from lrtune.wire import Phase, Setting, TrialState
from store import Database, jobs, trials
from store.errors import CursorInvalid, StoreError
from store.trials import NewTrial
from tests.store.rows import new_trials, report, submit


@pytest.fixture
def job(database: Database) -> str:
    return submit(database)


def test_numbers_are_consecutive_in_a_job(database: Database, job: str) -> None:
    submit(database, "other")
    with database.write() as tx:
        assert trials.add(tx, job, new_trials(2, phase=Phase.PROBES)) == [0, 1]
        assert trials.add(tx, "other", new_trials(1)) == [0]
        assert trials.add(tx, job, []) == []
    with database.write() as tx:
        assert trials.add(tx, job, new_trials(3)) == [2, 3, 4]


def test_a_trial_comes_back_as_it_went_in(database: Database, job: str) -> None:
    params = {
        "patience": 0.1,
        "factor": 1e-7,
        "drops": [0.3, 0.6],
        "shape": "1-sqrt",
        "on": True,
        "off": None,
    }
    setting = Setting(schedule="plateau", initial_lr=1 / 3, params=params)
    with database.write() as tx:
        trials.add(tx, job, [NewTrial(Phase.CONFIRM, 2, setting, 2**31 - 1, 20, "cosine at the suggestion")])
    with database.read() as tx:
        [found] = trials.for_job(tx, job)
    assert found.setting == setting
    assert list(found.params) == list(params)
    assert (found.number, found.phase, found.generation, found.state) == (0, "confirm", 2, "waiting")
    assert (found.seed, found.epochs, found.label) == (2**31 - 1, 20, "cosine at the suggestion")
    assert (found.value, found.curve) == (None, [])


def test_curves(database: Database, job: str) -> None:
    with database.write() as tx:
        trials.add(tx, job, new_trials(3))
        trials.start(tx, job, [0, 1])
        trials.report(tx, job, [(0, report(1)), (1, report(1, None))])
        trials.report(tx, job, [(0, report(2, 0.25))])
    with database.read() as tx:
        found = trials.for_job(tx, job, curves=True)
        bare = trials.for_job(tx, job)
    assert [trial.curve for trial in found] == [[report(1), report(2, 0.25)], [report(1, None)], []]
    assert [trial.state for trial in found] == ["running", "running", "waiting"]
    assert [trial.curve for trial in bare] == [[], [], []]


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_not_finite_is_null(database: Database, job: str, value: float) -> None:
    with database.write() as tx:
        trials.add(tx, job, new_trials(1))
        trials.report(tx, job, [(0, report(1, value))])
    with database.read() as tx:
        [found] = trials.for_job(tx, job, curves=True)
    assert found.curve == [report(1, None)]


def test_ends(database: Database, job: str) -> None:
    with database.write() as tx:
        trials.add(tx, job, new_trials(3))
        trials.start(tx, job, [0, 1, 2])
        trials.finish(
            tx,
            job,
            [(0, TrialState.COMPLETE, 0.5), (1, TrialState.PRUNED, None), (2, TrialState.DIVERGED, None)],
        )
    with database.read() as tx:
        found = trials.for_job(tx, job)
    assert [(trial.state, trial.value) for trial in found] == [
        ("complete", 0.5),
        ("pruned", None),
        ("diverged", None),
    ]


@pytest.mark.parametrize(
    ("state", "value"),
    [
        (TrialState.COMPLETE, None),
        (TrialState.COMPLETE, math.nan),
        (TrialState.COMPLETE, math.inf),
        (TrialState.PRUNED, 0.5),
        (TrialState.RUNNING, None),
        (TrialState.WAITING, None),
    ],
)
def test_an_end_that_is_none(database: Database, job: str, state: TrialState, value: float | None) -> None:
    with database.write() as tx:
        trials.add(tx, job, new_trials(1))
        with pytest.raises(ValueError, match="trial 0"):
            trials.finish(tx, job, [(0, state, value)])


def test_a_final_trial_stays_as_it_is(database: Database, job: str) -> None:
    with database.write() as tx:
        trials.add(tx, job, new_trials(2))
        trials.finish(tx, job, [(0, TrialState.COMPLETE, 0.5)])
    for number in (0, 7):
        with database.write() as tx:
            with pytest.raises(StoreError):
                trials.start(tx, job, [1, number])
            with pytest.raises(StoreError):
                trials.report(tx, job, [(1, report(1)), (number, report(1))])
            with pytest.raises(StoreError):
                trials.finish(tx, job, [(1, TrialState.PRUNED, None), (number, TrialState.PRUNED, None)])
    with database.read() as tx:
        found = trials.for_job(tx, job, curves=True)
    assert [(trial.state, trial.curve) for trial in found] == [("complete", []), ("waiting", [])]


def test_phases(database: Database, job: str) -> None:
    with database.write() as tx:
        trials.add(tx, job, new_trials(2, phase=Phase.PROBES) + new_trials(1))
    with database.read() as tx:
        assert [trial.number for trial in trials.for_job(tx, job, phase=Phase.PROBES)] == [0, 1]
        assert trials.for_job(tx, job, phase=Phase.CONFIRM) == []
        assert trials.for_job(tx, "nothing", curves=True) == []


class TestPages:
    @pytest.fixture(autouse=True)
    def _trials(self, database: Database, job: str) -> None:
        with database.write() as tx:
            trials.add(tx, job, new_trials(3, phase=Phase.PROBES) + new_trials(4))
            trials.report(tx, job, [(number, report(1)) for number in range(7)])
            trials.finish(tx, job, [(number, TrialState.COMPLETE, 0.5) for number in (0, 2, 4, 6)])

    def walk(
        self, database: Database, limit: int, phase: Phase | None, state: TrialState | None
    ) -> list[int]:
        walked, cursor = [], None
        while True:
            with database.read() as tx:
                page = trials.page(tx, "job1", phase=phase, state=state, cursor=cursor, limit=limit)
            assert all(trial.curve == [report(1)] for trial in page.items)
            walked += [trial.number for trial in page.items]
            cursor = page.next_cursor
            if cursor is None:
                return walked

    @pytest.mark.parametrize("limit", [1, 3, 7, 50])
    @pytest.mark.parametrize(
        ("phase", "state", "numbers"),
        [
            (None, None, [0, 1, 2, 3, 4, 5, 6]),
            (Phase.SEARCH, None, [3, 4, 5, 6]),
            (None, TrialState.COMPLETE, [0, 2, 4, 6]),
            (Phase.PROBES, TrialState.WAITING, [1]),
            (Phase.CONFIRM, None, []),
        ],
    )
    def test_by_number_each_once(
        self,
        database: Database,
        limit: int,
        phase: Phase | None,
        state: TrialState | None,
        numbers: list[int],
    ) -> None:
        assert self.walk(database, limit, phase, state) == numbers

    def test_a_wrong_cursor(self, database: Database) -> None:
        with database.read() as tx, pytest.raises(CursorInvalid):
            trials.page(tx, "job1", phase=None, state=None, cursor="x", limit=2)


class TestBestSoFar:
    def finish(self, database: Database, *ends: tuple[int, float]) -> tuple[int, float] | None:
        with database.write() as tx:
            trials.finish(tx, "job1", [(number, TrialState.COMPLETE, value) for number, value in ends])
        with database.read() as tx:
            best = jobs.get(tx, "job1").best
        return None if best is None else (best.number, best.value)

    def add(self, database: Database, goal: str) -> None:
        submit(database, metric={"name": "loss", "goal": goal})
        with database.write() as tx:
            trials.add(tx, "job1", new_trials(2, phase=Phase.PROBES) + new_trials(5))

    def test_search_trials_alone_count(self, database: Database) -> None:
        self.add(database, "minimize")
        assert self.finish(database, (0, 0.01)) is None
        assert self.finish(database, (2, 0.5), (1, 0.01), (3, 0.4)) == (3, 0.4)
        with database.read() as tx:
            best = jobs.get(tx, "job1").best
        assert best is not None
        assert (best.schedule, best.initial_lr) == ("cosine", 0.2)

    def test_it_never_gets_worse(self, database: Database) -> None:
        self.add(database, "minimize")
        assert self.finish(database, (2, 0.5)) == (2, 0.5)
        assert self.finish(database, (3, 0.6)) == (2, 0.5)
        assert self.finish(database, (4, 0.3)) == (4, 0.3)

    def test_by_the_goal(self, database: Database) -> None:
        self.add(database, "maximize")
        assert self.finish(database, (2, 0.5), (3, 0.7)) == (3, 0.7)
        assert self.finish(database, (4, 0.6)) == (3, 0.7)
        assert self.finish(database, (5, 0.8)) == (5, 0.8)

    def test_the_lower_number_among_equals_whoever_comes_first(self, database: Database) -> None:
        self.add(database, "minimize")
        assert self.finish(database, (4, 0.5)) == (4, 0.5)
        assert self.finish(database, (3, 0.5)) == (3, 0.5)
        assert self.finish(database, (5, 0.5)) == (3, 0.5)
