"""Worker processes."""

from __future__ import annotations

from fastapi import APIRouter

from lrtune.wire import Page, Worker
from service import samples
from service.context import Store
from store import workers

router = APIRouter(prefix="/v1/workers", tags=["server"])


@router.get(
    "",
    operation_id="list_workers",
    summary="List workers",
    responses=samples.shown(samples.page(samples.WORKER)),
)
def list_workers(database: Store) -> Page[Worker]:
    """Workers that have been heard of lately, and what each is doing."""
    with database.read() as tx:
        return workers.page(tx)
