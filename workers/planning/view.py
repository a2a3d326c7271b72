"""A job's rows as planning sees them."""

from __future__ import annotations

from dataclasses import dataclass

from lrtune.rangetest.extension import MOST
from lrtune.wire import Curve, Job, JobRequest, RangeTest, Trial
from store import Tx, curves, jobs, range_tests, trials
from workers.facts import Facts, external, facts


@dataclass(frozen=True)
class View:
    """One job.

    Attributes:
        facts: What a trainer child told of the task, None before any has loaded it; of an external job what
            its request tells.
        sweep: Number of the latest sweep, -1 before the first.
        curves: That sweep's curves, one a seed.
        swept_steps: Optimizer steps of all sweeps, the replaced ones too.
        range_test: As analysed, None before that.
    """

    job: Job
    facts: Facts | None
    sweep: int
    curves: list[Curve]
    swept_steps: int
    range_test: RangeTest | None
    trials: list[Trial]

    @property
    def request(self) -> JobRequest:
        return self.job.request


def read(tx: Tx, job_id: str) -> View:
    """The job as it stands."""
    job = jobs.get(tx, job_id)
    sweeps = [curves.for_job(tx, job_id, sweep=number) for number in range(MOST + 1)]
    made = [sweep for sweep in sweeps if sweep]
    return View(
        job=job,
        facts=external(job.request) if job.request.mode == "external" else facts(tx, job_id),
        sweep=len(made) - 1,
        curves=made[-1] if made else [],
        swept_steps=sum(len(curve.lr) for sweep in made for curve in sweep),
        range_test=range_tests.get(tx, job_id),
        trials=trials.for_job(tx, job_id, curves=True),
    )
