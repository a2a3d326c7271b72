"""A job's trials."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from lrtune.wire import Page, Phase, Trial, TrialState
from service import samples
from service.context import Cursor, JobId, Limit, Store
from service.problems import responses
from store import job_rows, trials

router = APIRouter(prefix="/v1/jobs/{id}", tags=["results"])


@router.get(
    "/trials",
    operation_id="list_trials",
    summary="List a job's trials",
    responses={**samples.shown(samples.page(samples.TRIAL)), **responses("not_found", "invalid_request")},
)
def list_trials(
    job_id: JobId,
    database: Store,
    phase: Annotated[Phase | None, Query(description="Trials of this phase.")] = None,
    state: Annotated[TrialState | None, Query(description="Trials in this state.")] = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Page[Trial]:
    """Trials by number, with their curve: one report an epoch."""
    with database.read() as tx:
        job_rows.state(tx, job_id)  # NotFound without such a job
        return trials.page(tx, job_id, phase=phase, state=state, cursor=cursor, limit=limit)
