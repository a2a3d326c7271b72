"""Which trial of which job a client's token speaks of."""

from __future__ import annotations

from lrtune.wire import ExternalSpec, FieldError, Job, JobState, Trial
from service.problems import ProblemError, field_problem
from store import Tx, events, external, jobs, trials
from store.units import Lease


def job_of(tx: Tx, job_id: str) -> Job:
    """An external job.

    Raises:
        NotFound: There is no such job.
        ProblemError: ``not_external``.
    """
    job = jobs.get(tx, job_id)
    if job.request.mode != "external":
        raise ProblemError(
            "not_external",
            f"The trials of job {job_id} are trained by workers.",
            'Submit a job with "mode": "external" to train its trials yourself.',
        )
    return job


def told(job: Job) -> ExternalSpec:
    """What an external job tells of its training."""
    assert job.request.external is not None, "submission checks that"
    return job.request.external


def lease_of(tx: Tx, job_id: str, name: str, token: str) -> tuple[Lease, str]:
    """The lease that a token stands for, and the state of its unit.

    Raises:
        NotFound, LeaseLost: As the store says.
        ProblemError: The token is of another trial than ``name``.
    """
    unit, _, attempt = token.partition("-")
    lease, state = external.lease(tx, job_id, int(unit), int(attempt))
    if name_of(lease) != name:
        detail = f"The token is of trial {name_of(lease)}, not of {name}."
        raise field_problem([FieldError(field="/token", detail=detail, remedy="Give the trial's own token.")])
    return lease, state


def name_of(lease: Lease) -> str:
    """The name of a leased trial in paths."""
    return f"sweep-{lease.unit}" if is_sweep(lease) else str(lease.payload["numbers"][0])


def is_sweep(lease: Lease) -> bool:
    return "sweep" in lease.payload


def trial_of(tx: Tx, lease: Lease) -> Trial:
    """The trial of a lease that is no sweep, with its reports."""
    return trials.get(tx, lease.job, lease.payload["numbers"][0])


def tell(tx: Tx, job_id: str) -> None:
    """Put the job's progress into its events."""
    job = jobs.get(tx, job_id)
    if job.state is JobState.RUNNING:
        events.add(tx, job_id, "progress", job.model_dump(mode="json", include={"phase", "progress", "best"}))


def wrong(field: str, detail: str, remedy: str) -> FieldError:
    return FieldError(field=field, detail=detail, remedy=remedy)
