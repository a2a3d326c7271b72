"""Jobs: submitting, listing, the life of their state, cancelling."""

from __future__ import annotations

import threading

import pytest

from lrtune.wire import JobError, JobRequest, JobState, Phase, TrialState
from store import Database, events, jobs, tasks, trials, units
from store.errors import CursorInvalid, IdempotencyConflict, JobFinal, LeaseLost, NotFound
from tests.store.rows import (
    Clock,
    claim,
    register,
    report,
    submit,
    training_job,
    try_claim,
)


def test_a_new_job_waits_with_a_plan_unit(database: Database, clock: Clock) -> None:
    request = JobRequest.model_validate(
        {
            "task": "digits@1",
            "epochs": 3,
            "optimizer": {"name": "sgd", "momentum": 0.9},
            "params": {"width": 3},
        }
    )
    with database.write() as tx:
        job, created = jobs.submit(tx, request, job_id="abc")
    assert created
    assert (job.id, job.task, job.task_version, job.state) == ("abc", "digits", 1, JobState.QUEUED)
    assert (job.phase, job.best, job.error, job.started_at, job.finished_at) == (None,) * 5
    assert job.created_at == clock.at
    assert job.request == request
    assert job.request.optimizer.options == {"momentum": 0.9}
    with database.read() as tx:
        assert jobs.get(tx, "abc") == job
    lease = claim(database)
    assert (lease.job, lease.kind, lease.payload, lease.attempt) == ("abc", "plan", {"stage": "start"}, 1)


def test_a_job_keeps_its_task_version(database: Database) -> None:
    submit(database)
    register(database, "digits", b"newer")
    with database.read() as tx:
        assert jobs.get(tx, "job1").task_version == 1


def test_an_unknown_task(database: Database) -> None:
    with pytest.raises(NotFound), database.write() as tx:
        jobs.submit(tx, JobRequest(task="nothing"), job_id="abc")
    with database.read() as tx:
        assert jobs.page(tx, task=None, state=None, cursor=None, limit=5).items == []


def test_an_unknown_job(database: Database) -> None:
    error = JobError(code="x", detail="y")
    with database.write() as tx:
        for call in (
            lambda: jobs.get(tx, "no"),
            lambda: jobs.cancel(tx, "no"),
            lambda: jobs.succeed(tx, "no"),
            lambda: jobs.fail(tx, "no", error),
            lambda: jobs.engine(tx, "no"),
            lambda: jobs.set_engine(tx, "no", {}),
            lambda: jobs.set_phase(tx, "no", Phase.SEARCH),
            lambda: jobs.plan_phase(tx, "no", Phase.SEARCH, trainings=1, epochs=1),
            lambda: units.add(tx, "no", "plan", {}),
            lambda: trials.add(tx, "no", []),
            lambda: events.add(tx, "no", "log", {}),
        ):
            with pytest.raises(NotFound):
                call()


class TestIdempotency:
    def submit(self, database: Database, job_id: str, key: str, digest: str) -> tuple[str, bool]:
        with database.write() as tx:
            job, created = jobs.submit(
                tx, JobRequest(task="digits"), job_id=job_id, idempotency=(key, digest)
            )
        return job.id, created

    def test_the_same_request_replays_the_job(self, database: Database) -> None:
        assert self.submit(database, "a", "monday", "d") == ("a", True)
        assert self.submit(database, "b", "monday", "d") == ("a", False)
        assert self.submit(database, "c", "tuesday", "d") == ("c", True)

    def test_it_replays_the_job_as_it_stands(self, database: Database) -> None:
        self.submit(database, "a", "monday", "d")
        with database.write() as tx:
            jobs.cancel(tx, "a")
        with database.write() as tx:
            job, _ = jobs.submit(tx, JobRequest(task="digits"), job_id="b", idempotency=("monday", "d"))
        assert job.state is JobState.CANCELLED

    def test_another_request_is_refused(self, database: Database) -> None:
        self.submit(database, "a", "monday", "d")
        with pytest.raises(IdempotencyConflict, match="monday"):
            self.submit(database, "b", "monday", "e")

    def test_at_once_makes_one_job(self, database: Database) -> None:
        found: list[tuple[str, bool]] = []
        threads = [
            threading.Thread(target=lambda i=i: found.append(self.submit(database, f"j{i}", "monday", "d")))
            for i in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len({job for job, _ in found}) == 1
        assert sorted(created for _, created in found) == [False] * 7 + [True]


class TestPages:
    def walk(self, database: Database, limit: int, **given: object) -> list[str]:
        walked: list[str] = []
        cursor = None
        while True:
            with database.read() as tx:
                page = jobs.page(
                    tx,
                    **{"task": None, "state": None, **given},
                    cursor=cursor,
                    limit=limit,  # type: ignore[arg-type]
                )
            assert len(page.items) <= limit
            walked += [job.id for job in page.items]
            cursor = page.next_cursor
            if cursor is None:
                return walked

    @pytest.mark.parametrize("limit", [1, 2, 5, 6, 200])
    def test_newest_first_each_once(self, database: Database, limit: int) -> None:
        for i in range(5):
            submit(database, f"j{i}")
        assert self.walk(database, limit) == ["j4", "j3", "j2", "j1", "j0"]

    def test_filters(self, database: Database) -> None:
        register(database, "other")
        for i in range(4):
            submit(database, f"j{i}", task="digits" if i % 2 else "other")
        with database.write() as tx:
            jobs.cancel(tx, "j1")
        assert self.walk(database, 1, task="digits") == ["j3", "j1"]
        assert self.walk(database, 1, state=JobState.CANCELLED) == ["j1"]
        assert self.walk(database, 1, task="digits", state=JobState.QUEUED) == ["j3"]
        assert self.walk(database, 1, task="nothing") == []

    def test_new_jobs_do_not_shift_a_walk(self, database: Database) -> None:
        for i in range(4):
            submit(database, f"j{i}")
        with database.read() as tx:
            first = jobs.page(tx, task=None, state=None, cursor=None, limit=2)
        submit(database, "new")
        with database.read() as tx:
            second = jobs.page(tx, task=None, state=None, cursor=first.next_cursor, limit=2)
        assert [job.id for job in second.items] == ["j1", "j0"]

    def test_a_cursor_of_another_list(self, database: Database) -> None:
        for name in ("a", "b"):
            register(database, name)
        with database.read() as tx:
            cursor = tasks.page(tx, cursor=None, limit=1).next_cursor
            assert cursor is not None
            with pytest.raises(CursorInvalid):
                jobs.page(tx, task=None, state=None, cursor=cursor, limit=2)


def test_a_claimed_job_runs(database: Database, clock: Clock) -> None:
    submit(database)
    clock.advance(5)
    claim(database)
    with database.read() as tx:
        job = jobs.get(tx, "job1")
    assert (job.state, job.started_at, job.finished_at) == (JobState.RUNNING, clock.at, None)


def test_success_ends_everything(database: Database, clock: Clock) -> None:
    submit(database)
    lease = claim(database)
    clock.advance(5)
    with units.held(database, lease) as tx:
        jobs.succeed(tx, "job1")
        units.finish(tx, lease)
    with database.read() as tx:
        job = jobs.get(tx, "job1")
        assert [event.data["state"] for event in events.after(tx, "job1", 0, 9)] == [
            "queued",
            "running",
            "succeeded",
        ]
    assert (job.state, job.finished_at) == (JobState.SUCCEEDED, clock.at)
    assert try_claim(database) is None


def test_failure_closes_the_units_of_others(database: Database) -> None:
    training_job(database, [2, 2])
    ours, theirs = claim(database, "ada"), claim(database, "bob")
    error = JobError(
        code="task_raised", detail="It raised.", file="task.py", line=3, traceback="nul \0, surrogate \ud800"
    )
    with units.held(database, ours) as tx:
        trials.start(tx, "job1", ours.payload["numbers"])
        jobs.fail(tx, "job1", error)
    with database.read() as tx:
        job = jobs.get(tx, "job1")
        assert {trial.state for trial in trials.for_job(tx, "job1")} == {TrialState.WAITING}
        assert events.after(tx, "job1", 0, 99)[-1].data["error"]["code"] == "task_raised"
    assert job.state is JobState.FAILED
    assert job.error is not None
    assert (job.error.line, job.error.traceback) == (3, "nul \ufffd, surrogate \ufffd")
    with pytest.raises(LeaseLost, match="failed"), units.held(database, theirs):
        pass
    with pytest.raises(LeaseLost), database.write() as tx:
        units.renew(tx, theirs, lease_s=30)


def test_a_job_ends_once(database: Database) -> None:
    submit(database)
    error = JobError(code="x", detail="y")
    with database.write() as tx:
        jobs.fail(tx, "job1", error)
    with database.write() as tx:
        for call in (
            lambda: jobs.succeed(tx, "job1"),
            lambda: jobs.fail(tx, "job1", error),
            lambda: jobs.cancel(tx, "job1"),
        ):
            with pytest.raises(JobFinal):
                call()


def test_a_job_that_is_final_or_removed_has_ended(database: Database) -> None:
    submit(database)
    with database.write() as tx:
        assert not jobs.has_ended(tx, "job1")
        jobs.cancel(tx, "job1")
        assert jobs.has_ended(tx, "job1")
        assert jobs.has_ended(tx, "removed")


class TestCancel:
    def test_a_queued_job(self, database: Database, clock: Clock) -> None:
        submit(database)
        with database.write() as tx:
            job = jobs.cancel(tx, "job1")
        assert (job.state, job.started_at, job.finished_at) == (JobState.CANCELLED, None, clock.at)
        assert try_claim(database) is None

    def test_again_changes_nothing(self, database: Database, clock: Clock) -> None:
        submit(database)
        with database.write() as tx:
            first = jobs.cancel(tx, "job1")
        clock.advance(5)
        with database.write() as tx:
            assert jobs.cancel(tx, "job1") == first
            assert len(events.after(tx, "job1", 0, 9)) == 2

    def test_a_running_job_stops_its_workers_and_keeps_what_it_measured(self, database: Database) -> None:
        [numbers] = training_job(database, [3])
        lease = claim(database)
        with units.held(database, lease) as tx:
            trials.start(tx, "job1", numbers)
            trials.report(tx, "job1", [(number, report(1)) for number in numbers])
            trials.finish(tx, "job1", [(numbers[0], TrialState.DIVERGED, None)])
        with database.write() as tx:
            jobs.cancel(tx, "job1")
        with database.write() as tx:
            assert units.renew(tx, lease, lease_s=30).cancelled
        for call in (units.hold, units.finish, units.release):
            with pytest.raises(LeaseLost, match="cancelled"), database.write() as tx:
                call(tx, lease)
        with database.read() as tx:
            found = trials.for_job(tx, "job1", curves=True)
        assert [trial.state for trial in found] == ["diverged", "waiting", "waiting"]
        assert [len(trial.curve) for trial in found] == [1, 1, 1]

    def test_a_stale_attempt_is_lost_not_cancelled(self, database: Database, clock: Clock) -> None:
        submit(database)
        stale = claim(database, "ada")
        clock.advance(60)
        claim(database, "bob")
        with database.write() as tx:
            jobs.cancel(tx, "job1")
        with pytest.raises(LeaseLost), database.write() as tx:
            units.renew(tx, stale, lease_s=30)


def test_what_a_trainer_told(database: Database) -> None:
    submit(database)
    told = {"steps_per_epoch": 22, "timings": {"1": 0.5}, "reason": None}
    with database.write() as tx:
        assert jobs.engine(tx, "job1") is None
        jobs.set_engine(tx, "job1", told)
        assert jobs.engine(tx, "job1") == told
