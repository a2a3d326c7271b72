"""Leases that ran out: their units are opened again, a few times."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from lrtune.wire import JobError, JobState, Phase, TrialState
from store import job_rows, progress, tables
from store.database import Tx

MAX_ATTEMPTS = 5
"""So many leases of one unit may run out before its job fails."""

_UNITS = tables.units.c
_TRIALS = tables.trials.c
_REPORTS = tables.reports.c
_LEASED = sa.text("state = 'leased'")
_BATCH = 100


def expire(tx: Tx) -> int:
    """Open units whose lease has run out; returns how many.

    Their unfinished trials go back to waiting and lose their reports beyond the unit's checkpoint. A unit
    that has cost its ``MAX_ATTEMPTS``-th worker fails its job with the code ``worker_lost``. A unit whose job
    somebody is writing of just now is left for the next time.
    """
    lapsed = sa.and_(_LEASED, _UNITS.expires_at < tx.moment())
    rows = tx.conn.execute(
        sa.select(_UNITS.id, _UNITS.job).where(lapsed).order_by(_UNITS.expires_at).limit(_BATCH)
    ).all()
    return sum(_expire(tx, row.id, row.job, lapsed) for row in rows)


def _expire(tx: Tx, unit: int, job_id: str, lapsed: sa.ColumnElement[bool]) -> bool:
    if not job_rows.lock_if_free(tx, job_id):
        return False
    found = tx.conn.execute(
        sa.update(tables.units)
        .where(_UNITS.id == unit, lapsed)
        .values(lapses=_UNITS.lapses + 1)
        .returning(_UNITS.lapses, _UNITS.worker, _UNITS.kind)
    ).one_or_none()
    if found is None:
        return False
    if found.lapses >= MAX_ATTEMPTS:
        job_rows.end(tx, job_id, JobState.FAILED, error=_lost(found.kind, found.worker))
        return True
    reopen(tx, unit, job_id)
    who, what = ("Client", "trial") if found.kind == "external" else ("Worker", f"{found.kind} unit")
    text = f"{who} {found.worker} was lost over a {what}, which goes to another."
    tx.conn.execute(
        sa.insert(tables.events).values(job=job_id, kind="warning", at=tx.now(), data={"text": text})
    )
    return True


def _lost(kind: str, worker: str) -> JobError:
    if kind == "external":
        return JobError(
            code="client_lost",
            detail=f"{MAX_ATTEMPTS} clients fell silent over the same trial; the last was {worker}.",
            remedy="Look into that client's log. If it only takes longer between two reports, ask with a "
            "larger lease_s.",
        )
    return JobError(
        code="worker_lost",
        detail=f"{MAX_ATTEMPTS} workers were lost over the same {kind} unit; the last was {worker}.",
        remedy="Look into that worker's log: the task may take more memory than the machine has.",
    )


def reopen(tx: Tx, unit: int, job_id: str) -> None:
    """Open a leased unit again; its unfinished trials wait, and lose their reports beyond its checkpoint. The
    caller has locked the job."""
    found = tx.conn.execute(
        sa.update(tables.units)
        .where(_UNITS.id == unit)
        .values(state="open", worker=None, claimed_at=None, expires_at=None)
        .returning(_UNITS.checkpoint)
    ).scalar_one()
    cut(tx, unit, job_id, {} if found is None else epochs(found))
    tx.conn.execute(sa.update(tables.trials).where(_unfinished(unit)).values(state=TrialState.WAITING))


def cut(tx: Tx, unit: int, job_id: str, kept: Mapping[int, int]) -> None:
    """Take from a unit's unfinished trials the reports of all epochs after those ``kept``, by number. The
    caller has locked the job."""
    reported = tx.conn.execute(
        sa.select(_TRIALS.number, _TRIALS.phase, sa.func.max(_REPORTS.epoch).label("epochs"))
        .join(tables.reports, sa.and_(_REPORTS.job == _TRIALS.job, _REPORTS.number == _TRIALS.number))
        .where(_unfinished(unit))
        .group_by(_TRIALS.number, _TRIALS.phase)
    ).all()
    for row in reported:
        keep = min(kept.get(row.number, 0), row.epochs)
        if keep < row.epochs:
            progress.count(tx, job_id, Phase(row.phase), epochs=keep - row.epochs)
            tx.conn.execute(
                sa.delete(tables.reports).where(
                    _REPORTS.job == job_id, _REPORTS.number == row.number, _REPORTS.epoch > keep
                )
            )


def epochs(checkpoint: Mapping[str, Any]) -> dict[int, int]:
    """Epochs done by trial's number, as the column ``checkpoint`` of a unit tells them."""
    return {int(number): done for number, done in checkpoint["epochs"].items()}


def _unfinished(unit: int) -> sa.ColumnElement[bool]:
    """The unit's trials that are not final."""
    return sa.and_(_TRIALS.unit == unit, _TRIALS.state.in_([TrialState.WAITING, TrialState.RUNNING]))
