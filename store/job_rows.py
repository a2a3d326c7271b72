"""Job rows: their lock, which orders everything that is written of a job, and their changes of state."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from lrtune.wire import JobError, JobState, TrialState
from store import deliveries, tables, words
from store.database import Tx
from store.errors import NotFound

_JOBS = tables.jobs.c


def lock(tx: Tx, job_id: str) -> None:
    """Lock a job for the rest of the transaction; again, nothing happens.

    Whoever writes of a job locks it first and its units after, so no two wait for each other.

    Raises:
        NotFound: There is no such job.
    """
    if job_id in tx.locked:
        return
    found = tx.conn.execute(
        sa.select(_JOBS.id).where(_JOBS.id == job_id).with_for_update(key_share=True)
    ).one_or_none()
    if found is None:
        raise no_such(job_id)
    tx.locked.add(job_id)


def lock_if_free(tx: Tx, job_id: str) -> bool:
    """Lock a job unless somebody else has locked it: never waits. False if it was not locked."""
    if job_id not in tx.locked:
        query = sa.select(_JOBS.id).where(_JOBS.id == job_id)
        if tx.conn.execute(query.with_for_update(key_share=True, skip_locked=True)).one_or_none() is None:
            return False
        tx.locked.add(job_id)
    return True


def state(tx: Tx, job_id: str) -> JobState:
    """The job's state as of now.

    Raises:
        NotFound: There is no such job.
    """
    found = tx.conn.execute(sa.select(_JOBS.state).where(_JOBS.id == job_id)).scalar_one_or_none()
    if found is None:
        raise no_such(job_id)
    return JobState(found)


def start(tx: Tx, job_id: str) -> None:
    """Make a queued job running. The caller has locked it."""
    changed = tx.conn.execute(
        sa.update(tables.jobs)
        .where(_JOBS.id == job_id, _JOBS.state == JobState.QUEUED)
        .values(state=JobState.RUNNING, started_at=tx.now())
    )
    if changed.rowcount:
        announce(tx, job_id, JobState.RUNNING)


def end(tx: Tx, job_id: str, state: JobState, *, error: JobError | None = None) -> None:
    """End a job that has not ended: close its units, so that nobody works on it any more.

    Trials that are not final go back to waiting and keep their reports. The caller has locked the job.
    """
    now = tx.now()
    tx.conn.execute(
        sa.update(tables.jobs)
        .where(_JOBS.id == job_id)
        .values(state=state, finished_at=now, error=None if error is None else error.model_dump(mode="json"))
    )
    tx.conn.execute(
        sa.update(tables.units)
        .where(tables.units.c.job == job_id, tables.units.c.state != "closed")
        .values(state="closed", expires_at=None, closed_at=now)
    )
    tx.conn.execute(
        sa.update(tables.trials)
        .where(tables.trials.c.job == job_id, tables.trials.c.state == TrialState.RUNNING)
        .values(state=TrialState.WAITING)
    )
    if error is not None:
        words.put(tx, job_id, "error", f"{error.code} {error.detail}")
    tx.ended.add(job_id)
    announce(tx, job_id, state, error=error)
    deliveries.job_ended(tx, job_id, state, error)


def announce(tx: Tx, job_id: str, state: JobState, *, error: JobError | None = None) -> None:
    """Add the ``state`` event. The caller has locked the job."""
    data: dict[str, Any] = {"state": state}
    if error is not None:
        data["error"] = error.model_dump(mode="json")
    tx.conn.execute(sa.insert(tables.events).values(job=job_id, kind="state", at=tx.now(), data=data))


def no_such(job_id: str) -> NotFound:
    """The error of an unknown job."""
    return NotFound(f"There is no job {job_id!r}.", "List jobs with GET /v1/jobs.")
