"""A job's rows as planning sees them."""

from __future__ import annotations

from dataclasses import dataclass, field

from lrtune.nearness import Situation
from lrtune.rangetest.extension import MOST
from lrtune.wire import BestAnswer, Curve, Job, JobRequest, Phase, RangeTest, Trial
from store import Tx, answers, curves, jobs, range_tests, trials
from workers.facts import Facts, external, facts
from workers.planning import sizing

EARLIER = 10
"""Earlier answers that are looked at."""


@dataclass(frozen=True)
class View:
    """One job.

    Attributes:
        facts: What a trainer child told of the task, None before any has loaded it; of an external job what
            its request tells.
        sweep: Number of the latest sweep, -1 before the first.
        curves: That sweep's curves, one a seed.
        swept_steps: Optimizer steps of all sweeps, the replaced ones too.
        sized: Curves of the sweeps at other batch sizes, by the sweep's number; none before they were run.
        range_test: As analysed, None before that.
        earlier: The team's answers for this task and optimizer, nearest first; read for the first generation
            of a search alone, which is planned once: what the team measures later changes no job that runs.
    """

    job: Job
    facts: Facts | None
    sweep: int
    curves: list[Curve]
    swept_steps: int
    range_test: RangeTest | None
    trials: list[Trial]
    earlier: list[BestAnswer] = field(default_factory=list)
    sized: dict[int, list[Curve]] = field(default_factory=dict)

    @property
    def request(self) -> JobRequest:
        return self.job.request


def read(tx: Tx, job_id: str) -> View:
    """The job as it stands."""
    job = jobs.get(tx, job_id)
    told = external(job.request) if job.request.mode == "external" else facts(tx, job_id)
    found = trials.for_job(tx, job_id, curves=True)
    begun = any(trial.phase is Phase.SEARCH for trial in found)
    sweeps = [curves.for_job(tx, job_id, sweep=number) for number in range(MOST + 1)]
    made = [sweep for sweep in sweeps if sweep]
    return View(
        job=job,
        facts=told,
        sweep=len(made) - 1,
        curves=made[-1] if made else [],
        swept_steps=sum(len(curve.lr) for sweep in made for curve in sweep),
        range_test=range_tests.get(tx, job_id),
        trials=found,
        sized={
            number: there
            for number in sizing.numbers(job.request.range_test)
            if (there := curves.for_job(tx, job_id, sweep=number))
        },
        earlier=[] if begun or told is None or not job.request.search.transfer else _earlier(tx, job, told),
    )


def _earlier(tx: Tx, job: Job, told: Facts) -> list[BestAnswer]:
    request = job.request
    asked = Situation(
        task_version=job.task_version,
        params=request.params,
        optimizer=request.optimizer,
        batch_size=told.batch_size,
        epochs=request.epochs,
        precision=told.precision,
    )
    optimizer = request.optimizer.name
    page = answers.best(tx, task=job.task, optimizer=optimizer, asked=asked, cursor=None, limit=EARLIER)
    return page.items
