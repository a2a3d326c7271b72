"""A job with everything measured, written as a worker would."""

from __future__ import annotations

from lrtune.wire import JobRequest, Phase, TrialState
from service import samples
from store import Database, answers, events, jobs, range_tests, trials, units
from store.trials import NewTrial


def running(database: Database, job_id: str, *, task: str = "digits-mlp") -> str:
    """A job that has been claimed and has its range test."""
    with database.write() as tx:
        jobs.submit(tx, JobRequest(task=task), job_id=job_id)
    units.claim(database, "worker", lease_s=600)
    with database.write() as tx:
        jobs.set_phase(tx, job_id, Phase.SEARCH)
        range_tests.put(tx, job_id, samples.RANGE_TEST)
        events.add(
            tx, job_id, "range_test", {"outcome": "ok", "suggested_lr": samples.RANGE_TEST.suggested_lr}
        )
    return job_id


def succeeded(database: Database, job_id: str, *, task: str = "digits-mlp", mean: float = 0.07) -> str:
    """A job with a search trial, a confirm trial a seed, and its answer."""
    running(database, job_id, task=task)
    setting = samples.TRIAL.setting
    phases = [Phase.SEARCH, Phase.CONFIRM, Phase.CONFIRM]
    with database.write() as tx:
        numbers = trials.add(
            tx, job_id, [NewTrial(phase, 0, setting, seed, 2) for seed, phase in enumerate(phases)]
        )
        trials.report(tx, job_id, [(n, report) for n in numbers for report in samples.TRIAL.curve])
        trials.finish(tx, job_id, [(n, TrialState.COMPLETE, mean) for n in numbers])
        metric = samples.ANSWER.metric.model_copy(update={"mean": mean})
        provenance = samples.ANSWER.provenance.model_copy(update={"task": task})
        answers.put(
            tx, job_id, samples.ANSWER.model_copy(update={"metric": metric, "provenance": provenance})
        )
        events.add(tx, job_id, "answer", {"initial_lr": samples.ANSWER.initial_lr})
        jobs.succeed(tx, job_id)
    return job_id
