"""Webhooks: subscribe to the ends of jobs, try it, see what was delivered."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Body, Response

from lrtune.wire import Delivery, FieldError, NewWebhook, Page, Webhook, WebhookRequest
from service import samples
from service.bodies import JsonRoute
from service.caller import Who
from service.context import Cursor, Here, Limit, Store, WebhookId, new_job_id
from service.problems import field_problem, responses
from service.webhooks import signature, target
from service.webhooks.deliverer import attempt
from store import deliveries, webhooks

MOST = 20
"""Webhooks of an account."""

router = APIRouter(prefix="/v1/webhooks", tags=["memory"], route_class=JsonRoute)

_BODY = (
    "malformed_json",
    "cross_origin",
    "request_timeout",
    "body_too_large",
    "unsupported_media_type",
    "invalid_request",
)
REQUESTS = {
    "least": {"summary": "My jobs", "value": {"url": "https://example.org/lrtune"}},
    "full": {
        "summary": "Everything said",
        "value": {
            "url": "https://example.org/lrtune",
            "events": ["job.failed"],
            "jobs": "team",
            "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        },
    },
}


@router.post(
    "",
    status_code=201,
    operation_id="create_webhook",
    summary="Create a webhook",
    responses={
        **samples.shown(samples.NEW_WEBHOOK, 201, description="The webhook, with its secret."),
        **responses(*_BODY),
    },
)
def create_webhook(
    request: Annotated[WebhookRequest, Body(openapi_examples=REQUESTS)],
    who: Who,
    here: Here,
    response: Response,
) -> NewWebhook:
    """Have a URL told when jobs finish or fail: your own, or the team's. The secret is shown this once."""
    _check(request.url, here.settings.webhook_networks)
    secret = request.secret or signature.new_secret()
    response.headers["Cache-Control"] = "no-store"
    with here.database.write() as tx:
        tx.exclude(f"webhooks of {who.account}")
        if webhooks.count(tx, who.account) >= MOST:
            detail = f"You have {MOST} webhooks already."
            raise field_problem([FieldError(field="", detail=detail, remedy="Remove one first.")])
        made = webhooks.add(
            tx,
            id=new_job_id(),
            account=who.account,
            url=request.url,
            events=request.events,
            jobs=request.jobs,
            secret=secret,
        )
    return NewWebhook(**made.model_dump(), secret=secret)


def _check(url: str, allowed: tuple[target.Network, ...]) -> None:
    """Refuse a URL that would never be called; a name that is not known yet may be known later."""
    try:
        target.check(url, allowed)
    except target.TargetError as error:
        raise field_problem([FieldError(field="/url", detail=error.detail, remedy=error.remedy)]) from None
    except target.Unresolved:
        return


@router.get(
    "",
    operation_id="list_webhooks",
    summary="List webhooks",
    responses={**samples.shown(samples.page(samples.WEBHOOK)), **responses("invalid_request")},
)
def list_webhooks(who: Who, database: Store, cursor: Cursor = None, limit: Limit = 50) -> Page[Webhook]:
    """Your webhooks, oldest first, without their secrets; everybody's for admins."""
    with database.read() as tx:
        return webhooks.page(tx, account=who.account, everybody=who.administers, cursor=cursor, limit=limit)


@router.get(
    "/{id}",
    operation_id="get_webhook",
    summary="Read a webhook",
    responses={**samples.shown(samples.WEBHOOK), **responses("not_found")},
)
def get_webhook(webhook_id: WebhookId, database: Store) -> Webhook:
    """A webhook, without its secret."""
    with database.read() as tx:
        return webhooks.get(tx, webhook_id)


@router.delete(
    "/{id}",
    operation_id="remove_webhook",
    summary="Remove a webhook",
    responses={**samples.shown(samples.WEBHOOK), **responses("cross_origin", "not_found")},
)
def remove_webhook(webhook_id: WebhookId, database: Store) -> Webhook:
    """End a webhook, and give it back as it was: nothing more is sent, not even what waits."""
    with database.write() as tx:
        found = webhooks.get(tx, webhook_id)
        webhooks.remove(tx, webhook_id)
    return found


@router.post(
    "/{id}/test",
    operation_id="test_webhook",
    summary="Test a webhook",
    responses={**samples.shown(samples.DELIVERY), **responses(*_BODY, "not_found")},
)
def test_webhook(webhook_id: WebhookId, here: Here) -> Delivery:
    """Send a message of the type `test` at once, once, and say how it went."""
    with here.database.write() as tx:
        webhooks.get(tx, webhook_id)
        message = deliveries.test(tx, webhook_id)
    attempt(here.database, message, here.settings.webhook_networks, datetime.now(UTC))
    with here.database.read() as tx:
        return deliveries.get(tx, message.id)


@router.get(
    "/{id}/deliveries",
    operation_id="list_deliveries",
    summary="List a webhook's deliveries",
    responses={
        **samples.shown(samples.page(samples.DELIVERY)),
        **responses("not_found", "invalid_request"),
    },
)
def list_deliveries(
    webhook_id: WebhookId, database: Store, cursor: Cursor = None, limit: Limit = 50
) -> Page[Delivery]:
    """What was sent to a webhook, or waits to be, newest first."""
    with database.read() as tx:
        webhooks.get(tx, webhook_id)
        return deliveries.page(tx, webhook_id, cursor=cursor, limit=limit)
