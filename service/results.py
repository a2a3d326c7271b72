"""Why a job has no such result: not yet, or never."""

from __future__ import annotations

from lrtune.wire import Job, JobState
from service.problems import ProblemError


def missing(job: Job, what: str) -> ProblemError:
    """``not_ready`` (404) while the job may still bring ``what``, ``not_available`` (409) once it cannot."""
    if not job.state.final:
        standing = f"is {job.state}" if job.phase is None else f"is {job.state}, in phase {job.phase}"
        return ProblemError(
            "not_ready",
            f"Job {job.id} {standing}; its {what} is not there yet.",
            f"Follow /v1/jobs/{job.id}/events, or ask again later.",
            headers={"Retry-After": "5"},
        )
    reason = f": {job.error.detail}" if job.error else ""
    remedy = "Mend what the job's error names, and submit it again."
    if job.state is not JobState.FAILED:
        remedy = "Submit the job again and let it finish."
    return ProblemError("not_available", f"Job {job.id} has {_ended(job)}{reason}; it has no {what}.", remedy)


def _ended(job: Job) -> str:
    return {JobState.FAILED: "failed", JobState.CANCELLED: "been cancelled"}.get(job.state, "ended")
