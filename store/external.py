"""Units that clients lease over HTTP: trainings that stay where they are, one a unit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from store import job_rows, lapses, tables, trials
from store.database import Tx
from store.errors import JobFinal, LeaseLost, NotFound
from store.units import EXTERNAL, Lease

_UNITS = tables.units.c
_KIND = sa.text("kind = 'external'")


def ask(tx: Tx, job_id: str, client: str, *, lease_s: float, restart: bool) -> Lease | None:
    """Lease a training of a job to a client: the one that it holds, else the next; None if there is none now.

    What a client holds comes back with a fresh lease and the same attempt, so that asking again is harmless.
    With ``restart`` it begins anew: another attempt, without the reports. Leases that ran out are opened
    first.

    Raises:
        NotFound: There is no such job.
        JobFinal: It has ended.
    """
    job_rows.lock(tx, job_id)
    lapses.expire(tx)
    state = job_rows.state(tx, job_id)
    if state.final:
        raise JobFinal(f"Job {job_id} has ended: it is {state}.", "Read its results.")
    ours = sa.and_(_UNITS.job == job_id, _KIND)
    held = tx.conn.execute(
        sa.select(_UNITS.id)
        .where(ours, _UNITS.state == "leased", _UNITS.worker == client)
        .order_by(_UNITS.id)
        .limit(1)
    ).scalar_one_or_none()
    if held is not None and restart:
        lapses.reopen(tx, held, job_id)
    fresh = held is None or restart
    unit = held
    if unit is None:
        unit = tx.conn.execute(
            sa.select(_UNITS.id)
            .where(ours, _UNITS.state == "open", _UNITS.ready)
            .order_by(_UNITS.turn, _UNITS.id)
            .limit(1)
        ).scalar_one_or_none()
    if unit is None:
        return None
    found = tx.conn.execute(
        sa.update(tables.units)
        .where(_UNITS.id == unit)
        .values(
            state="leased",
            attempt=_UNITS.attempt + int(fresh),
            worker=client,
            expires_at=tx.moment(lease_s),
        )
        .returning(_UNITS.payload, _UNITS.attempt, _UNITS.expires_at)
    ).one()
    payload = found.payload | {"lease_s": lease_s}
    lease = Lease(unit, job_id, EXTERNAL, payload, found.attempt, found.expires_at)
    keep(tx, lease, payload)
    if fresh:
        trials.start(tx, job_id, payload.get("numbers", []))
    return lease


def lease(tx: Tx, job_id: str, unit: int, attempt: int) -> tuple[Lease, str]:
    """The lease that a client's token names, and the unit's state; lock the job.

    Raises:
        NotFound: The job has no such training.
        LeaseLost: It has had another attempt since.
    """
    job_rows.lock(tx, job_id)
    found = tx.conn.execute(
        sa.select(_UNITS.payload, _UNITS.attempt, _UNITS.state, _UNITS.expires_at).where(
            _UNITS.id == unit, _UNITS.job == job_id, _KIND
        )
    ).one_or_none()
    if found is None:
        raise NotFound(f"Job {job_id} has no such trial.", "Ask for one with POST /v1/jobs/{id}/trials.")
    if found.attempt != attempt:
        raise LeaseLost("The trial is another's by now, or was begun anew.", "Stop, and ask for a trial.")
    return Lease(unit, job_id, EXTERNAL, found.payload, attempt, found.expires_at), found.state


def keep(tx: Tx, lease: Lease, payload: Mapping[str, Any]) -> None:
    """Replace a unit's payload. The caller holds its lease."""
    tx.conn.execute(sa.update(tables.units).where(_UNITS.id == lease.unit).values(payload=dict(payload)))


def planning(tx: Tx, job_id: str) -> bool:
    """Whether the job waits for a worker that plans what comes next."""
    query = sa.select(_UNITS.id).where(_UNITS.job == job_id, _UNITS.state != "closed", _UNITS.kind == "plan")
    return tx.conn.execute(query.limit(1)).one_or_none() is not None
