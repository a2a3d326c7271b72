"""The charts' data. Read when a chart is looked at, and again when its job has changed."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.responses import JSONResponse

from lrtune.wire import Phase
from service import results
from service.context import NO_NUL, JobId, Store
from service.pages.data import contenders, lines, parallel, range_test, search
from service.pages.data.contenders import Group
from store import jobs, range_tests, standings

router = APIRouter(prefix="/jobs/{id}/data", include_in_schema=False)


@router.get("/range-test")
def show_range_test(job_id: JobId, database: Store) -> JSONResponse:
    with database.read() as tx:
        job = jobs.get(tx, job_id)
        found = range_tests.get(tx, job_id)
    if found is None:
        raise results.missing(job, "range test")
    return as_json(range_test.of(found))


@router.get("/search")
def show_search(job_id: JobId, database: Store) -> JSONResponse:
    with database.read() as tx:
        metric = jobs.get(tx, job_id).request.metric
        points = standings.points(tx, job_id, Phase.SEARCH)
    return as_json(search.of(points, goal=metric.goal, metric=metric.name))


@router.get("/parallel")
def show_parallel(
    job_id: JobId,
    database: Store,
    family: Annotated[str | None, Query(max_length=200, pattern=NO_NUL)] = None,
) -> JSONResponse:
    with database.read() as tx:
        metric = jobs.get(tx, job_id).request.metric
        best = standings.leaders(
            tx, job_id, Phase.SEARCH, goal=metric.goal, limit=parallel.LINES, schedule=family or None
        )
    return as_json(parallel.of(best, goal=metric.goal, metric=metric.name))


@router.get("/schedules")
def show_schedules(job_id: JobId, database: Store, group: Group = "search") -> JSONResponse:
    with database.read() as tx:
        job = jobs.get(tx, job_id)
        told = jobs.engine(tx, job_id) or {}
        shown = contenders.read(tx, job, group)
    # Without the task's own steps an epoch counts as one.
    steps = int(told.get("steps_per_epoch", 1))
    return as_json(lines.courses(shown, epochs=job.request.epochs, steps_per_epoch=steps))


@router.get("/curves")
def show_curves(
    job_id: JobId,
    database: Store,
    group: Group = "search",
    value: Annotated[str | None, Query(max_length=200, pattern=NO_NUL)] = None,
) -> JSONResponse:
    with database.read() as tx:
        job = jobs.get(tx, job_id)
        shown = contenders.read(tx, job, group)
    known = lines.names(shown)
    asked = value or job.request.metric.name
    return as_json(lines.curves(shown, asked) | {"values": known, "value": asked})


def as_json(shown: dict[str, Any]) -> JSONResponse:
    """A chart's data as a response; a browser keeps no copy, since it may change."""
    return JSONResponse(shown, headers={"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"})
