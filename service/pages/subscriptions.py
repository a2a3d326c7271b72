"""The page of webhooks: who is told when jobs end, and what became of each message."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import HTMLResponse

from lrtune.wire import WebhookEvent
from service.caller import Who
from service.context import Cursor, Store
from service.pages.render import page
from store import deliveries, webhooks

PAGE = 50
DELIVERIES = 5

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)


@router.get("/webhooks")
def show_webhooks(who: Who, database: Store, cursor: Cursor = None) -> HTMLResponse:
    with database.read() as tx:
        found = webhooks.page(tx, account=who.account, everybody=who.administers, cursor=cursor, limit=PAGE)
        sent = {
            each.id: deliveries.page(tx, each.id, cursor=None, limit=DELIVERIES).items for each in found.items
        }
    return page("webhooks.html", who=who, found=found, sent=sent, kinds=list(WebhookEvent))
