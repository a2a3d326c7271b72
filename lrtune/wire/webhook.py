"""Webhooks: who is told when a job ends, and what became of each message."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from lrtune.wire.base import Request, Resource


class WebhookEvent(StrEnum):
    """What a webhook is told: a job finished with an answer, or failed."""

    JOB_FINISHED = "job.finished"
    JOB_FAILED = "job.failed"


class WebhookRequest(Request):
    """Body of ``POST /v1/webhooks``; only ``url`` is required.

    ``jobs`` is ``mine`` (those of the account) or ``team`` (everybody's). ``secret`` signs the messages;
    one is made if none is given.
    """

    url: Annotated[str, Field(min_length=8, max_length=2000, pattern=r"^https?://[\x21-\x7e]+$")]
    events: Annotated[tuple[WebhookEvent, ...], Field(min_length=1, max_length=2)] = (
        WebhookEvent.JOB_FINISHED,
        WebhookEvent.JOB_FAILED,
    )
    jobs: Literal["mine", "team"] = "mine"
    secret: Annotated[str, Field(min_length=16, max_length=200, pattern=r"^[\x21-\x7e]+$")] | None = None


class Webhook(Resource):
    """A subscription, without its secret; ``account`` is null without accounts."""

    id: str
    account: str | None
    url: str
    events: list[WebhookEvent]
    jobs: Literal["mine", "team"]
    created_at: datetime


class NewWebhook(Webhook):
    """A subscription as it is made: its ``secret`` is shown this once."""

    secret: str


class DeliveryState(StrEnum):
    """Where a message stands: it waits for its next attempt, has arrived, or is given up."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    FAILED = "failed"


class Delivery(Resource):
    """A message to a webhook. ``id`` is sent with it, the same at each attempt; ``status`` is what the last
    attempt was answered with, ``error`` why it counts as failed."""

    id: str
    event: str
    job: str | None
    state: DeliveryState
    attempts: int
    status: int | None = None
    error: str | None = None
    created_at: datetime
    next_at: datetime | None = None
    delivered_at: datetime | None = None
