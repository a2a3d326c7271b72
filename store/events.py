"""Events: what happened to a job, in the order in which it happened."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import sqlalchemy as sa

from lrtune.wire import Event
from store import job_rows, tables
from store.database import Tx


def add(tx: Tx, job_id: str, kind: str, data: Mapping[str, Any]) -> int:
    """Add an event; returns its id.

    Ids rise within the server. A job's events are written under its lock, so its ids are committed in their
    order too, and whoever reads on from an id misses none.

    Raises:
        NotFound: There is no such job.
    """
    job_rows.lock(tx, job_id)
    values = {"job": job_id, "kind": kind, "at": tx.now(), "data": dict(data)}
    query = sa.insert(tables.events).values(values).returning(tables.events.c.id)
    event_id: int = tx.conn.execute(query).scalar_one()
    return event_id


def after(tx: Tx, job_id: str, after: int, limit: int) -> list[Event]:
    """The job's next ``limit`` events with an id above ``after``, oldest first."""
    table = tables.events.c
    rows = tx.conn.execute(
        sa.select(tables.events).where(table.job == job_id, table.id > after).order_by(table.id).limit(limit)
    )
    return [Event.model_validate(dict(row._mapping)) for row in rows]


def latest(tx: Tx, job_id: str, *, kinds: Collection[str], limit: int) -> list[Event]:
    """The job's last events of these kinds, newest first."""
    table = tables.events.c
    rows = tx.conn.execute(
        sa.select(tables.events)
        .where(table.job == job_id, table.kind.in_(kinds))
        .order_by(table.id.desc())
        .limit(limit)
    )
    return [Event.model_validate(dict(row._mapping)) for row in rows]


def newest(tx: Tx, job_id: str | None = None) -> int:
    """The greatest id of a job's events, or of all; 0 before there is one."""
    table = tables.events.c
    query = sa.select(sa.func.max(table.id))
    if job_id is not None:
        query = query.where(table.job == job_id)
    return int(tx.conn.execute(query).scalar_one() or 0)
