"""Handing trials out."""

from __future__ import annotations

from typing import Any

from lrtune import schedules
from lrtune.wire import ExternalTrial, Job, Phase, TrialAsk
from service.external import sweeps, trainings
from service.external.holding import is_sweep, job_of, name_of, told, trial_of
from service.problems import ProblemError
from store import Tx, external, workers
from store.units import Lease

PLANNING_S = 1
BUSY_S = 5
"""Seconds after which to ask again: while a worker plans, and while others hold all trials there are."""


class Nothing(Exception):  # noqa: N818 - not an error: there is no trial for anybody now
    """Nothing to train now; ask again after ``retry_s``."""

    def __init__(self, retry_s: int) -> None:
        super().__init__(f"nothing to train for {retry_s} s")
        self.retry_s = retry_s


def ask(tx: Tx, job_id: str, body: TrialAsk) -> ExternalTrial:
    """A trial for a client: what it holds, else the next.

    Raises:
        NotFound, JobFinal: As the store says.
        ProblemError: ``not_external``, or ``no_worker`` where nobody lives who could plan the next trials.
        Nothing: There is none now.
    """
    job = job_of(tx, job_id)
    lease = external.ask(tx, job_id, body.client, lease_s=body.lease_s, restart=body.restart)
    if lease is not None:
        return _handed(tx, job, lease)
    if not external.planning(tx, job_id):
        raise Nothing(BUSY_S)
    if not any(worker.alive for worker in workers.page(tx).items):
        raise ProblemError(
            "no_worker",
            "No worker is alive to plan the job's next trials.",
            "Start one beside the database: `lrtune worker`. It needs no GPU.",
            headers={"Retry-After": str(BUSY_S)},
        )
    raise Nothing(PLANNING_S)


def _handed(tx: Tx, job: Job, lease: Lease) -> ExternalTrial:
    steps_per_epoch = told(job).steps_per_epoch
    common: dict[str, Any] = {
        "name": name_of(lease),
        "token": f"{lease.unit}-{lease.attempt}",
        "lease_s": lease.payload["lease_s"],
        "steps_per_epoch": steps_per_epoch,
    }
    if is_sweep(lease):
        swept = lease.payload["lrs"]
        # One step more, since what an LR did shows in the loss of the step after it.
        rising = [*swept, swept[-1]]
        return ExternalTrial(
            **common,
            number=None,
            phase=Phase.RANGE_TEST,
            sweep=True,
            seed=lease.payload["seed"],
            epochs=-(-len(rising) // steps_per_epoch),
            schedule=None,
            initial_lr=swept[0],
            lr=rising,
            reported=sorted(sweeps.points(lease)),
        )
    trial = trial_of(tx, lease)
    lrs = schedules.lr_sequence(
        trial.setting, total_steps=trial.epochs * steps_per_epoch, steps_per_epoch=steps_per_epoch
    )
    return ExternalTrial(
        **common,
        number=trial.number,
        phase=trial.phase,
        sweep=False,
        seed=trial.seed,
        epochs=trial.epochs,
        schedule=trial.schedule,
        initial_lr=trial.initial_lr,
        params=trial.params,
        lr=lrs.tolist(),
        reactive=trial.schedule == trainings.REACTIVE,
        reported=[report.epoch for report in trial.curve],
    )
