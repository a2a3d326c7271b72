"""Taking reports in."""

from __future__ import annotations

from collections.abc import Sequence

from lrtune.wire import ExternalReport, StopReason, Verdict
from service.external import sweeps, trainings
from service.external.holding import is_sweep, job_of, lease_of
from store import Tx, units


def report(tx: Tx, job_id: str, name: str, token: str, reports: Sequence[ExternalReport]) -> Verdict:
    """Take in reports and renew the lease; what was reported before stays as it was.

    Raises:
        NotFound, LeaseLost: As the store says.
        ProblemError: A report is of another kind of trial, beyond its end, or lacks a value.
    """
    job = job_of(tx, job_id)
    lease, state = lease_of(tx, job_id, name, token)
    if job.state.final or state == "closed":
        return Verdict(stop=True, reason=StopReason.ENDED, reported=0)
    units.hold(tx, lease)
    units.renew(tx, lease, lease_s=lease.payload["lease_s"])
    if is_sweep(lease):
        return sweeps.report(tx, lease, reports)
    return trainings.report(tx, job, lease, reports)
