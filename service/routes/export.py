"""A job as a file."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from threading import Lock
from typing import Annotated

from fastapi import APIRouter, Query, Response
from fastapi.responses import StreamingResponse

from lrtune.wire import Job, Phase
from service import samples
from service.context import JobId, Store
from service.exports import optuna_study, report, table, whole
from service.problems import responses
from store import Database, answers, jobs, range_tests, trials

router = APIRouter(prefix="/v1/jobs/{id}", tags=["results"])

_OPTUNA = Lock()
"""One study is built at a time: it is all CPU, and Optuna's switches are the process's."""


class Format(StrEnum):
    """What a file can be."""

    JSON = "json"
    CSV = "csv"
    OPTUNA = "optuna"
    OPTUNA_JOURNAL = "optuna-journal"
    HTML = "html"


@router.get(
    "/export",
    operation_id="export_job",
    summary="Export a job",
    response_class=Response,
    responses={
        200: {
            "description": "The file.",
            "content": {
                "application/json": {"schema": {"type": "object"}, "example": samples.EXPORT},
                "text/csv": {"schema": {"type": "string"}, "example": samples.CSV},
                "text/html": {"schema": {"type": "string"}, "example": "<!doctype html>…"},
                "application/x-ndjson": {"schema": {"type": "string"}, "example": '{"op_code":0}\n'},
                "application/vnd.sqlite3": {"schema": {"type": "string", "format": "binary"}},
            },
        },
        **responses("not_found", "invalid_request"),
    },
)
def export(
    job_id: JobId,
    database: Store,
    format: Annotated[
        Format,
        Query(
            description="`json`: everything; `csv`: the trials; `optuna`: SQLite for optuna-dashboard; "
            "`optuna-journal`: the same for Optuna's journal storage; `html`: a report to read."
        ),
    ] = Format.JSON,
) -> Response:
    """The job with what it has measured so far, as a file to take away."""
    with database.read() as tx:
        job = jobs.get(tx, job_id)
    made, media_type, ending = _FORMATS[format]
    response = made(database, job, media_type)
    response.headers["Content-Disposition"] = f'attachment; filename="lrtune-{job.id}.{ending}"'
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Security-Policy"] = (
        "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
    )
    return response


def _json(database: Database, job: Job, media_type: str) -> Response:
    return StreamingResponse(whole.pieces(database, job), media_type=media_type)


def _csv(database: Database, job: Job, media_type: str) -> Response:
    return StreamingResponse(table.lines(database, job), media_type=media_type)


def _study(database: Database, job: Job, media_type: str) -> Response:
    with database.read() as tx:
        found = trials.for_job(tx, job.id, curves=True)
    with _OPTUNA, tempfile.TemporaryDirectory(prefix="lrtune-export-") as folder:
        path = Path(folder) / "study.db"
        optuna_study.database(job, found, path)
        return Response(path.read_bytes(), media_type=media_type)


def _journal(database: Database, job: Job, media_type: str) -> Response:
    with database.read() as tx:
        found = trials.for_job(tx, job.id, curves=True)
    with _OPTUNA:
        return Response(optuna_study.journal(job, found), media_type=media_type)


def _html(database: Database, job: Job, media_type: str) -> Response:
    with database.read() as tx:
        found = range_tests.get(tx, job.id)
        answer = answers.get(tx, job.id)
        confirm = trials.for_job(tx, job.id, phase=Phase.CONFIRM, curves=True)
    return Response(report.html(job, found, answer, confirm), media_type=media_type)


_FORMATS: dict[Format, tuple[Callable[[Database, Job, str], Response], str, str]] = {
    Format.JSON: (_json, "application/json", "json"),
    Format.CSV: (_csv, "text/csv", "csv"),
    Format.OPTUNA: (_study, "application/vnd.sqlite3", "db"),
    Format.OPTUNA_JOURNAL: (_journal, "application/x-ndjson", "log"),
    Format.HTML: (_html, "text/html", "html"),
}
