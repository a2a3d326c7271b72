"""Jobs: submit, list, read, cancel."""

from __future__ import annotations

import hashlib
import json
import re
from enum import StrEnum
from typing import Annotated, Any

from fastapi import APIRouter, Body, Header, Query, Response

from lrtune.wire import FieldError, Job, JobRequest, JobState, Page, Task
from service import samples, submission
from service.bodies import JsonRoute
from service.caller import Caller, Who
from service.context import NO_NUL, Cursor, Here, JobId, Limit, Store
from service.problems import ProblemError, field_problem, responses
from service.submission import nearest
from store import Tx, jobs, tasks
from store.errors import NotFound

router = APIRouter(prefix="/v1/jobs", tags=["jobs"], route_class=JsonRoute)

REQUESTS: dict[str, Any] = {
    "least": {"summary": "Everything by default", "value": {"task": "digits-mlp"}},
    "full": {
        "summary": "Everything said",
        "value": {
            "task": "digits-mlp",
            "params": {"width": 128},
            "optimizer": {"name": "adamw", "weight_decay": 0.01},
            "epochs": 20,
            "batch_size": 64,
            "metric": {"name": "loss", "goal": "minimize"},
            "range_test": {"min_lr": 1e-7, "max_lr": 10, "steps_per_decade": 25, "seeds": 5},
            "search": {
                "trials": 60,
                "schedules": ["constant", "cosine", "plateau"],
                "sampler": "tpe",
                "prune": True,
                "seed": 0,
            },
            "confirm": {"finalists": 3, "seeds": 5},
            "tags": ["paper"],
        },
    },
    "external": {
        "summary": "Trained outside, by clients",
        "value": {
            "task": "our-jax-model",
            "mode": "external",
            "external": {"steps_per_epoch": 100, "default_lr": 1e-3},
            "optimizer": {"name": "adamw"},
            "batch_size": 64,
            "epochs": 20,
        },
    },
}

_NAME = re.compile(r"[a-z][a-z0-9._-]{0,99}")


class Archived(StrEnum):
    """What a list does with archived jobs."""

    EXCLUDE = "exclude"
    INCLUDE = "include"
    ONLY = "only"


_ARCHIVED = {Archived.EXCLUDE: False, Archived.INCLUDE: None, Archived.ONLY: True}

IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=200,
        pattern=r"^[\x21-\x7e]+$",
        description="Any text of your own. Sent again with the same body it gives the same job.",
    ),
]


@router.post(
    "",
    status_code=202,
    operation_id="submit_job",
    summary="Submit a job",
    responses={
        **samples.shown(
            samples.QUEUED,
            202,
            description="The job is queued.",
            headers={
                "Location": {"description": "Path of the job.", "schema": {"type": "string"}},
                "Idempotency-Replayed": {
                    "description": "`true` if the job was there already.",
                    "schema": {"type": "string"},
                },
            },
        ),
        **responses(
            "malformed_json",
            "cross_origin",
            "not_admin",
            "request_timeout",
            "body_too_large",
            "unsupported_media_type",
            "invalid_request",
            "idempotency_key_reused",
            "quota_exceeded",
        ),
    },
)
def submit(
    request: Annotated[JobRequest, Body(openapi_examples=REQUESTS)],
    here: Here,
    who: Who,
    response: Response,
    key: IdempotencyKey = None,
) -> Job:
    """Queue a job. Only `task` is required; everything is checked before the job is accepted."""
    if request.priority > 0 and not who.administers:
        raise ProblemError(
            "not_admin",
            f"A priority of {request.priority} goes before everybody else's jobs.",
            "Leave it at 0 or below, or ask an admin to submit the job.",
        )
    idempotency = None if key is None else (key, _digest(request))
    with here.database.write() as tx:
        submission.check(request, _task(tx, request, who), network_tasks=here.settings.network_tasks)
        job, created = jobs.submit(
            tx, request, job_id=here.new_job_id(), author=who.account, idempotency=idempotency
        )
    response.headers["Location"] = f"/v1/jobs/{job.id}"
    if not created:
        response.headers["Idempotency-Replayed"] = "true"
    return job


def _digest(request: JobRequest) -> str:
    """Digest of what the client said, whatever the order and spelling of its JSON."""
    said = request.model_dump(mode="json", exclude_unset=True, exclude={"tags"})
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def _task(tx: Tx, request: JobRequest, who: Caller) -> Task:
    """The task version that a request names; the first external job of a name makes it."""
    try:
        return tasks.get(tx, request.task)
    except NotFound:
        if request.mode != "external":
            raise field_problem([_unknown_task(tx, request.task)]) from None
    if not _NAME.fullmatch(request.task):
        detail = f"{request.task!r} is no name."
        remedy = (
            "Use up to 100 lower-case letters, digits, dots, dashes and underscores, beginning with a letter."
        )
        raise field_problem([FieldError(field="/task", detail=detail, remedy=remedy)])
    return tasks.register_external(tx, request.task, author=who.account)


def _unknown_task(tx: Tx, ref: str) -> FieldError:
    names = {task.name for task in tasks.page(tx, cursor=None, limit=200).items}
    remedy = nearest(ref.partition("@")[0], names)
    return FieldError(field="/task", detail=f"There is no task {ref!r}.", remedy=remedy)


@router.get(
    "",
    operation_id="list_jobs",
    summary="List jobs",
    responses={**samples.shown(samples.page(samples.JOB)), **responses("invalid_request")},
)
def list_jobs(
    database: Store,
    task: Annotated[
        str | None,
        Query(
            max_length=200, pattern=NO_NUL, description="Jobs of this task: `name`, any version, or `name@3`."
        ),
    ] = None,
    state: Annotated[JobState | None, Query(description="Jobs in this state.")] = None,
    author: Annotated[
        str | None, Query(max_length=200, pattern=NO_NUL, description="Jobs of this account.")
    ] = None,
    tag: Annotated[
        str | None, Query(max_length=50, pattern=NO_NUL, description="Jobs with this tag.")
    ] = None,
    q: Annotated[
        str | None,
        Query(
            max_length=200,
            pattern=NO_NUL,
            description="Words, or beginnings of words, all of which are in the job's id, task, author, "
            "optimizer, parameters, tags, note or error.",
        ),
    ] = None,
    archived: Annotated[
        Archived, Query(description="Whether archived jobs are left out, included, or the only ones.")
    ] = Archived.EXCLUDE,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[Job]:
    """Jobs, newest first. Filters are combined: a job has to pass them all."""
    with database.read() as tx:
        return jobs.page(
            tx,
            task=task,
            state=state,
            author=author,
            tag=tag,
            text=q,
            archived=_ARCHIVED[archived],
            cursor=cursor,
            limit=limit,
        )


@router.get(
    "/{id}",
    operation_id="get_job",
    summary="Read a job",
    responses={**samples.shown(samples.JOB), **responses("not_found")},
)
def get_job(job_id: JobId, database: Store) -> Job:
    """A job with its state, phase, progress, best trial so far and, if it failed, its error."""
    with database.look() as tx:
        return jobs.get(tx, job_id)


@router.post(
    "/{id}/cancel",
    operation_id="cancel_job",
    summary="Cancel a job",
    responses={
        **samples.shown(samples.CANCELLED),
        **responses(
            "malformed_json",
            "cross_origin",
            "not_found",
            "request_timeout",
            "job_final",
            "body_too_large",
            "unsupported_media_type",
            "invalid_request",
        ),
    },
)
def cancel(job_id: JobId, database: Store) -> Job:
    """Cancel a job. It is cancelled at once; its workers stop within seconds, when they next renew their
    lease. Cancelling again changes nothing."""
    with database.write() as tx:
        return jobs.cancel(tx, job_id)
