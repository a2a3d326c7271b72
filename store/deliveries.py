"""The outbox of webhooks: messages are rows, written with what they tell of, so that a restart loses none.

A message is sent at least once: whoever claims it may fall after sending, and it is claimed again then. Its
``id`` is the same each time.
"""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from lrtune.wire import Delivery, DeliveryState, JobError, JobState, Page, WebhookEvent
from store import cursors, tables
from store.columns import to_json
from store.database import Tx

CLAIM_S = 60.0
"""Seconds that a claimed message is nobody else's: longer than an attempt takes."""

PAUSES_S = (10.0, 60.0, 300.0, 1800.0, 7200.0, 21_600.0, 43_200.0, 86_400.0)
"""Seconds before each further attempt: nine in all, over about two days."""

ENDS = {JobState.SUCCEEDED: WebhookEvent.JOB_FINISHED, JobState.FAILED: WebhookEvent.JOB_FAILED}

_DELIVERIES = tables.deliveries.c
_HOOKS = tables.webhooks.c
_JOBS = tables.jobs.c
_DUE = sa.text("state = 'waiting'")
"""Literal, because a partial index serves no bound value."""


@dataclass(frozen=True)
class Message:
    """A message to be sent.

    Attributes:
        id: The same at each attempt.
        body: The JSON that is sent and signed.
        attempts: How many there have been, this one included.
        once: Whether there is no further attempt.
    """

    id: str
    webhook: str
    url: str
    secret: str
    body: str
    attempts: int
    once: bool


def job_ended(tx: Tx, job_id: str, state: JobState, error: JobError | None) -> None:
    """Put a message into the outbox for whoever wants to know. The job's row says that it ended."""
    event = ENDS.get(state)
    if event is None:
        return
    hooks = tx.conn.execute(
        sa.select(_HOOKS.id, _HOOKS.events)
        .join(tables.jobs, sa.or_(_HOOKS.team, _HOOKS.account.is_not_distinct_from(_JOBS.author)))
        .where(_HOOKS.removed_at.is_(None), _JOBS.id == job_id)
        .order_by(_HOOKS.seq)
    ).all()
    wanted = [hook.id for hook in hooks if event in hook.events]
    if wanted:
        data = _job(tx, job_id, error)
        for webhook in wanted:
            _add(tx, webhook, event, data, job_id)


def test(tx: Tx, webhook: str) -> Message:
    """A message without a job, claimed for the caller, and tried this once."""
    id = _add(tx, webhook, "test", {}, None)
    tx.conn.execute(
        sa.update(tables.deliveries)
        .where(_DELIVERIES.id == id)
        .values(attempts=1, next_at=tx.moment(CLAIM_S))
    )
    [message] = _messages(tx, [id])
    return message


def claim(tx: Tx, limit: int) -> list[Message]:
    """Claim messages that are due, the longest waiting first, one a webhook at most."""
    first = (
        sa.select(sa.func.min(_DELIVERIES.seq))
        .where(_DUE, _DELIVERIES.next_at <= tx.moment())
        .group_by(_DELIVERIES.webhook)
    )
    due = (
        sa.select(_DELIVERIES.seq)
        .where(_DELIVERIES.seq.in_(first), _DUE, _DELIVERIES.next_at <= tx.moment())
        .order_by(_DELIVERIES.next_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    ids = tx.conn.execute(
        sa.update(tables.deliveries)
        .where(_DELIVERIES.seq.in_(due.scalar_subquery()))
        .values(attempts=_DELIVERIES.attempts + 1, next_at=tx.moment(CLAIM_S))
        .returning(_DELIVERIES.id)
    ).scalars()
    return _messages(tx, list(ids))


def delivered(tx: Tx, message: Message, status: int) -> None:
    """Say that a message has arrived."""
    _change(
        tx, message, state=DeliveryState.DELIVERED, status=status, error=None, next_at=None,
        delivered_at=tx.now(),
    )  # fmt: skip


def failed(tx: Tx, message: Message, error: str, status: int | None = None) -> None:
    """Say why an attempt failed: the next comes after a pause, or there is none left."""
    if message.once or message.attempts > len(PAUSES_S):
        _change(tx, message, state=DeliveryState.FAILED, status=status, error=error, next_at=None)
    else:
        pause = PAUSES_S[message.attempts - 1]
        _change(tx, message, status=status, error=error, next_at=tx.moment(pause))


def get(tx: Tx, id: str) -> Delivery:
    """A message, which exists."""
    return _delivery(tx.conn.execute(sa.select(tables.deliveries).where(_DELIVERIES.id == id)).one())


def page(tx: Tx, webhook: str, *, cursor: str | None, limit: int) -> Page[Delivery]:
    """A webhook's messages, newest first.

    Raises:
        CursorInvalid: ``cursor`` is none of this list's.
    """
    query = sa.select(tables.deliveries).where(_DELIVERIES.webhook == webhook)
    if cursor is not None:
        [seq] = cursors.decode("deliveries", cursor, (int,))
        query = query.where(_DELIVERIES.seq < seq)
    rows = tx.conn.execute(query.order_by(_DELIVERIES.seq.desc()).limit(limit + 1)).all()
    return cursors.page(rows, limit, _delivery, lambda row: cursors.encode("deliveries", [row.seq]))


def _job(tx: Tx, job_id: str, error: JobError | None) -> dict[str, Any]:
    job = tx.conn.execute(sa.select(tables.jobs).where(_JOBS.id == job_id)).one()
    body = tx.conn.execute(
        sa.select(tables.answers.c.body).where(tables.answers.c.job == job_id)
    ).scalar_one_or_none()
    kept = ("initial_lr", "schedule", "metric", "verdict")
    return {
        "job": {
            "id": job.id,
            "task": job.task,
            "task_version": job.task_version,
            "author": job.author,
            "state": job.state,
            "created_at": job.created_at.isoformat(),
            "finished_at": job.finished_at.isoformat(),
            "path": f"/v1/jobs/{job.id}",
        },
        "answer": None if body is None else {name: body[name] for name in kept},
        "error": None if error is None else {"code": error.code, "detail": error.detail},
    }


def _add(tx: Tx, webhook: str, event: str, data: dict[str, Any], job_id: str | None) -> str:
    id = uuid.uuid4().hex
    at = tx.now()
    tx.conn.execute(
        sa.insert(tables.deliveries).values(
            id=id,
            webhook=webhook,
            event=event,
            job=job_id,
            body=json.loads(to_json({"type": event, "timestamp": at.isoformat(), "data": data})),
            state=DeliveryState.WAITING,
            attempts=0,
            created_at=at,
            next_at=at,
        )
    )
    return id


def _messages(tx: Tx, ids: list[str]) -> list[Message]:
    if not ids:
        return []
    rows = tx.conn.execute(
        sa.select(tables.deliveries, _HOOKS.url, _HOOKS.secret)
        .join(tables.webhooks, _HOOKS.id == _DELIVERIES.webhook)
        .where(_DELIVERIES.id.in_(ids))
        .order_by(_DELIVERIES.seq)
    )
    return [
        Message(
            row.id, row.webhook, row.url, row.secret, to_json(row.body), row.attempts, row.event == "test"
        )
        for row in rows
    ]


def _change(tx: Tx, message: Message, **values: Any) -> None:
    """Change a message that is still this attempt's."""
    tx.conn.execute(
        sa.update(tables.deliveries)
        .where(
            _DELIVERIES.id == message.id,
            _DELIVERIES.attempts == message.attempts,
            _DELIVERIES.state == DeliveryState.WAITING,
        )
        .values(values)
    )


def _delivery(row: sa.Row[*tuple[Any, ...]]) -> Delivery:
    return Delivery.model_validate({name: row._mapping[name] for name in Delivery.model_fields})
