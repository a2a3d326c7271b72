"""Trials of external jobs: asked for, reported on and finished by clients that train them."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Response

from lrtune.wire import ExternalReports, ExternalTrial, TrialAsk, TrialEnd, TrialFinish, Verdict
from service import external, samples
from service.bodies import JsonRoute
from service.context import JobId, Store
from service.problems import responses

router = APIRouter(prefix="/v1/jobs/{id}/trials", tags=["external"], route_class=JsonRoute)

WRITING = (
    "malformed_json",
    "cross_origin",
    "not_found",
    "request_timeout",
    "not_external",
    "body_too_large",
    "unsupported_media_type",
    "invalid_request",
)

Name = Annotated[
    str,
    Path(
        pattern=r"^(sweep-)?[0-9]{1,18}$",
        description="The trial's `name`.",
        examples=["12", "sweep-34"],
    ),
]


@router.post(
    "",
    operation_id="ask_trial",
    summary="Ask for a trial to train",
    response_model=ExternalTrial,
    responses={
        **samples.shown(samples.EXTERNAL_TRIAL),
        204: {
            "description": "Nothing to train now.",
            "headers": {
                "Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer"}},
            },
        },
        **responses(*WRITING, "job_final", "no_worker"),
    },
)
def ask(job_id: JobId, body: TrialAsk, database: Store) -> ExternalTrial | Response:
    """The next trial of an external job, or the unfinished one that the client holds: its settings and the LR
    of every step. 204 means: none now, ask again. A job that has ended is `job_final`."""
    with database.write() as tx:
        try:
            return external.ask(tx, job_id, body)
        except external.Nothing as nothing:
            return Response(status_code=204, headers={"Retry-After": str(nothing.retry_s)})


@router.post(
    "/{n}/reports",
    operation_id="report_trial",
    summary="Report on a trial",
    responses={
        **samples.shown(samples.VERDICT),
        **responses(*WRITING, "lease_lost"),
    },
)
def report(job_id: JobId, n: Name, body: ExternalReports, database: Store) -> Verdict:
    """Store what epochs (or steps of a sweep) gave, and renew the lease. The answer says whether to stop. Any
    number in any order; what was reported before stays as it was."""
    with database.write() as tx:
        return external.report(tx, job_id, n, body.token, body.reports)


@router.post(
    "/{n}/finish",
    operation_id="finish_trial",
    summary="Finish a trial",
    responses={
        **samples.shown(samples.TRIAL_END),
        **responses(*WRITING, "job_final", "lease_lost"),
    },
)
def finish(job_id: JobId, n: Name, body: TrialFinish, database: Store) -> TrialEnd:
    """End a trial: complete, pruned or diverged as its reports say; or hand it back, or fail the job."""
    with database.write() as tx:
        return external.finish(tx, job_id, n, body)
