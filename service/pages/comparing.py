"""The page of jobs side by side."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import HTMLResponse, JSONResponse

from lrtune.wire import Comparison, Setting
from service.caller import Who
from service.context import NO_NUL, Store
from service.pages.data import lines
from service.pages.data.lines import Contender
from service.pages.data.routes import as_json
from service.pages.render import page
from service.routes.compare import compare_jobs

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

Jobs = Annotated[list[Annotated[str, Query(max_length=2000, pattern=NO_NUL)]], Query(max_length=100)]


@router.get("/compare")
def show_comparison(who: Who, database: Store, jobs: Jobs = []) -> HTMLResponse:  # noqa: B006 - FastAPI's way
    """The jobs named; with fewer than two, how to choose some."""
    chosen = ",".join(jobs)
    found = compare_jobs(database, chosen) if len(set(chosen.split(","))) > 1 else None
    answered = sum(each.answer is not None for each in found.jobs) if found else 0
    return page("compare.html", who=who, found=found, jobs=chosen, answered=answered)


@router.get("/compare/data")
def show_answers(database: Store, jobs: Jobs) -> JSONResponse:
    """The LR of each job's answer over the run, in percent of its own steps."""
    return as_json(lines.shares(_contenders(compare_jobs(database, ",".join(jobs)))))


def _contenders(found: Comparison) -> list[tuple[Contender, int, int]]:
    """Each answer with its epochs and the steps of one."""
    shown = []
    for each in found.jobs:
        if each.answer is None:
            continue
        chosen, measured = each.answer.schedule, each.answer.provenance
        setting = Setting(schedule=chosen.family, initial_lr=each.answer.initial_lr, params=chosen.params)
        contender = Contender(each.job.id, setting, chosen=each.job.id == found.best)
        shown.append((contender, measured.epochs, measured.steps_per_epoch))
    return shown
