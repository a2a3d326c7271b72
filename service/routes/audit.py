"""The audit log."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from lrtune.wire import AuditEntry, Page
from service import samples
from service.context import NO_NUL, Cursor, Limit, Store
from service.problems import responses
from store import audit

router = APIRouter(prefix="/v1/audit", tags=["accounts"])


@router.get(
    "",
    operation_id="list_audit",
    summary="Read the audit log",
    responses={**samples.shown(samples.page(samples.AUDIT)), **responses("invalid_request")},
)
def list_audit(
    database: Store,
    account: Annotated[
        str | None, Query(max_length=100, pattern=NO_NUL, description="What this account did.")
    ] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[AuditEntry]:
    """Who did what, when, and from where, newest first: every change, and every forbidden attempt."""
    with database.read() as tx:
        return audit.page(tx, account=account, cursor=cursor, limit=limit)
