"""A job's LR range test, as data and as a picture."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from lrtune.wire import RangeTest
from service import drawing, pictures, results, samples
from service.context import Here, JobId, Store
from service.problems import ProblemError, responses
from store import Database, jobs, range_tests

router = APIRouter(prefix="/v1/jobs/{id}", tags=["results"])

PROBLEMS = responses("not_found", "not_ready", "not_available")


@router.get(
    "/range-test",
    operation_id="get_range_test",
    summary="Read the range test",
    responses={**samples.shown(samples.RANGE_TEST), **PROBLEMS},
)
def get_range_test(job_id: JobId, database: Store) -> RangeTest:
    """Outcome with its reasons, suggested LR, marks and bands with intervals, and the raw curves."""
    return _find(database, job_id)


@router.get(
    "/range-test.png",
    operation_id="get_range_test_picture",
    summary="See the range test",
    response_class=Response,
    responses={**pictures.RESPONSES, **PROBLEMS},
)
def get_range_test_picture(job_id: JobId, here: Here, request: Request) -> Response:
    """The curves of all seeds with marks and bands, as a PNG."""
    return here.pictures.respond(request, drawing.range_test, _find(here.database, job_id))


@router.get(
    "/scaling.png",
    operation_id="get_scaling_picture",
    summary="See how the LR grows with the batch",
    response_class=Response,
    responses={**pictures.RESPONSES, **PROBLEMS},
)
def get_scaling_picture(job_id: JobId, here: Here, request: Request) -> Response:
    """LR against batch size with the fitted rule, as a PNG; of a job that swept several batch sizes."""
    found = _find(here.database, job_id)
    if not found.scaling:
        raise ProblemError(
            "not_available",
            f"Job {job_id} swept one batch size alone.",
            "Submit a job with range_test.batch_sizes or range_test.accumulate.",
        )
    return here.pictures.respond(request, drawing.scaling, found)


def _find(database: Database, job_id: str) -> RangeTest:
    with database.read() as tx:
        job = jobs.get(tx, job_id)
        found = range_tests.get(tx, job_id)
    if found is None:
        raise results.missing(job, "range test")
    return found
