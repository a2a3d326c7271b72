"""Progress: counted as things happen, and the time left."""

from __future__ import annotations

from lrtune.wire import Curve, Phase, Progress, TrialState
from store import Database, curves, jobs, trials, units
from tests.store.rows import Clock, claim, new_trials, report, submit, training_job


def progress(database: Database, job_id: str = "job1") -> Progress:
    with database.read() as tx:
        return jobs.get(tx, job_id).progress


def counts(database: Database) -> tuple[int, int, int, int]:
    found = progress(database)
    return found.done, found.total, found.phase_done, found.phase_total


def test_a_new_job_has_none(database: Database) -> None:
    submit(database)
    assert progress(database) == Progress()


def test_it_counts_by_phase(database: Database) -> None:
    submit(database)
    with database.write() as tx:
        jobs.plan_phase(tx, "job1", Phase.PROBES, trainings=2, epochs=6)
        jobs.plan_phase(tx, "job1", Phase.SEARCH, trainings=9, epochs=1)
        jobs.plan_phase(tx, "job1", Phase.SEARCH, trainings=4, epochs=12)
        trials.add(tx, "job1", new_trials(2, phase=Phase.PROBES) + new_trials(4))
        trials.finish(tx, "job1", [(n, TrialState.COMPLETE, 0.5) for n in (0, 1, 3)])
    assert counts(database) == (3, 6, 0, 0)
    with database.write() as tx:
        jobs.set_phase(tx, "job1", Phase.SEARCH)
    assert counts(database) == (3, 6, 1, 4)


def test_sweeps_count_by_seed_and_an_extended_one_not_twice(database: Database) -> None:
    submit(database)
    found = [Curve(seed=seed, lr=[1e-3, 1e-2], loss=[1.0, None]) for seed in range(3)]
    with database.write() as tx:
        jobs.set_phase(tx, "job1", Phase.RANGE_TEST)
        jobs.plan_phase(tx, "job1", Phase.RANGE_TEST, trainings=3, epochs=0)
        curves.add(tx, "job1", sweep=0, curves=found[:2])
        curves.add(tx, "job1", sweep=0, curves=found[:2])
    assert counts(database) == (2, 3, 2, 3)
    with database.write() as tx:
        curves.add(tx, "job1", sweep=0, curves=found[2:])
        curves.add(tx, "job1", sweep=1, curves=found)
    assert counts(database) == (3, 3, 3, 3)


def test_the_share_goes_by_epochs_and_moves_between_trainings(database: Database) -> None:
    [numbers] = training_job(database, [2], epochs=10)
    with units.held(database, claim(database)) as tx:
        jobs.set_phase(tx, "job1", Phase.SEARCH)
        jobs.plan_phase(tx, "job1", Phase.RANGE_TEST, trainings=5, epochs=0)
        jobs.plan_phase(tx, "job1", Phase.SEARCH, trainings=2, epochs=20)
        jobs.plan_phase(tx, "job1", Phase.CONFIRM, trainings=2, epochs=20)
        trials.report(tx, "job1", [(numbers[0], report(epoch)) for epoch in range(1, 6)])
    assert (progress(database).share, progress(database).phase_share) == (0.125, 0.25)


class TestTimeLeft:
    def test_it_goes_by_the_pace_so_far(self, database: Database, clock: Clock) -> None:
        [numbers] = training_job(database, [2], epochs=10)
        with units.held(database, claim(database)) as tx:
            jobs.plan_phase(tx, "job1", Phase.SEARCH, trainings=2, epochs=20)
            trials.start(tx, "job1", numbers)
        clock.advance(10)
        assert progress(database).eta_s is None
        with database.write() as tx:
            trials.report(tx, "job1", [(n, report(epoch)) for n in numbers for epoch in (1, 2)])
        assert progress(database).eta_s == 40.0

    def test_what_a_stopped_trial_spares_is_not_left(self, database: Database, clock: Clock) -> None:
        [numbers] = training_job(database, [2], epochs=10)
        with units.held(database, claim(database)) as tx:
            jobs.plan_phase(tx, "job1", Phase.SEARCH, trainings=2, epochs=20)
            trials.report(tx, "job1", [(n, report(1)) for n in numbers])
            trials.finish(tx, "job1", [(numbers[0], TrialState.PRUNED, None)])
        clock.advance(2)
        assert progress(database).eta_s == 9.0

    def test_lost_epochs_are_left_again(self, database: Database, clock: Clock) -> None:
        [numbers] = training_job(database, [2], epochs=10)
        lease = claim(database)
        with units.held(database, lease) as tx:
            jobs.plan_phase(tx, "job1", Phase.SEARCH, trainings=2, epochs=20)
            trials.report(tx, "job1", [(n, report(epoch)) for n in numbers for epoch in range(1, 11)])
            trials.finish(tx, "job1", [(numbers[0], TrialState.COMPLETE, 0.5)])
        clock.advance(10)
        assert progress(database).eta_s == 0.0
        with database.write() as tx:
            units.release(tx, lease)
        assert progress(database).eta_s == 10.0

    def test_an_ended_job_has_none_left_to_tell(self, database: Database, clock: Clock) -> None:
        [numbers] = training_job(database, [1], epochs=10)
        with units.held(database, claim(database)) as tx:
            jobs.plan_phase(tx, "job1", Phase.SEARCH, trainings=1, epochs=10)
            trials.report(tx, "job1", [(numbers[0], report(1))])
        clock.advance(1)
        with database.write() as tx:
            jobs.cancel(tx, "job1")
        assert progress(database).eta_s is None
