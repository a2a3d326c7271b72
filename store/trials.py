"""Trials: added by planning, trained under a unit's lease, final once."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from pydantic import TypeAdapter

from lrtune.wire import Page, Phase, Report, Setting, Trial, TrialState
from store import best_trial, cursors, job_rows, progress, tables
from store.database import Tx
from store.errors import NotFound, StoreError

_TRIALS = tables.trials.c
_REPORTS = tables.reports.c
_CURVE = TypeAdapter(list[Report])


@dataclass(frozen=True)
class NewTrial:
    """A training to be done.

    Attributes:
        generation: Counts the search's rounds from 0; 0 in other phases.
        epochs: Its horizon.
        label: Name of the contender it confirms.
    """

    phase: Phase
    generation: int
    setting: Setting
    seed: int
    epochs: int
    label: str | None = None


def add(tx: Tx, job_id: str, trials: Sequence[NewTrial]) -> list[int]:
    """Add waiting trials; returns their numbers, which are consecutive in the job from 0.

    Raises:
        NotFound: There is no such job.
    """
    job_rows.lock(tx, job_id)
    if not trials:
        return []
    end = tx.conn.execute(
        sa.update(tables.jobs)
        .where(tables.jobs.c.id == job_id)
        .values(trials=tables.jobs.c.trials + len(trials))
        .returning(tables.jobs.c.trials)
    ).scalar_one()
    numbers = list(range(end - len(trials), end))
    tx.conn.execute(
        sa.insert(tables.trials),
        [
            {
                "job": job_id,
                "number": number,
                "phase": trial.phase,
                "generation": trial.generation,
                "state": TrialState.WAITING,
                "schedule": trial.setting.schedule,
                "initial_lr": trial.setting.initial_lr,
                "params": trial.setting.params,
                "seed": trial.seed,
                "epochs": trial.epochs,
                "label": trial.label,
            }
            for number, trial in zip(numbers, trials, strict=True)
        ],
    )
    return numbers


def start(tx: Tx, job_id: str, numbers: Sequence[int]) -> None:
    """Say that waiting trials are being trained. The caller holds the lease of their unit.

    Raises:
        StoreError: One does not exist or is final.
    """
    _unfinished(tx, job_id, numbers)
    tx.conn.execute(
        sa.update(tables.trials)
        .where(_TRIALS.job == job_id, _TRIALS.number.in_(numbers))
        .values(state=TrialState.RUNNING)
    )


def report(tx: Tx, job_id: str, reports: Sequence[tuple[int, Report]]) -> None:
    """Store reports, each with the number of its trial. The caller holds the lease of their unit.

    Raises:
        StoreError: A trial does not exist or is final.
    """
    found = _unfinished(tx, job_id, {number for number, _ in reports})
    if not reports:
        return
    tx.conn.execute(
        sa.insert(tables.reports),
        [{"job": job_id, "number": number, **report.model_dump()} for number, report in reports],
    )
    _count(tx, job_id, [(found[number].phase, {"epochs": 1}) for number, _ in reports])


def finish(tx: Tx, job_id: str, ends: Sequence[tuple[int, TrialState, float | None]]) -> None:
    """Make trials final: number, state, and the value of a complete one. The caller holds their unit's lease.

    Raises:
        StoreError: A trial does not exist or is final.
        ValueError: A state is not final, or a value is there without ``complete``, missing, or not finite.
    """
    for number, state, value in ends:
        if not state.final or (state is TrialState.COMPLETE) != (value is not None and math.isfinite(value)):
            raise ValueError(f"trial {number} cannot end {state} with value {value}")
    found = _unfinished(tx, job_id, [number for number, _, _ in ends])
    if not ends:
        return
    tx.conn.execute(
        sa.update(tables.trials)
        .where(_TRIALS.job == job_id, _TRIALS.number == sa.bindparam("ended"))
        .values(state=sa.bindparam("as_state"), value=sa.bindparam("as_value")),
        [{"ended": number, "as_state": state, "as_value": value} for number, state, value in ends],
    )
    cut = [number for number, state, _ in ends if state is not TrialState.COMPLETE]
    done = _epochs_done(tx, job_id, cut)
    _count(
        tx,
        job_id,
        [(found[number].phase, {"trainings": 1}) for number, _, _ in ends]
        + [(found[n].phase, {"spared": max(found[n].epochs - done.get(n, 0), 0)}) for n in cut],
    )
    best_trial.consider(tx, job_id, [(found[n], value) for n, _, value in ends if value is not None])


def get(tx: Tx, job_id: str, number: int) -> Trial:
    """A trial with its curve.

    Raises:
        NotFound: There is none.
    """
    query = sa.select(tables.trials).where(_TRIALS.job == job_id, _TRIALS.number == number)
    rows = tx.conn.execute(query).all()
    if not rows:
        raise NotFound(f"Job {job_id} has no trial {number}.", "List them with GET /v1/jobs/{id}/trials.")
    return _trials(rows, _curves(tx, job_id, _REPORTS.number == number))[0]


def for_job(
    tx: Tx,
    job_id: str,
    *,
    phase: Phase | None = None,
    curves: bool = False,
    after: int = -1,
    limit: int | None = None,
) -> list[Trial]:
    """A job's trials by number, of one phase or all; with their curves if asked for.

    Args:
        after: Only trials with a higher number.
        limit: The first so many of these; None = all.
    """
    query = sa.select(tables.trials).where(_TRIALS.job == job_id, _TRIALS.number > after)
    if phase is not None:
        query = query.where(_TRIALS.phase == phase)
    rows = tx.conn.execute(query.order_by(_TRIALS.number).limit(limit)).all()
    if not (curves and rows):
        return _trials(rows, {})
    return _trials(rows, _curves(tx, job_id, _REPORTS.number.between(rows[0].number, rows[-1].number)))


def page(
    tx: Tx, job_id: str, *, phase: Phase | None, state: TrialState | None, cursor: str | None, limit: int
) -> Page[Trial]:
    """A job's trials by number with their curves; of a phase, in a state.

    Raises:
        CursorInvalid: ``cursor`` is none of this list's.
    """
    query = sa.select(tables.trials).where(_TRIALS.job == job_id)
    if phase is not None:
        query = query.where(_TRIALS.phase == phase)
    if state is not None:
        query = query.where(_TRIALS.state == state)
    if cursor is not None:
        [number] = cursors.decode("trials", cursor, (int,))
        query = query.where(_TRIALS.number > number)
    rows = tx.conn.execute(query.order_by(_TRIALS.number).limit(limit + 1)).all()
    numbers = [row.number for row in rows[:limit]]
    shown = {
        trial.number: trial
        for trial in _trials(rows[:limit], _curves(tx, job_id, _REPORTS.number.in_(numbers)))
    }
    return cursors.page(
        rows,
        limit,
        lambda row: shown[row.number],
        lambda row: cursors.encode("trials", [row.number]),
    )


def _unfinished(tx: Tx, job_id: str, numbers: Iterable[int]) -> dict[int, sa.Row[*tuple[Any, ...]]]:
    """Rows of trials that must exist and not be final, by number; the job is locked."""
    job_rows.lock(tx, job_id)
    asked = list(numbers)
    rows = tx.conn.execute(
        sa.select(
            _TRIALS.number, _TRIALS.phase, _TRIALS.state, _TRIALS.epochs, _TRIALS.schedule, _TRIALS.initial_lr
        ).where(_TRIALS.job == job_id, _TRIALS.number.in_(asked))
    )
    found: dict[int, sa.Row[*tuple[Any, ...]]] = {row.number: row for row in rows}
    for number in asked:
        if number not in found:
            raise StoreError(f"Job {job_id} has no trial {number}.")
        if TrialState(found[number].state).final:
            raise StoreError(f"Trial {number} of job {job_id} is final: {found[number].state}.")
    return found


def _count(tx: Tx, job_id: str, counts: Iterable[tuple[str, Mapping[str, int]]]) -> None:
    sums: dict[str, dict[str, int]] = {}
    for phase, added in counts:
        for name, number in added.items():
            of_phase = sums.setdefault(phase, {})
            of_phase[name] = of_phase.get(name, 0) + number
    for phase, of_phase in sums.items():
        progress.count(tx, job_id, Phase(phase), **of_phase)


def _epochs_done(tx: Tx, job_id: str, numbers: Sequence[int]) -> dict[int, int]:
    if not numbers:
        return {}
    rows = tx.conn.execute(
        sa.select(_REPORTS.number, sa.func.count().label("epochs"))
        .where(_REPORTS.job == job_id, _REPORTS.number.in_(numbers))
        .group_by(_REPORTS.number)
    )
    return {row.number: row.epochs for row in rows}


def _curves(tx: Tx, job_id: str, which: sa.ColumnElement[bool]) -> dict[int, list[dict[str, Any]]]:
    """Reports by trial, not yet made models: pydantic makes a trial's in one go, in a third of the time."""
    rows = tx.conn.execute(
        sa.select(_REPORTS.number, _REPORTS.epoch, _REPORTS.step, _REPORTS.lr, _REPORTS["values"])
        .where(_REPORTS.job == job_id, which)
        .order_by(_REPORTS.number, _REPORTS.epoch)
    )
    found: dict[int, list[dict[str, Any]]] = {}
    for number, epoch, step, lr, values in rows:
        report = {"epoch": epoch, "step": step, "lr": lr, "values": values}
        found.setdefault(number, []).append(report)
    return found


def _trials(
    rows: Sequence[sa.Row[*tuple[Any, ...]]], curves: Mapping[int, list[dict[str, Any]]]
) -> list[Trial]:
    return [
        Trial(
            number=row.number,
            phase=row.phase,
            generation=row.generation,
            state=row.state,
            schedule=row.schedule,
            initial_lr=row.initial_lr,
            params=row.params,
            seed=row.seed,
            epochs=row.epochs,
            label=row.label,
            value=row.value,
            curve=_CURVE.validate_python(curves.get(row.number, [])),
        )
        for row in rows
    ]
