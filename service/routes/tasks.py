"""Tasks that jobs can name."""

from __future__ import annotations

from fastapi import APIRouter

from lrtune.wire import Page, Task
from service import samples
from service.context import Cursor, Limit, Store
from service.problems import responses
from store import tasks

router = APIRouter(prefix="/v1/tasks", tags=["memory"])


@router.get(
    "",
    operation_id="list_tasks",
    summary="List tasks",
    responses={**samples.shown(samples.page(samples.TASK)), **responses("invalid_request")},
)
def list_tasks(database: Store, cursor: Cursor = None, limit: Limit = 50) -> Page[Task]:
    """Task versions with the JSON schema of their parameters."""
    with database.read() as tx:
        return tasks.page(tx, cursor=cursor, limit=limit)
