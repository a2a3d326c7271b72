"""What people say of jobs: tags, notes, the archive."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Body, Path

from lrtune.wire import FieldError, Job, Note
from lrtune.wire.label import MOST_TAGS, TAG_PATTERN
from service import samples
from service.bodies import JsonRoute
from service.context import JobId, Store
from service.problems import field_problem, responses
from store import Database, Tx, jobs, labels

router = APIRouter(prefix="/v1/jobs/{id}", tags=["memory"], route_class=JsonRoute)

Tag = Annotated[str, Path(pattern=TAG_PATTERN, description="The tag.", examples=["paper"])]

_BODY = (
    "malformed_json",
    "cross_origin",
    "request_timeout",
    "body_too_large",
    "unsupported_media_type",
)
PUT = {**samples.shown(samples.LABELLED), **responses(*_BODY, "not_found", "invalid_request")}
DELETE = {**samples.shown(samples.JOB), **responses("cross_origin", "not_found", "invalid_request")}


def _changed(database: Database, job_id: str, change: Callable[[Tx], object]) -> Job:
    with database.write() as tx:
        change(tx)
        return jobs.get(tx, job_id)


@router.put("/tags/{tag}", operation_id="tag_job", summary="Tag a job", responses=PUT)
def tag(job_id: JobId, tag: Tag, database: Store) -> Job:
    """Put a tag on a job, which `GET /v1/jobs?tag=` then finds. Again, nothing changes."""

    def add(tx: Tx) -> None:
        if len(labels.tag(tx, job_id, tag)) > MOST_TAGS:
            detail = f"Job {job_id} has {MOST_TAGS} tags already."
            raise field_problem([FieldError(field="{tag}", detail=detail, remedy="Remove one first.")])

    return _changed(database, job_id, add)


@router.delete("/tags/{tag}", operation_id="untag_job", summary="Take a tag off a job", responses=DELETE)
def untag(job_id: JobId, tag: Tag, database: Store) -> Job:
    """Take a tag off a job; a job without it stays as it is."""
    return _changed(database, job_id, lambda tx: labels.untag(tx, job_id, tag))


@router.put("/note", operation_id="write_note", summary="Write a job's note", responses=PUT)
def write_note(
    job_id: JobId, note: Annotated[Note, Body(examples=[{"text": "The run for the paper."}])], database: Store
) -> Job:
    """Write the job's note, in place of the one before."""
    return _changed(database, job_id, lambda tx: labels.note(tx, job_id, note.text))


@router.delete("/note", operation_id="remove_note", summary="Remove a job's note", responses=DELETE)
def remove_note(job_id: JobId, database: Store) -> Job:
    """Remove the job's note."""
    return _changed(database, job_id, lambda tx: labels.note(tx, job_id, None))


@router.put("/archive", operation_id="archive_job", summary="Archive a job", responses=PUT)
def archive(job_id: JobId, database: Store) -> Job:
    """Take a job out of lists and of the best answers. It stays readable by its id."""
    return _changed(database, job_id, lambda tx: labels.archive(tx, job_id, archived=True))


@router.delete("/archive", operation_id="unarchive_job", summary="Bring a job back", responses=DELETE)
def unarchive(job_id: JobId, database: Store) -> Job:
    """Bring an archived job back into lists and into the best answers."""
    return _changed(database, job_id, lambda tx: labels.archive(tx, job_id, archived=False))
