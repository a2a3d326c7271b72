"""A job as a file."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from enum import StrEnum
from pathlib import Path
from threading import Lock
from typing import Annotated, BinaryIO

from fastapi import APIRouter, Query, Response
from fastapi.responses import StreamingResponse

from lrtune.wire import Job, Phase, Trial
from service import samples
from service.context import JobId, Store
from service.exports import optuna_study, report, table, whole
from service.exports.reading import in_batches
from service.problems import responses
from store import Database, answers, jobs, range_tests, trials

router = APIRouter(prefix="/v1/jobs/{id}", tags=["results"])

CHUNK = 262_144
"""Bytes that are read of a file at a time."""

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
    return _built(optuna_study.database, database, job, media_type)


def _journal(database: Database, job: Job, media_type: str) -> Response:
    return _built(optuna_study.journal, database, job, media_type)


def _built(
    build: Callable[[Job, optuna_study.Read, Path], None], database: Database, job: Job, media_type: str
) -> Response:
    """A file that has to be whole before its first byte is sent: it is built on disk, and sent from there."""

    def read(phase: Phase, curves: bool) -> Iterator[list[Trial]]:
        return in_batches(database, job.id, phase=phase, curves=curves)

    with _OPTUNA, tempfile.TemporaryDirectory(prefix="lrtune-export-") as folder:
        path = Path(folder) / "study"
        build(job, read, path)
        # Its name goes with the folder; what is open stays until it is sent, or nobody listens any more.
        file = path.open("rb")
    length = {"Content-Length": str(os.fstat(file.fileno()).st_size)}
    return StreamingResponse(_chunks(file), media_type=media_type, headers=length)


def _chunks(file: BinaryIO) -> Iterator[bytes]:
    with file:
        while chunk := file.read(CHUNK):
            yield chunk


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
