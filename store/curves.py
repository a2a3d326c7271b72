"""Raw curves of LR sweeps, one a seed."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from lrtune.wire import Curve, Phase
from store import job_rows, progress, tables
from store.database import Tx

_CURVES = tables.curves.c


def add(tx: Tx, job_id: str, *, sweep: int, curves: Sequence[Curve]) -> None:
    """Store curves of a sweep, counted from 0; a curve of a seed that is there replaces it.

    Raises:
        NotFound: There is no such job.
    """
    job_rows.lock(tx, job_id)
    if not curves:
        return
    seeds = [curve.seed for curve in curves]
    tx.conn.execute(
        sa.delete(tables.curves).where(_CURVES.job == job_id, _CURVES.sweep == sweep, _CURVES.seed.in_(seeds))
    )
    tx.conn.execute(
        sa.insert(tables.curves),
        [{"job": job_id, "sweep": sweep, **curve.model_dump()} for curve in curves],
    )
    count = tx.conn.execute(sa.select(sa.func.count()).where(_CURVES.job == job_id)).scalar_one()
    progress.set_done(tx, job_id, Phase.RANGE_TEST, count)


def for_job(tx: Tx, job_id: str, *, sweep: int) -> list[Curve]:
    """The curves of a sweep, by seed; none if it has not been run."""
    rows = tx.conn.execute(
        sa.select(_CURVES.seed, _CURVES.lr, _CURVES.loss)
        .where(_CURVES.job == job_id, _CURVES.sweep == sweep)
        .order_by(_CURVES.seed)
    )
    return [Curve.model_validate(dict(row._mapping)) for row in rows]
