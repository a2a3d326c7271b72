"""Workers as they report themselves."""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa

from lrtune.wire import Isolation, Page, Worker
from store import tables
from store.database import Tx

SHOWN_FOR = timedelta(hours=1)
"""How long a worker that is not heard of stays in the list, not alive."""

_WORKERS = tables.workers.c


def seen(
    tx: Tx,
    *,
    id: str,
    host: str,
    pid: int,
    device: str,
    version: str,
    started_at: datetime,
    lease_s: float,
    isolation: Isolation,
    unit: str | None = None,
    job: str | None = None,
) -> None:
    """Say that a worker lives, and what it holds. It counts as alive for ``lease_s`` seconds from now."""
    values = {
        "host": host,
        "pid": pid,
        "device": device,
        "version": version,
        "started_at": started_at,
        "lease_s": lease_s,
        "isolation": isolation,
        "unit": unit,
        "job": job,
        "seen_at": tx.now(),
    }
    changed = tx.conn.execute(sa.update(tables.workers).where(_WORKERS.id == id).values(values))
    if not changed.rowcount:
        tx.conn.execute(sa.insert(tables.workers).values(id=id, **values))


def alive(tx: Tx, *, within_s: float) -> int:
    """How many workers were heard of in the last ``within_s`` seconds."""
    lately = _WORKERS.seen_at >= tx.now() - timedelta(seconds=within_s)
    return int(tx.conn.execute(sa.select(sa.func.count()).where(lately)).scalar_one())


def gone(tx: Tx, id: str) -> None:
    """Forget a worker that takes its leave, and those not heard of for long."""
    forgotten = _WORKERS.seen_at < tx.now() - SHOWN_FOR
    tx.conn.execute(sa.delete(tables.workers).where(sa.or_(_WORKERS.id == id, forgotten)))


def page(tx: Tx) -> Page[Worker]:
    """Workers heard of within the last hour, by the time they started."""
    now = tx.now()
    rows = tx.conn.execute(
        sa.select(tables.workers)
        .where(_WORKERS.seen_at >= now - SHOWN_FOR)
        .order_by(_WORKERS.started_at, _WORKERS.id)
    )
    return Page[Worker](
        items=[
            Worker(
                id=row.id,
                host=row.host,
                pid=row.pid,
                device=row.device,
                version=row.version,
                isolation=row.isolation,
                alive=now - row.seen_at <= timedelta(seconds=row.lease_s),
                unit=row.unit,
                job=row.job,
                started_at=row.started_at,
                seen_at=row.seen_at,
            )
            for row in rows
        ]
    )
