"""Curves, range tests, answers and the best of them."""

from __future__ import annotations

import pytest

from lrtune.nearness import Situation
from lrtune.wire import Bands, Curve, JobError, Mark, Marks, Outcome, RangeTest, Suggestion
from store import Database, answers, curves, jobs, range_tests, situations
from store.errors import CursorInvalid, NotFound
from tests.store.rows import answer, register, submit

RANGE_TEST = RangeTest(
    outcome=Outcome.OK,
    reasons=["Because."],
    suggested_lr=1 / 3,
    suggestion=Suggestion(lr=1 / 3, low=0.1, high=0.7),
    marks=Marks(steepest=Mark(lr=1e-3, low=1e-4, high=1e-2)),
    bands=Bands(small=(1e-7, 1e-4)),
    curves=[Curve(seed=5, lr=[1e-7, 1e-3], loss=[2.3, None])],
)


def test_curves_by_sweep_and_seed(database: Database) -> None:
    submit(database)
    first = [
        Curve(seed=seed, lr=[1e-7, 1 / 3, 10.0], loss=[2.3, 0.1 * seed, None]) for seed in (2**31 - 1, 0, 7)
    ]
    second = [Curve(seed=0, lr=[1e-9, 1.0], loss=[2.3, 2.0])]
    with database.write() as tx:
        curves.add(tx, "job1", sweep=0, curves=first)
        curves.add(tx, "job1", sweep=1, curves=second)
        curves.add(tx, "job1", sweep=1, curves=[])
    with database.read() as tx:
        assert curves.for_job(tx, "job1", sweep=0) == sorted(first, key=lambda curve: curve.seed)
        assert curves.for_job(tx, "job1", sweep=1) == second
        assert curves.for_job(tx, "job1", sweep=2) == []
        assert curves.for_job(tx, "nothing", sweep=0) == []


def test_a_curve_again_replaces(database: Database) -> None:
    submit(database)
    with database.write() as tx:
        for loss in (1.0, 2.0):
            curves.add(tx, "job1", sweep=0, curves=[Curve(seed=0, lr=[0.1], loss=[loss])])
        assert curves.for_job(tx, "job1", sweep=0) == [Curve(seed=0, lr=[0.1], loss=[2.0])]


def test_a_range_test(database: Database) -> None:
    submit(database)
    with database.write() as tx:
        assert range_tests.get(tx, "job1") is None
        range_tests.put(tx, "job1", RANGE_TEST)
        assert range_tests.get(tx, "job1") == RANGE_TEST
        verified = RANGE_TEST.model_copy(update={"outcome": Outcome.NOISY})
        range_tests.put(tx, "job1", verified)
        assert range_tests.get(tx, "job1") == verified


def test_an_answer(database: Database) -> None:
    submit(database)
    found = answer(1 / 3)
    with database.write() as tx:
        assert answers.get(tx, "job1") is None
        answers.put(tx, "job1", answer(5.0))
        answers.put(tx, "job1", found)
    with database.read() as tx:
        back = answers.get(tx, "job1")
    assert back == found
    assert back is not None
    assert list(back.importances) == list(found.importances)


def test_results_of_no_job(database: Database) -> None:
    with database.write() as tx:
        for call in (
            lambda: answers.put(tx, "no", answer(0.1)),
            lambda: range_tests.put(tx, "no", RANGE_TEST),
            lambda: curves.add(tx, "no", sweep=0, curves=[]),
        ):
            with pytest.raises(NotFound):
                call()


class TestBest:
    def measured(
        self, database: Database, job_id: str, mean: float, task: str = "digits", **kind: str
    ) -> None:
        submit(database, job_id, task=task)
        with database.write() as tx:
            answers.put(tx, job_id, answer(mean, **kind))
            jobs.succeed(tx, job_id)

    def walk(
        self,
        database: Database,
        limit: int = 50,
        optimizer: str | None = None,
        asked: Situation | None = None,
    ) -> list[str]:
        walked, cursor = [], None
        while True:
            with database.read() as tx:
                page = answers.best(
                    tx, task="digits", optimizer=optimizer, asked=asked, cursor=cursor, limit=limit
                )
            walked += [item.job for item in page.items]
            cursor = page.next_cursor
            if cursor is None:
                return walked

    @pytest.mark.parametrize("limit", [1, 2, 4, 50])
    def test_the_lowest_loss_first(self, database: Database, limit: int) -> None:
        for job, mean in {"a": 0.3, "b": -0.1, "c": 0.2, "d": 0.3}.items():
            self.measured(database, job, mean)
        assert self.walk(database, limit) == ["b", "c", "a", "d"]

    @pytest.mark.parametrize("limit", [1, 50])
    def test_the_highest_accuracy_first_and_apart_from_losses(self, database: Database, limit: int) -> None:
        for job, mean in {"a": 0.90, "b": 0.99, "c": 0.95}.items():
            self.measured(database, job, mean, metric="accuracy", goal="maximize")
        self.measured(database, "loss", 3.0)
        assert self.walk(database, limit) == ["loss", "b", "c", "a"]

    def test_every_version_of_the_task_and_no_other_task(self, database: Database) -> None:
        self.measured(database, "v1", 0.2)
        register(database, "digits", b"newer")
        self.measured(database, "v2", 0.1)
        register(database, "other")
        self.measured(database, "o", 0.0, task="other")
        assert self.walk(database) == ["v2", "v1"]

    def test_by_optimizer(self, database: Database) -> None:
        self.measured(database, "a", 0.2, optimizer="adamw")
        self.measured(database, "s", 0.1, optimizer="sgd")
        assert self.walk(database, optimizer="adamw") == ["a"]
        assert self.walk(database, optimizer="lion") == []

    @pytest.mark.parametrize("limit", [1, 2, 50])
    def test_the_nearest_come_first(self, database: Database, limit: int) -> None:
        rows = (("far", 0.01, 512), ("here", 0.3, 64), ("near", 0.2, 128), ("too", 0.1, 64))
        for job, mean, batch_size in rows:
            submit(database, job)
            found = answer(mean)
            held = found.provenance.model_copy(update={"batch_size": batch_size})
            with database.write() as tx:
                answers.put(tx, job, found.model_copy(update={"provenance": held}))
                jobs.succeed(tx, job)
        asked = Situation(batch_size=64)
        assert self.walk(database, limit, asked=asked) == ["too", "here", "near", "far"]
        with database.read() as tx:
            page = answers.best(tx, task="digits", asked=asked, cursor=None, limit=50)
        assert [each.distance for each in page.items] == [0.0, 0.0, 0.5, 1.5]
        assert [len(each.differences) for each in page.items] == [0, 0, 1, 1]

    def test_a_situation_is_kept_once(self, database: Database) -> None:
        for job in ("a", "b", "c"):
            self.measured(database, job, 0.1, optimizer="sgd" if job == "c" else "adamw")
        with database.read() as tx:
            assert len(situations.of_task(tx, "digits", None)) == 2
            assert len(situations.of_task(tx, "digits", "sgd")) == 1

    def test_succeeded_jobs_alone(self, database: Database) -> None:
        for job in ("failed", "cancelled", "running"):
            submit(database, job)
        with database.write() as tx:
            for job in ("failed", "cancelled", "running"):
                answers.put(tx, job, answer(0.1))
            jobs.fail(tx, "failed", JobError(code="x", detail="y"))
            jobs.cancel(tx, "cancelled")
        assert self.walk(database) == []

    def test_a_wrong_cursor(self, database: Database) -> None:
        with database.read() as tx, pytest.raises(CursorInvalid):
            answers.best(tx, task="digits", optimizer=None, cursor="x", limit=1)
