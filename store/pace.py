"""How fast a task has trained: what earlier jobs took, for an estimate of the next."""

from __future__ import annotations

from typing import NamedTuple

import sqlalchemy as sa

from lrtune.wire import JobState
from store import tables
from store.database import Tx

_JOBS = tables.jobs.c
_PHASES = tables.job_phases.c

JOBS = 5
"""Finished jobs that are looked at."""


class Pace(NamedTuple):
    """Seconds of a job for each epoch it trained, and optimizer steps and batch size of the newest job."""

    jobs: int
    epoch_s: float
    steps_per_epoch: int | None
    batch_size: int | None


def of(tx: Tx, task: str) -> Pace | None:
    """The pace of a task's last succeeded jobs, of any version; None if there is none."""
    rows = tx.conn.execute(
        sa.select(_JOBS.id, _JOBS.started_at, _JOBS.finished_at, _JOBS.engine)
        .where(_JOBS.task == task, _JOBS.state == JobState.SUCCEEDED, _JOBS.started_at.is_not(None))
        .order_by(_JOBS.seq.desc())
        .limit(JOBS)
    ).all()
    epochs: int = tx.conn.execute(
        sa.select(sa.func.coalesce(sa.func.sum(_PHASES.epochs_done), 0)).where(
            _PHASES.job.in_([row.id for row in rows])
        )
    ).scalar_one()
    if not epochs:
        return None
    seconds = sum((row.finished_at - row.started_at).total_seconds() for row in rows)
    engine = rows[0].engine or {}
    return Pace(len(rows), seconds / int(epochs), engine.get("steps_per_epoch"), engine.get("batch_size"))
