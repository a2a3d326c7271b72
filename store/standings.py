"""How a job's trials stand: for whoever shows very many of them at once, without their curves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa

from lrtune.wire import Phase, Report, Trial, TrialState
from store import tables
from store.database import Tx

_TRIALS = tables.trials.c
_REPORTS = tables.reports.c


class Point(NamedTuple):
    """A final trial; ``value`` is null unless it is complete."""

    number: int
    state: TrialState
    schedule: str
    initial_lr: float
    value: float | None


def counts(tx: Tx, job_id: str, phase: Phase) -> dict[TrialState, int]:
    """How many trials of a phase are in which state; states that none is in are left out."""
    query = (
        sa.select(_TRIALS.state, sa.func.count())
        .where(_TRIALS.job == job_id, _TRIALS.phase == phase)
        .group_by(_TRIALS.state)
    )
    found = {TrialState(state): int(number) for state, number in tx.conn.execute(query)}
    return {state: found[state] for state in TrialState if state in found}


def points(tx: Tx, job_id: str, phase: Phase) -> list[Point]:
    """The final trials of a phase, by initial LR."""
    final = [state for state in TrialState if state.final]
    rows = tx.conn.execute(
        sa.select(_TRIALS.number, _TRIALS.state, _TRIALS.schedule, _TRIALS.initial_lr, _TRIALS.value)
        .where(_TRIALS.job == job_id, _TRIALS.phase == phase, _TRIALS.state.in_(final))
        .order_by(_TRIALS.initial_lr, _TRIALS.number)
    )
    return [Point(row[0], TrialState(row[1]), row[2], row[3], row[4]) for row in rows]


def leaders(
    tx: Tx, job_id: str, phase: Phase, *, goal: str, limit: int, schedule: str | None = None
) -> list[Trial]:
    """The best complete trials of a phase, of one family or all, without their curves."""
    query = sa.select(tables.trials).where(
        _TRIALS.job == job_id, _TRIALS.phase == phase, _TRIALS.state == TrialState.COMPLETE
    )
    if schedule is not None:
        query = query.where(_TRIALS.schedule == schedule)
    value = _TRIALS.value.desc() if goal == "maximize" else _TRIALS.value
    rows = tx.conn.execute(query.order_by(value, _TRIALS.number).limit(limit))
    return [Trial.model_validate(dict(row._mapping)) for row in rows]


def curves(tx: Tx, job_id: str, numbers: Sequence[int], *, every: int) -> dict[int, list[Report]]:
    """Reports of trials by number, oldest first: the first epoch, and each ``every``-th."""
    rows = tx.conn.execute(
        sa.select(tables.reports)
        .where(
            _REPORTS.job == job_id,
            _REPORTS.number.in_(numbers),
            sa.or_(_REPORTS.epoch == 1, _REPORTS.epoch % every == 0),
        )
        .order_by(_REPORTS.number, _REPORTS.epoch)
    )
    found: dict[int, list[Report]] = {}
    for row in rows:
        values: dict[str, Any] = row._mapping["values"]
        # Checked when they were written.
        report = Report.model_construct(epoch=row.epoch, step=row.step, lr=row.lr, values=values)
        found.setdefault(row.number, []).append(report)
    return found
