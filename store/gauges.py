"""Numbers of the whole server, counted from the rows: they stay right across restarts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from store import drains, tables, workers
from store.database import Tx

_UNITS = tables.units.c
_TRIALS = tables.trials.c
_WORKERS = tables.workers.c


@dataclass(frozen=True)
class Gauges:
    """How the queue and the fleet stand.

    Attributes:
        jobs: Jobs by state; a state without any is missing.
        open_units: Units that a worker could claim now, by kind.
        waiting_units: Units that wait for one of their own job's to be closed (``max_parallel``).
        leased_units: Units in the hands of workers, by kind.
        oldest_open_s: Seconds since the oldest open unit was added, 0 without any.
        lapsed_units: Units whose lease has run out and that nobody has opened again yet.
        least_lease_s: Seconds that the lease nearest its end still has; None without any.
        lapses: How often a lease has run out, ever: each time a worker was lost.
        trials: Final trials by state, ever.
        workers: Workers heard of within the last hour, by device and by ``working``, ``idle`` or ``lost``.
        draining_since: When claims were stopped; None if they are not.
    """

    jobs: Mapping[str, int]
    open_units: Mapping[str, int]
    waiting_units: int
    leased_units: Mapping[str, int]
    oldest_open_s: float
    lapsed_units: int
    least_lease_s: float | None
    lapses: int
    trials: Mapping[str, int]
    workers: Mapping[tuple[str, str], int]
    draining_since: datetime | None


def read(tx: Tx) -> Gauges:
    """Count everything, as of now."""
    now = tx.now()
    ready = _UNITS.ready.is_(sa.true())
    open_, leased = _UNITS.state == "open", _UNITS.state == "leased"
    since, waiting = tx.conn.execute(
        sa.select(
            sa.func.min(_UNITS.created_at).filter(ready), sa.func.count().filter(_UNITS.ready.is_(sa.false()))
        ).where(open_)
    ).one()
    until, lapsed = tx.conn.execute(
        sa.select(sa.func.min(_UNITS.expires_at), sa.func.count().filter(_UNITS.expires_at < now)).where(
            leased
        )
    ).one()
    return Gauges(
        jobs=_by(tx, tables.jobs.c.state),
        open_units=_by(tx, _UNITS.kind, sa.and_(open_, ready)),
        waiting_units=waiting,
        leased_units=_by(tx, _UNITS.kind, leased),
        oldest_open_s=0.0 if since is None else max((now - since).total_seconds(), 0.0),
        lapsed_units=lapsed,
        least_lease_s=None if until is None else (until - now).total_seconds(),
        lapses=tx.conn.execute(sa.select(sa.func.coalesce(sa.func.sum(_UNITS.lapses), 0))).scalar_one(),
        trials=_by(tx, _TRIALS.state, _TRIALS.state.in_(["complete", "pruned", "diverged"])),
        workers=_workers(tx, now),
        draining_since=drains.status(tx).since,
    )


def _by(tx: Tx, column: sa.ColumnElement[str], which: sa.ColumnElement[bool] | None = None) -> dict[str, int]:
    query = sa.select(column, sa.func.count()).group_by(column)
    if which is not None:
        query = query.where(which)
    return {row[0]: row[1] for row in tx.conn.execute(query)}


def _workers(tx: Tx, now: datetime) -> dict[tuple[str, str], int]:
    found: dict[tuple[str, str], int] = {}
    query = sa.select(_WORKERS.device, _WORKERS.seen_at, _WORKERS.lease_s, _WORKERS.job)
    for row in tx.conn.execute(query.where(_WORKERS.seen_at >= now - workers.SHOWN_FOR)):
        alive = now - row.seen_at <= timedelta(seconds=row.lease_s)
        key = (row.device, "lost" if not alive else "working" if row.job else "idle")
        found[key] = found.get(key, 0) + 1
    return found
