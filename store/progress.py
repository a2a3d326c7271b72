"""How far a job is: counters by phase, kept current with what they count, so that nothing is scanned."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa

from lrtune.wire import JobState, Phase, Progress
from store import tables
from store.columns import json_rows
from store.database import Tx

_PHASES = tables.job_phases.c


class _Counted(NamedTuple):
    """Counters of a phase."""

    phase: str
    trainings: int
    epochs: int
    trainings_done: int
    epochs_done: int


def begin(tx: Tx, job_id: str) -> None:
    """Set a new job's counters to zero."""
    zero = {"trainings": 0, "epochs": 0, "trainings_done": 0, "epochs_done": 0}
    tx.conn.execute(
        sa.insert(tables.job_phases), [{"job": job_id, "phase": phase, **zero} for phase in Phase]
    )


def plan(tx: Tx, job_id: str, phase: Phase, *, trainings: int, epochs: int) -> None:
    """Set what is planned of a phase. The caller has locked the job."""
    _update(tx, job_id, phase, {"trainings": trainings, "epochs": epochs})


def count(tx: Tx, job_id: str, phase: Phase, *, trainings: int = 0, epochs: int = 0, spared: int = 0) -> None:
    """Count trainings and epochs as done, and ``spared`` epochs as never needed. The caller has locked the
    job."""
    _update(
        tx,
        job_id,
        phase,
        {
            "trainings_done": _PHASES.trainings_done + trainings,
            "epochs_done": _PHASES.epochs_done + epochs,
            "epochs": _PHASES.epochs - spared,
        },
    )


def set_done(tx: Tx, job_id: str, phase: Phase, trainings: int) -> None:
    """Set how many trainings of a phase are done. The caller has locked the job."""
    _update(tx, job_id, phase, {"trainings_done": trainings})


def counters(*, embedded: bool) -> sa.ScalarSelect[Any]:
    """A job's counters, as a column beside those of ``tables.jobs``: what ``of`` takes."""
    columns = [_PHASES[name] for name in _Counted._fields]
    found = sa.select(json_rows(*columns, embedded=embedded)).where(_PHASES.job == tables.jobs.c.id)
    return found.scalar_subquery()


def by_phase(tx: Tx, job_id: str) -> dict[Phase, tuple[int, int]]:
    """Trainings done and planned of each phase of a job."""
    rows = tx.conn.execute(sa.select(tables.job_phases).where(_PHASES.job == job_id)).all()
    found = {row.phase: (min(row.trainings_done, row.trainings), row.trainings) for row in rows}
    return {phase: found[phase] for phase in Phase if phase in found}


def of(tx: Tx, job: sa.Row[*tuple[Any, ...]], counted: Sequence[Sequence[Any]] | None) -> Progress:
    """Progress of a row of ``tables.jobs``, with its ``counters``."""
    phases = [_Counted(*each) for each in counted or ()]
    # An extended sweep trains its seeds again: never more done than planned.
    done = {row.phase: min(row.trainings_done, row.trainings) for row in phases}
    total = {row.phase: row.trainings for row in phases}
    here = [row for row in phases if row.phase == job.phase]
    return Progress(
        done=sum(done.values()),
        total=sum(total.values()),
        share=_share(phases),
        phase_done=done.get(job.phase, 0),
        phase_total=total.get(job.phase, 0),
        phase_share=_share(here),
        eta_s=_eta_s(tx.now(), job, phases) if job.state == JobState.RUNNING else None,
    )


def _share(phases: Sequence[_Counted]) -> float:
    """Part of the epochs that is done; of the trainings where a phase counts no epochs, as a sweep."""
    planned: int = sum(row.epochs for row in phases)
    done: int = sum(row.epochs_done for row in phases)
    if not planned:
        planned, done = sum(row.trainings for row in phases), sum(row.trainings_done for row in phases)
    return min(round(done / planned, 4), 1.0) if planned else 0.0


def _eta_s(now: datetime, job: sa.Row[*tuple[Any, ...]], phases: Sequence[_Counted]) -> float | None:
    """Seconds that the epochs left take, at the pace of the epochs done since the job was started."""
    done: int = sum(row.epochs_done for row in phases)
    left: int = sum(max(row.epochs - row.epochs_done, 0) for row in phases)
    if not done:
        return None
    elapsed_s: float = max((now - job.started_at).total_seconds(), 0.0)
    return round(elapsed_s * left / done, 1)


def _update(tx: Tx, job_id: str, phase: Phase, values: dict[str, Any]) -> None:
    tx.conn.execute(
        sa.update(tables.job_phases).where(_PHASES.job == job_id, _PHASES.phase == phase).values(values)
    )
