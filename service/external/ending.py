"""Ending trials."""

from __future__ import annotations

from lrtune.wire import Job, JobError, TrialEnd, TrialFinish, TrialState
from service.external import sweeps, trainings
from service.external.holding import is_sweep, job_of, lease_of, tell, trial_of
from store import Tx, jobs, units
from store.errors import JobFinal
from store.units import Lease


def finish(tx: Tx, job_id: str, name: str, body: TrialFinish) -> TrialEnd:
    """End a trial as its reports say, or as asked; ending it again gives the same.

    Raises:
        NotFound, LeaseLost, JobFinal: As the store says.
        ProblemError: Its reports don't allow that end.
    """
    job = job_of(tx, job_id)
    lease, state = lease_of(tx, job_id, name, body.token)
    if state == "closed":
        return _ended(tx, job, lease, name)
    if body.state == "released":
        units.release(tx, lease)
        return TrialEnd(name=name, state=TrialState.WAITING)
    units.hold(tx, lease)
    if body.state == "failed":
        detail = body.detail or "The client says no more."
        remedy = "Mend the training, and submit the job again."
        jobs.fail(tx, job_id, JobError(code="client_failed", detail=detail, remedy=remedy))
        return TrialEnd(name=name, state=TrialState.WAITING)
    if is_sweep(lease):
        end = sweeps.finish(tx, lease, name, body.state)
    else:
        end = trainings.finish(tx, job, lease, name, body.state)
    units.finish(tx, lease)
    tell(tx, job_id)
    return end


def _ended(tx: Tx, job: Job, lease: Lease, name: str) -> TrialEnd:
    """How a trial whose unit is closed ended."""
    if is_sweep(lease):
        if sweeps.is_there(tx, lease):
            return TrialEnd(name=name, state=TrialState.COMPLETE)
    elif (trial := trial_of(tx, lease)).state.final:
        return TrialEnd(name=name, state=trial.state, value=trial.value)
    raise JobFinal(f"Job {job.id} has ended: it is {job.state}.", "Read its results.")
