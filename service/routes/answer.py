"""A job's answer, as data and as a picture of the schedules it compares."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from lrtune.wire import Answer, Phase
from service import drawing, pictures, results, samples
from service.context import Here, JobId, Store
from service.problems import responses
from store import Database, answers, jobs, trials

router = APIRouter(prefix="/v1/jobs/{id}", tags=["results"])

PROBLEMS = responses("not_found", "not_ready", "not_available")


@router.get(
    "/answer",
    operation_id="get_answer",
    summary="Read the answer",
    responses={**samples.shown(samples.ANSWER), **PROBLEMS},
)
def get_answer(job_id: JobId, database: Store) -> Answer:
    """The confirmed LR with its interval and safe band, the schedule, what it beats, and its provenance."""
    return find(database, job_id)


@router.get(
    "/schedules.png",
    operation_id="get_schedules_picture",
    summary="See the schedules",
    response_class=Response,
    responses={**pictures.RESPONSES, **PROBLEMS},
)
def get_schedules_picture(job_id: JobId, here: Here, request: Request) -> Response:
    """The answer's schedule beside the finalists and baselines, as LR over time and as loss, in a PNG."""
    answer = find(here.database, job_id)
    with here.database.read() as tx:
        found = trials.for_job(tx, job_id, phase=Phase.CONFIRM, curves=True)
    return here.pictures.respond(request, drawing.schedules, answer, found)


def find(database: Database, job_id: str) -> Answer:
    """The answer of a job.

    Raises:
        ProblemError: ``not_ready`` or ``not_available`` if it has none.
    """
    with database.read() as tx:
        job = jobs.get(tx, job_id)
        found = answers.get(tx, job_id)
    if found is None:
        raise results.missing(job, "answer")
    return found
