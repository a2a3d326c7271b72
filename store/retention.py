"""Retention: what is dropped of jobs that ended long ago, so that the database stops growing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import sqlalchemy as sa

from lrtune.wire import Phase
from store import job_rows, tables
from store.database import Database, Tx

_JOBS = tables.jobs.c
_TRIALS = tables.trials.c
_REPORTS = tables.reports.c
_CURVES = tables.curves.c
_EVENTS = tables.events.c

_PASSING = ("log", "progress", "trial", "engine", "checkpoint")
"""Kinds of events that only matter while a job runs."""


@dataclass(frozen=True)
class Pruned:
    """How many rows were dropped, and of how many jobs."""

    jobs: int = 0
    reports: int = 0
    curves: int = 0
    events: int = 0

    def __add__(self, other: Pruned) -> Pruned:
        return Pruned(
            self.jobs + other.jobs,
            self.reports + other.reports,
            self.curves + other.curves,
            self.events + other.events,
        )


def prune(database: Database, *, older_than: timedelta, stop: Callable[[], bool] = lambda: False) -> Pruned:
    """Drop the bulk of jobs that ended longer ago than ``older_than``.

    Dropped: reports of probes and search trials, raw sweeps (the range test keeps those it was made from),
    events of progress and of the task's own output. Kept: the job, its range test, every trial with its state
    and value, the reports of the confirm phase, the answer. One short transaction a job: nobody waits.
    It ends after the job at hand once ``stop`` says so.

    Raises:
        DatabaseUnavailable: The database cannot be used; jobs before that are pruned.
    """
    with database.read() as tx:
        query = _prunable().where(_JOBS.finished_at < tx.now() - older_than)
        found: list[str] = [row.id for row in tx.conn.execute(query)]
    total = Pruned()
    for job_id in found:
        if stop():
            break
        with database.write() as tx:
            total += _prune(tx, job_id)
    return total


def _prunable() -> sa.Select[tuple[str]]:
    """Ids of the jobs that have something to drop."""
    reports = sa.exists().where(_REPORTS.job == _JOBS.id, _dropped_report())
    curves = sa.exists().where(_CURVES.job == _JOBS.id)
    events = sa.exists().where(_EVENTS.job == _JOBS.id, _EVENTS.kind.in_(_PASSING))
    return sa.select(_JOBS.id).where(sa.or_(reports, curves, events)).order_by(_JOBS.seq)


def _dropped_report() -> sa.ColumnElement[bool]:
    return sa.exists().where(
        _TRIALS.job == _REPORTS.job, _TRIALS.number == _REPORTS.number, _TRIALS.phase != Phase.CONFIRM
    )


def _prune(tx: Tx, job_id: str) -> Pruned:
    job_rows.lock(tx, job_id)
    reports = tx.conn.execute(
        sa.delete(tables.reports).where(_REPORTS.job == job_id, _dropped_report())
    ).rowcount
    curves = tx.conn.execute(sa.delete(tables.curves).where(_CURVES.job == job_id)).rowcount
    events = tx.conn.execute(
        sa.delete(tables.events).where(_EVENTS.job == job_id, _EVENTS.kind.in_(_PASSING))
    ).rowcount
    return Pruned(1, reports, curves, events)
