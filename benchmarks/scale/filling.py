"""Authors with jobs, and jobs with trials that wait: added as planning adds them, so that turns are dealt."""

from __future__ import annotations

from random import Random

import sqlalchemy as sa

from lrtune.wire import AccountKind, JobRequest, Phase, Role, Setting
from store import Database, Tx, accounts, jobs, tables, tasks, trials, units
from store.trials import NewTrial

TASK = "sleeper"
SETTING = Setting(schedule="cosine", initial_lr=0.1, params={"min_ratio": 0.01})
UNITS = 16
"""Units of a job: 128 trials where each holds eight."""


def backlog(url: str, authors: dict[str, int], *, lanes: int, epochs: int, seed: int) -> None:
    """Jobs for each author, whose units come in an order of chance.

    Args:
        authors: How many jobs each has.
        lanes: Trials of a unit.
        epochs: Of a trial.
    """
    database, random = Database(url), Random(seed)
    prepare(database)
    with database.write() as tx:
        for author in authors:
            accounts.create(tx, author, kind=AccountKind.PERSON, role=Role.MEMBER)
    owners = [author for author, count in authors.items() for _ in range(count)]
    random.shuffle(owners)
    named = [submitted(database, f"{author}-{number}", author) for number, author in enumerate(owners)]
    turns = [job for job in named for _ in range(UNITS)]
    random.shuffle(turns)
    for begin in range(0, len(turns), 50):
        with database.write() as tx:
            # In one order, or two of us would wait for each other.
            for job in sorted(turns[begin : begin + 50]):
                add(tx, job, lanes=lanes, epochs=epochs)
    with database.single() as tx:
        tx.conn.execute(sa.text("ANALYZE"))
    database.dispose()


def prepare(database: Database) -> None:
    """The task, if it is not there."""
    with database.write() as tx:
        tasks.register(tx, name=TASK, entry="t:task", description="", params_schema={}, files={"t.py": b""})


def submitted(database: Database, job_id: str, author: str | None = None) -> str:
    """A job without any unit that could be claimed."""
    with database.write() as tx:
        request = JobRequest.model_validate({"task": TASK, "search": {"prune": False}})
        jobs.submit(tx, request, job_id=job_id, author=author)
        unit = tables.units.c
        closed = {"state": "closed", "closed_at": tx.now()}
        tx.conn.execute(sa.update(tables.units).where(unit.job == job_id).values(closed))
    return job_id


def add(tx: Tx, job_id: str, *, lanes: int, epochs: int) -> int:
    """A unit of a job, which can be claimed at once; returns its id."""
    new = [NewTrial(Phase.SEARCH, 0, SETTING, 0, epochs)] * lanes
    return units.add(tx, job_id, "train", {"numbers": trials.add(tx, job_id, new)})
