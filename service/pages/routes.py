"""The pages. They read the store as the API does; what they change, their script asks of the API."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Header, Query
from pydantic import BeforeValidator
from starlette.responses import HTMLResponse, StreamingResponse

from lrtune.nearness import Situation
from lrtune.optimizers import OPTIMIZERS
from lrtune.wire import JobRequest, JobState, Task
from service import event_stream, submission
from service.bodies import JsonRoute
from service.caller import Who
from service.context import NO_NUL, Cursor, Here, JobId, Store
from service.pages import accounts, changes, comparing, estimate, form, job_view, login, subscriptions
from service.pages.data import routes as data_routes
from service.pages.render import page
from store import Tx, answers, events, jobs, tasks, workers
from store.tasks import EXTERNAL

PAGE = 50

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)
reading = APIRouter(include_in_schema=False, route_class=JsonRoute, default_response_class=HTMLResponse)
"""Pages made from a JSON body."""

Name = Annotated[str | None, Query(max_length=200, pattern=NO_NUL)]
State = Annotated[JobState | None, BeforeValidator(lambda value: value or None), Query()]
"""A form sends an empty choice as an empty text."""
Size = Annotated[int | None, BeforeValidator(lambda value: value or None), Query(ge=1, le=1_000_000)]


@router.get("/")
def list_jobs(
    who: Who,
    database: Store,
    task: Name = None,
    state: State = None,
    author: Name = None,
    tag: Name = None,
    text: Name = None,
    archived: bool = False,
    cursor: Cursor = None,
) -> HTMLResponse:
    chosen: dict[str, Any] = {
        "task": task or None,
        "state": state,
        "author": author or None,
        "tag": tag or None,
    }
    with database.read() as tx:
        found = jobs.page(
            tx,
            **chosen,
            text=(text or "").strip() or None,
            archived=archived,
            cursor=cursor,
            limit=PAGE,
        )
        names = _names(tx)
        newest = events.newest(tx)
    shown = chosen | {"text": text or None, "archived": archived}
    query = urlencode({name: value for name, value in shown.items() if value})
    return page(
        "jobs.html",
        who=who,
        found=found,
        names=names,
        states=list(JobState),
        query=query,
        address="/?" + query + (f"&{urlencode({'cursor': cursor})}" if cursor else ""),
        newest=newest,
        **shown,
    )


@router.get("/jobs/{id}")
def show_job(job_id: JobId, who: Who, database: Store) -> HTMLResponse:
    return page("job.html", who=who, view=job_view.of(database, job_id))


@router.get("/jobs/{id}/live")
def show_live_job(job_id: JobId, who: Who, database: Store) -> HTMLResponse:
    """The part of the job's page that changes while it runs."""
    return page("job_live.html", who=who, view=job_view.of(database, job_id))


@router.get("/submit")
def show_form(who: Who, here: Here, task: Name = None, outside: bool = False) -> HTMLResponse:
    """The form for a task; ``outside`` for a new one whose trials are trained by clients."""
    with here.database.read() as tx:
        found = _tasks(tx)
        names = sorted({each.name for each in found if not outside or each.entry == EXTERNAL})
        chosen = None if outside else tasks.get(tx, task or names[0]) if task or names else None
    outside = outside or (chosen is not None and chosen.entry == EXTERNAL)
    shown = None
    if outside or chosen:
        schema = chosen.params_schema if chosen else {"type": "object"}
        networked = chosen is not None and submission.networked(chosen, here.settings.network_tasks)
        shown = form.of(schema, outside=outside, networked=networked)
    body = ({"task": chosen.name} if chosen else {}) | ({"mode": "external"} if outside else {})
    return page("submit.html", who=who, names=names, chosen=chosen, outside=outside, form=shown, body=body)


@reading.post("/submit/estimate")
def show_estimate(request: JobRequest, database: Store) -> HTMLResponse:
    """What the form's request would cost; a part of the form's page."""
    with database.read() as tx:
        found = estimate.of(tx, request)
    return page("estimate.html", found=found)


@router.get("/changes")
def stream_changes(
    here: Here, last_event_id: Annotated[int | None, Header(alias="Last-Event-ID", ge=0, le=2**63 - 1)] = None
) -> StreamingResponse:
    """Server-sent events that say when lists of jobs have changed."""
    return event_stream.response(
        changes.changes(here.database, last_event_id, draining=here.draining, limiter=here.stream_threads)
    )


@router.get("/tasks")
def list_tasks(who: Who, database: Store, cursor: Cursor = None) -> HTMLResponse:
    with database.read() as tx:
        found = tasks.page(tx, cursor=cursor, limit=PAGE)
    return page("tasks.html", who=who, found=found)


@router.get("/best")
def list_best(
    who: Who,
    database: Store,
    task: Name = None,
    optimizer: Name = None,
    batch_size: Size = None,
    epochs: Size = None,
    cursor: Cursor = None,
) -> HTMLResponse:
    with database.read() as tx:
        names = _names(tx)
        chosen = task or (names[0] if names else "")
        asked = Situation(batch_size=batch_size, epochs=epochs)
        found = answers.best(
            tx, task=chosen, optimizer=optimizer or None, asked=asked, cursor=cursor, limit=PAGE
        )
    given: dict[str, Any] = {
        "task": chosen,
        "optimizer": optimizer,
        "batch_size": batch_size,
        "epochs": epochs,
    }
    return page(
        "best.html",
        who=who,
        found=found,
        names=names,
        optimizers=sorted(OPTIMIZERS),
        query=urlencode({name: value for name, value in given.items() if value}),
        **given,
    )


@router.get("/workers")
def list_workers(who: Who, database: Store) -> HTMLResponse:
    with database.read() as tx:
        found = workers.page(tx)
    return page("workers.html", who=who, found=found)


def _names(tx: Tx) -> list[str]:
    """Names of all tasks."""
    return sorted({task.name for task in _tasks(tx)})


def _tasks(tx: Tx) -> list[Task]:
    """All tasks, the newest 200 versions that is."""
    found: list[Task] = tasks.page(tx, cursor=None, limit=200).items
    return found


ROUTERS = (
    router,
    reading,
    data_routes.router,
    comparing.router,
    accounts.router,
    subscriptions.router,
    login.router,
)
"""Every router of the pages."""
