"""Webhooks: subscriptions of accounts to the ends of jobs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import sqlalchemy as sa

from lrtune.wire import Page, Webhook, WebhookEvent
from store import cursors, tables
from store.database import Tx
from store.errors import NotFound

_HOOKS = tables.webhooks.c


def add(
    tx: Tx,
    *,
    id: str,
    account: str | None,
    url: str,
    events: Sequence[WebhookEvent],
    jobs: Literal["mine", "team"],
    secret: str,
) -> Webhook:
    """Add a subscription; its URL and events have been checked. The secret is kept, since it signs."""
    tx.conn.execute(
        sa.insert(tables.webhooks).values(
            id=id,
            account=account,
            url=url,
            events=list(events),
            team=jobs == "team",
            secret=secret,
            created_at=tx.now(),
        )
    )
    return get(tx, id)


def count(tx: Tx, account: str | None) -> int:
    """How many an account has."""
    found: int = tx.conn.execute(
        sa.select(sa.func.count())
        .select_from(tables.webhooks)
        .where(_of(account), _HOOKS.removed_at.is_(None))
    ).scalar_one()
    return found


def get(tx: Tx, id: str) -> Webhook:
    """A subscription.

    Raises:
        NotFound: There is none such.
    """
    return _webhook(_row(tx, id))


def account_of(tx: Tx, id: str) -> str | None:
    """The account whose subscription it is.

    Raises:
        NotFound: There is none such.
    """
    name: str | None = _row(tx, id).account
    return name


def page(tx: Tx, *, account: str | None, everybody: bool, cursor: str | None, limit: int) -> Page[Webhook]:
    """An account's subscriptions, or everybody's, oldest first.

    Raises:
        CursorInvalid: ``cursor`` is none of this list's.
    """
    query = sa.select(tables.webhooks).where(_HOOKS.removed_at.is_(None))
    if not everybody:
        query = query.where(_of(account))
    if cursor is not None:
        [seq] = cursors.decode("webhooks", cursor, (int,))
        query = query.where(_HOOKS.seq > seq)
    rows = tx.conn.execute(query.order_by(_HOOKS.seq).limit(limit + 1)).all()
    return cursors.page(rows, limit, _webhook, lambda row: cursors.encode("webhooks", [row.seq]))


def remove(tx: Tx, id: str) -> None:
    """End a subscription: nothing more is sent, and its secret is forgotten. Its past deliveries stay.

    Raises:
        NotFound: There is none such.
    """
    _row(tx, id)
    tx.conn.execute(sa.update(tables.webhooks).where(_HOOKS.id == id).values(removed_at=tx.now(), secret=""))
    deliveries = tables.deliveries.c
    tx.conn.execute(
        sa.update(tables.deliveries)
        .where(deliveries.webhook == id, deliveries.state == "waiting")
        .values(state="failed", error="The webhook was removed.", next_at=None)
    )


def _of(account: str | None) -> sa.ColumnElement[bool]:
    return _HOOKS.account.is_(None) if account is None else _HOOKS.account == account


def _row(tx: Tx, id: str) -> sa.Row[*tuple[Any, ...]]:
    found: sa.Row[*tuple[Any, ...]] | None = tx.conn.execute(
        sa.select(tables.webhooks).where(_HOOKS.id == id, _HOOKS.removed_at.is_(None))
    ).one_or_none()
    if found is None:
        raise NotFound(f"There is no webhook {id!r}.", "List webhooks with GET /v1/webhooks.")
    return found


def _webhook(row: sa.Row[*tuple[Any, ...]]) -> Webhook:
    return Webhook(
        id=row.id,
        account=row.account,
        url=row.url,
        events=row.events,
        jobs="team" if row.team else "mine",
        created_at=row.created_at,
    )
