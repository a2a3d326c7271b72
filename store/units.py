"""Units of work and their leases: each is held by one worker at a time, and none is lost.

A unit is ``open``, ``leased`` or ``closed``. Each claim counts its ``attempt`` up; whoever writes of a unit
proves the attempt first (``hold``), so a worker that was given up writes nothing (fencing). A job that runs
always has a unit that is open or leased.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import sqlalchemy as sa

from lrtune.wire import JobError, JobState, TrialState
from store import job_rows, lapses, quotas, tables, turns
from store.columns import UtcDateTime
from store.database import CLOCK, Database, Tx
from store.errors import LeaseLost, SchemaError, StoreError
from store.lapses import MAX_ATTEMPTS, expire
from store.schema import alembic_version, newest_revision

__all__ = [
    "MAX_ATTEMPTS",
    "Lease",
    "Renewal",
    "add",
    "claim",
    "expire",
    "finish",
    "held",
    "hold",
    "release",
    "renew",
]

_UNITS = tables.units.c

_VERSION = alembic_version.c.version_num

EXTERNAL = "external"
"""Kind of the units that clients lease, one training each; workers leave them alone (``store.external``)."""

# Literal, because a partial index serves no bound value.
_OPEN = sa.text("state = 'open' AND ready AND kind <> 'external'")
_UNFINISHED = sa.text("state <> 'closed'")


@dataclass(frozen=True)
class Lease:
    """A unit in the hands of one worker.

    Attributes:
        unit: Id of the unit.
        job: Id of its job.
        kind: ``plan``, ``range_test``, ``train`` or ``external``.
        payload: What to do, by kind.
        attempt: Counts the claims of the unit.
        expires_at: When the unit may go to another, by the database's clock.
    """

    unit: int
    job: str
    kind: str
    payload: dict[str, Any]
    attempt: int
    expires_at: datetime


@dataclass(frozen=True)
class Renewal:
    """A renewal's word on the job: ``cancelled`` says that the work must stop."""

    cancelled: bool


# Locks the job first, as everybody does; the unit too, or its row could be from before the wait for the job.
_HOLDING = (
    sa.select(_UNITS.attempt, _UNITS.state, tables.jobs.c.state.label("job_state"))
    .select_from(tables.jobs.join(tables.units, _UNITS.job == tables.jobs.c.id))
    .where(_UNITS.id == sa.bindparam("unit"), tables.jobs.c.id == sa.bindparam("of"))
    .with_for_update(key_share=True, of=[tables.jobs, tables.units])
)


def add(tx: Tx, job_id: str, kind: str, payload: Mapping[str, Any], *, at_once: int | None = None) -> int:
    """Add an open unit to a job; returns its id. It takes the trials ``payload["numbers"]``, if it
    names any.

    With ``at_once`` no more of the job's units can be held at the same time: further ones are not ready until
    one before them is closed.

    Authors take turns, and within an author's share his jobs do (``store.turns``), so that jobs with many
    units and jobs with few, authors with many jobs and authors with few go forward side by side.

    Raises:
        NotFound: There is no such job.
        StoreError: A trial does not exist or is final.
    """
    job_rows.lock(tx, job_id)
    values = {
        "job": job_id,
        "kind": kind,
        "payload": dict(payload),
        "state": "open",
        "attempt": 0,
        "lapses": 0,
        "ready": at_once is None or _ready(tx, job_id) < at_once,
        "created_at": tx.now(),
    }
    unit = turns.add(tx, values)
    if "numbers" in payload:
        _take(tx, job_id, unit, payload["numbers"])
    return unit


def _ready(tx: Tx, job_id: str) -> int:
    """How many of a job's units somebody holds or may claim."""
    query = sa.select(sa.func.count()).where(_UNITS.job == job_id, _UNFINISHED, _UNITS.ready)
    return int(tx.conn.execute(query).scalar_one())


def claim(database: Database, worker_id: str, *, lease_s: float) -> Lease | None:
    """Lease the unit whose turn it is to a worker; None if there is no open unit, or a drain.

    One statement, unless there is more to do: units whose lease has run out are opened first, and a queued
    job becomes running.

    Raises:
        SchemaError: The schema has become another version's; nothing is claimed of it.
        DatabaseUnavailable: The database cannot be used.
    """
    found = _claim(database, worker_id, lease_s, before_lapsed=False)
    if found is None and _any_lapsed(database):
        with database.write() as tx:
            expire(tx)
        found = _claim(database, worker_id, lease_s, before_lapsed=True)
    if found is None:
        return None
    if found.job_state == JobState.QUEUED:
        # Nobody is waited for: who has the job's lock is cancelling it, or else `hold` makes up for it.
        with database.write() as tx:
            if job_rows.lock_if_free(tx, found.job):
                job_rows.start(tx, found.job)
    return Lease(found.id, found.job, found.kind, found.payload, found.attempt, found.expires_at)


def _claim(
    database: Database, worker_id: str, lease_s: float, *, before_lapsed: bool
) -> sa.Row[*tuple[Any, ...]] | None:
    with database.single() as tx:
        lease = timedelta(seconds=lease_s)
        values: dict[str, Any] = {"claimer": worker_id, "until": lease}
        if not tx.asks_clock:
            values |= {"now": tx.now(), "until": tx.now() + lease}
        statement = claiming(tx.asks_clock, before_lapsed)
        row: sa.Row[*tuple[Any, ...]] | None = tx.conn.execute(statement, values).one_or_none()
    return row


def _any_lapsed(database: Database) -> bool:
    """Whether there are units whose lease has run out.

    Raises:
        SchemaError: The schema has become another version's.
    """
    with database.single() as tx:
        now = {} if tx.asks_clock else {"now": tx.now()}
        found = tx.conn.execute(_asking(tx.asks_clock), now).one()
    if found.version_num != newest_revision():
        raise SchemaError(
            f"{database.address} was brought to revision {found.version_num} of the schema, and this version "
            f"of lrtune works with {newest_revision()}.",
            "Start this worker again with the server's version of lrtune.",
        )
    return bool(found.lapsed)


@cache
def claiming(asks_clock: bool, before_lapsed: bool) -> sa.UpdateBase:
    """The statement of a claim; built once, because building it costs more than running it.

    Args:
        asks_clock: The statement reads the database's clock.
        before_lapsed: Open units are given out although there are some whose lease has run out.
    """
    until: sa.ColumnElement[datetime] = sa.bindparam("until", type_=UtcDateTime())
    now: sa.ColumnElement[datetime] = sa.bindparam("now", type_=UtcDateTime())
    if asks_clock:
        now = sa.type_coerce(CLOCK, UtcDateTime())
        until = sa.type_coerce(CLOCK + sa.bindparam("until", type_=sa.Interval()), UtcDateTime())
    next_unit = (
        sa.select(_UNITS.id)
        .where(_OPEN, ~sa.exists().select_from(tables.drains))
        .where(sa.select(_VERSION).scalar_subquery() == newest_revision())
        .where(_UNITS.author.not_in(quotas.at_their_limit()))
        .order_by(_UNITS.rank, _UNITS.turn, _UNITS.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    if not before_lapsed:
        next_unit = next_unit.where(~_lapsed(asks_clock))
    job_state = sa.select(tables.jobs.c.state).where(tables.jobs.c.id == _UNITS.job).scalar_subquery()
    return (
        sa.update(tables.units)
        .where(_UNITS.id == next_unit.scalar_subquery())
        .values(
            state="leased",
            attempt=_UNITS.attempt + 1,
            worker=sa.bindparam("claimer"),
            claimed_at=now,
            expires_at=until,
        )
        .returning(
            *(_UNITS.id, _UNITS.job, _UNITS.kind, _UNITS.payload, _UNITS.attempt, _UNITS.expires_at),
            job_state.label("job_state"),
        )
    )


@cache
def _asking(asks_clock: bool) -> sa.Select[tuple[str, bool]]:
    return sa.select(_VERSION, _lapsed(asks_clock).label("lapsed"))


def _lapsed(asks_clock: bool) -> sa.Exists:
    """Whether there are units whose lease has run out."""
    leased = tables.units.alias("leased")
    now: sa.ColumnElement[datetime] = sa.bindparam("now", type_=UtcDateTime())
    if asks_clock:
        now = sa.type_coerce(CLOCK, UtcDateTime())
    return sa.exists().where(sa.text("leased.state = 'leased'"), leased.c.expires_at < now)


def renew(tx: Tx, lease: Lease, *, lease_s: float) -> Renewal:
    """Let a lease run ``lease_s`` seconds from now. A lapsed one that nobody took yet is good again.

    Raises:
        LeaseLost: The unit is no longer this attempt's.
    """
    changed = tx.conn.execute(
        sa.update(tables.units)
        .where(_UNITS.id == lease.unit, _UNITS.attempt == lease.attempt, _UNITS.state == "leased")
        .values(expires_at=tx.moment(lease_s))
    )
    if changed.rowcount:
        return Renewal(cancelled=False)
    attempt = tx.conn.execute(sa.select(_UNITS.attempt).where(_UNITS.id == lease.unit)).scalar_one_or_none()
    if attempt == lease.attempt and job_rows.state(tx, lease.job) is JobState.CANCELLED:
        return Renewal(cancelled=True)
    raise _lost(tx, lease)


def hold(tx: Tx, lease: Lease) -> None:
    """Make sure that the unit is this attempt's until the transaction ends; lock its job.

    Raises:
        LeaseLost: It is not.
    """
    unit = tx.conn.execute(_HOLDING, {"unit": lease.unit, "of": lease.job}).one_or_none()
    if unit is None:
        raise LeaseLost(f"There is no unit {lease.unit} of job {lease.job}.")
    tx.locked.add(lease.job)
    if unit.attempt != lease.attempt or unit.state != "leased":
        raise _lost(tx, lease)
    if unit.job_state == JobState.QUEUED:
        job_rows.start(tx, lease.job)


@contextmanager
def held(database: Database, lease: Lease) -> Iterator[Tx]:
    """A writing transaction that holds a lease; see ``Database.write`` and ``hold``.

    Raises:
        LeaseLost, DatabaseUnavailable: On entry; the latter also inside and on commit.
    """
    with database.write() as tx:
        hold(tx, lease)
        yield tx


def release(tx: Tx, lease: Lease) -> None:
    """Hand a unit back: it is open again, as if this attempt had not been.

    Its unfinished trials go back to waiting and lose their reports beyond the unit's checkpoint.

    Raises:
        LeaseLost: The unit is no longer this attempt's.
    """
    hold(tx, lease)
    lapses.reopen(tx, lease.unit, lease.job)


def finish(tx: Tx, lease: Lease) -> None:
    """Close a unit whose results are written.

    When that was the job's last unit, its next ``plan`` unit is added. Planning itself must have added units
    or ended the job: if it has not, the job fails rather than hang. After ``jobs.succeed`` or ``jobs.fail``
    in the same transaction there is nothing left to close.

    Raises:
        LeaseLost: The unit is no longer this attempt's.
        StoreError: A trial of the unit is not final.
    """
    if lease.job in tx.ended:
        return
    hold(tx, lease)
    left = tx.conn.execute(
        sa.select(tables.trials.c.number)
        .where(
            tables.trials.c.unit == lease.unit,
            tables.trials.c.state.in_([TrialState.WAITING, TrialState.RUNNING]),
        )
        .order_by(tables.trials.c.number)
    ).scalars()
    numbers = ", ".join(map(str, left))
    if numbers:
        raise StoreError(f"Unit {lease.unit} cannot be finished: its trials {numbers} are not final.")
    tx.conn.execute(
        sa.update(tables.units)
        .where(_UNITS.id == lease.unit)
        .values(state="closed", expires_at=None, closed_at=tx.now())
    )
    _make_ready(tx, lease.job)
    _go_on(tx, lease)


def _make_ready(tx: Tx, job_id: str) -> None:
    """One of the job's units was closed: the next that waits for that takes its place."""
    next_unit = (
        sa.select(_UNITS.id)
        .where(_UNITS.job == job_id, _UNFINISHED, ~_UNITS.ready)
        .order_by(_UNITS.turn, _UNITS.id)
        .limit(1)
        .scalar_subquery()
    )
    tx.conn.execute(sa.update(tables.units).where(_UNITS.id == next_unit).values(ready=True))


def _go_on(tx: Tx, lease: Lease) -> None:
    unfinished = sa.select(_UNITS.id).where(_UNITS.job == lease.job, _UNFINISHED).limit(1)
    if tx.conn.execute(unfinished).one_or_none() is not None:
        return
    if lease.kind != "plan":
        add(tx, lease.job, "plan", {"stage": "next"})
        return
    error = JobError(
        code="planning_stalled",
        detail="The job's planning ended with neither more work nor an answer.",
        remedy="This is a mistake in lrtune: please report it with the job's request.",
    )
    job_rows.end(tx, lease.job, JobState.FAILED, error=error)


def _take(tx: Tx, job_id: str, unit: int, numbers: list[int]) -> None:
    taken = tx.conn.execute(
        sa.update(tables.trials)
        .where(
            tables.trials.c.job == job_id,
            tables.trials.c.number.in_(numbers),
            tables.trials.c.state == TrialState.WAITING,
        )
        .values(unit=unit)
    )
    if taken.rowcount != len(numbers):
        raise StoreError(f"Job {job_id} has {taken.rowcount} waiting trials of the {len(numbers)} asked for.")


def _lost(tx: Tx, lease: Lease) -> LeaseLost:
    state = job_rows.state(tx, lease.job)
    if state.final:
        return LeaseLost(f"Job {lease.job} has ended: it is {state}.")
    return LeaseLost(f"Unit {lease.unit} is no longer attempt {lease.attempt}'s: its lease ran out.")
