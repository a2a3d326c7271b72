"""Answers, and the best of them."""

from __future__ import annotations

import sqlalchemy as sa

from lrtune.wire import Answer, BestAnswer, JobState, Page
from store import cursors, job_rows, tables
from store.database import Tx

_ANSWERS = tables.answers.c
_JOBS = tables.jobs.c


def put(tx: Tx, job_id: str, answer: Answer) -> None:
    """Store a job's answer; again, it replaces.

    Raises:
        NotFound: There is no such job.
    """
    job_rows.lock(tx, job_id)
    tx.conn.execute(sa.delete(tables.answers).where(_ANSWERS.job == job_id))
    task = sa.select(_JOBS.task).where(_JOBS.id == job_id).scalar_subquery()
    tx.conn.execute(
        sa.insert(tables.answers).values(
            job=job_id,
            task=task,
            optimizer=str(answer.provenance.optimizer["name"]),
            metric=answer.metric.name,
            goal=answer.metric.goal,
            mean=answer.metric.mean,
            body=answer.model_dump(mode="json"),
            created_at=tx.now(),
        )
    )


def get(tx: Tx, job_id: str) -> Answer | None:
    """A job's answer, None before there is one."""
    query = sa.select(_ANSWERS.body).where(_ANSWERS.job == job_id)
    found = tx.conn.execute(query).scalar_one_or_none()
    return None if found is None else Answer.model_validate(found)


def best(tx: Tx, *, task: str, optimizer: str | None, cursor: str | None, limit: int) -> Page[BestAnswer]:
    """Answers of all succeeded jobs of a task, of any version, best first.

    Metrics cannot be compared with one another: answers judged by the loss come first, then those of each
    metric by its name; among them the best mean by its goal comes first, and the older job among equals.

    Raises:
        CursorInvalid: ``cursor`` is none of this list's.
    """
    keys = (
        sa.case((_ANSWERS.metric == "loss", 0), else_=1).label("other"),
        _ANSWERS.metric,
        _ANSWERS.goal,
        sa.case((_ANSWERS.goal == "maximize", -_ANSWERS.mean), else_=_ANSWERS.mean).label("rank"),
        _JOBS.seq,
    )
    query = (
        sa.select(_ANSWERS.job, _ANSWERS.body, *keys)
        .join(tables.jobs, _JOBS.id == _ANSWERS.job)
        .where(_ANSWERS.task == task, _JOBS.state == JobState.SUCCEEDED)
    )
    if optimizer is not None:
        query = query.where(_ANSWERS.optimizer == optimizer)
    if cursor is not None:
        last = cursors.decode("best", cursor, (int, str, str, float, int))
        query = query.where(sa.tuple_(*keys) > sa.tuple_(*last))
    rows = tx.conn.execute(query.order_by(*keys).limit(limit + 1)).all()
    return cursors.page(
        rows,
        limit,
        lambda row: BestAnswer(job=row.job, answer=Answer.model_validate(row.body)),
        lambda row: cursors.encode("best", (row.other, row.metric, row.goal, float(row.rank), row.seq)),
    )
