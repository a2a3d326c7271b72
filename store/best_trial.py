"""The best search trial of a job so far, kept with the job."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from lrtune.wire import Phase
from store import tables
from store.database import Tx

_JOBS = tables.jobs.c


def consider(tx: Tx, job_id: str, complete: Sequence[tuple[sa.Row[*tuple[Any, ...]], float]]) -> None:
    """Let trials that completed just now, each with its value, contend with the best so far.

    Search trials alone count. Among equals the lower number wins, so the order in which workers finish
    does not show. The caller has locked the job.
    """
    searched = [(row, value) for row, value in complete if row.phase == Phase.SEARCH]
    if not searched:
        return
    job = tx.conn.execute(
        sa.select(_JOBS.goal, _JOBS.best_number, _JOBS.best_value).where(_JOBS.id == job_id)
    ).one()
    sign = -1 if job.goal == "maximize" else 1
    row, value = min(searched, key=lambda each: (sign * each[1], each[0].number))
    if job.best_number is not None and (sign * job.best_value, job.best_number) < (sign * value, row.number):
        return
    tx.conn.execute(
        sa.update(tables.jobs)
        .where(_JOBS.id == job_id)
        .values(
            best_number=row.number,
            best_schedule=row.schedule,
            best_initial_lr=row.initial_lr,
            best_value=value,
        )
    )
