"""The answers measured for a task, best first."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from lrtune.wire import BestAnswer, Page
from service import samples
from service.context import NO_NUL, Cursor, Limit, Store
from service.problems import responses
from store import answers

router = APIRouter(prefix="/v1/best", tags=["memory"])


@router.get(
    "",
    operation_id="list_best",
    summary="Find the best answers",
    responses={**samples.shown(samples.page(samples.BEST)), **responses("invalid_request")},
)
def list_best(
    database: Store,
    task: Annotated[
        str, Query(min_length=1, max_length=200, pattern=NO_NUL, description="Name of the task.")
    ],
    optimizer: Annotated[
        str | None, Query(max_length=50, pattern=NO_NUL, description="Answers for this optimizer.")
    ] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[BestAnswer]:
    """Answers of all succeeded jobs for a task, best first by the metric, each with its job."""
    with database.read() as tx:
        return answers.best(tx, task=task, optimizer=optimizer, cursor=cursor, limit=limit)
