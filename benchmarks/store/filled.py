"""A database with work in it."""

from __future__ import annotations

import sqlalchemy as sa

from lrtune.wire import JobRequest, Phase, Setting
from store import Database, Tx, jobs, tables, tasks, trials, units
from store.trials import NewTrial

BATCH = 5000


def job_with_units(url: str, n: int) -> None:
    """A job with ``n`` open range-test units, which need no trials."""
    database = Database(url)
    with database.write() as tx:
        first = units.add(tx, submitted(tx), "range_test", {"seeds": [0]})
        row = dict(tx.conn.execute(sa.select(tables.units).where(tables.units.c.id == first)).one()._mapping)
        del row["id"]
        # As the store would add them, but a thousand times as fast.
        for begin in range(1, n, BATCH):
            more = [row | {"turn": row["turn"] + i} for i in range(begin, min(begin + BATCH, n))]
            tx.conn.execute(sa.insert(tables.units), more)
    with database.single() as tx:
        tx.conn.execute(sa.text("ANALYZE"))
    if not database.address.path:
        # Or its ANALYZE may hold a snapshot, for which the entries of claimed units stay in the index.
        with database.single() as tx:
            tx.conn.execute(sa.text("ALTER TABLE units SET (autovacuum_enabled = false)"))
    database.dispose()


def job_with_trials(url: str, n: int, *, lanes: int, epochs: int) -> None:
    """A job with ``n`` open train units of ``lanes`` trials each."""
    setting = Setting(schedule="cosine", initial_lr=0.1, params={"min_ratio": 0.01})
    new = [NewTrial(Phase.SEARCH, 0, setting, 0, epochs)] * lanes
    database = Database(url)
    with database.write() as tx:
        job_id = submitted(tx)
        for _ in range(n):
            units.add(tx, job_id, "train", {"numbers": trials.add(tx, job_id, new)})
    database.dispose()


def submitted(tx: Tx) -> str:
    """A job of its own whose first plan unit is out of the way."""
    task, _ = tasks.register(
        tx, name="bench", entry="bench:task", description="", params_schema={}, files={"bench.py": b""}
    )
    job_id = f"bench{tx.now():%H%M%S%f}"
    jobs.submit(tx, JobRequest(task=task.name), job_id=job_id)
    tx.conn.execute(
        sa.update(tables.units).where(tables.units.c.job == job_id).values(state="closed", closed_at=tx.now())
    )
    return job_id
