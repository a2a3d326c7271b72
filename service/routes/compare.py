"""Jobs side by side."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from lrtune.comparison import compare
from lrtune.wire import ComparedJob, Comparison, FieldError
from service import samples
from service.context import MAX_ID, Store
from service.problems import field_problem, responses
from store import Tx, answers, jobs, range_tests

MOST = 20
"""Jobs that are compared at once."""

router = APIRouter(prefix="/v1/compare", tags=["memory"])


@router.get(
    "",
    operation_id="compare_jobs",
    summary="Compare jobs",
    responses={**samples.shown(samples.COMPARISON), **responses("not_found", "invalid_request")},
)
def compare_jobs(
    database: Store,
    job_ids: Annotated[
        str,
        Query(
            alias="jobs",
            min_length=1,
            max_length=MOST * (MAX_ID + 1),
            pattern=r"^[A-Za-z0-9,]+$",
            description=f"Ids of 2 to {MOST} jobs, with commas between them.",
            examples=["4m7x2k9qh3tz,8q2w5n6dk1ra"],
        ),
    ],
) -> Comparison:
    """Jobs beside each other: what was asked and found, only what differs listed, and which did best."""
    ids = list(dict.fromkeys(filter(None, job_ids.split(","))))
    if not 2 <= len(ids) <= MOST:
        detail = f"{len(ids)} different jobs are named."
        raise field_problem([FieldError(field="?jobs", detail=detail, remedy=f"Name 2 to {MOST}.")])
    with database.read() as tx:
        return compare([_compared(tx, job_id) for job_id in ids])


def _compared(tx: Tx, job_id: str) -> ComparedJob:
    found = range_tests.get(tx, job_id)
    return ComparedJob(
        job=jobs.get(tx, job_id),
        suggestion=found.suggestion if found else None,
        answer=answers.get(tx, job_id),
    )
