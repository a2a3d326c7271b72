"""Answers, and the best of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import sqlalchemy as sa

from lrtune import nearness
from lrtune.nearness import Situation
from lrtune.wire import Answer, BestAnswer, Difference, Estimate, JobState, Page
from store import cursors, job_rows, situations, tables, tasks
from store.database import Tx

_ANSWERS = tables.answers.c
_JOBS = tables.jobs.c
_KEYS = (_ANSWERS.ranking, _ANSWERS.worse, _ANSWERS.seq)
"""What answers of one distance are sorted by; each index of the table ends with it."""


def put(tx: Tx, job_id: str, answer: Answer) -> None:
    """Store a job's answer; again, it replaces.

    Raises:
        NotFound: There is no such job.
    """
    job_rows.lock(tx, job_id)
    job = tx.conn.execute(sa.select(_JOBS.task, _JOBS.seq).where(_JOBS.id == job_id)).one()
    tx.conn.execute(sa.delete(tables.answers).where(_ANSWERS.job == job_id))
    tx.conn.execute(
        sa.insert(tables.answers).values(
            job=job_id,
            seq=job.seq,
            task=job.task,
            optimizer=str(answer.provenance.optimizer["name"]),
            situation=situations.of(tx, job.task, answer.provenance),
            ranking=_ranking(answer.metric),
            worse=-answer.metric.mean if answer.metric.goal == "maximize" else answer.metric.mean,
            body=answer.model_dump(mode="json"),
            created_at=tx.now(),
        )
    )


def _ranking(metric: Estimate) -> str:
    """Metrics cannot be compared with one another: losses come first, then each metric by its name."""
    return "" if metric.name == "loss" and metric.goal == "minimize" else f"{metric.name} {metric.goal}"


def get(tx: Tx, job_id: str) -> Answer | None:
    """A job's answer, None before there is one."""
    query = sa.select(_ANSWERS.body).where(_ANSWERS.job == job_id)
    found = tx.conn.execute(query).scalar_one_or_none()
    return None if found is None else Answer.model_validate(found)


@dataclass(frozen=True)
class _Level:
    """Situations of one distance; no ids say: every situation of the task (and optimizer)."""

    distance: float
    ids: tuple[int, ...] | None


def best(
    tx: Tx,
    *,
    task: str,
    optimizer: str | None = None,
    asked: Situation | None = None,
    cursor: str | None,
    limit: int,
) -> Page[BestAnswer]:
    """Answers of all succeeded jobs of a task, of any version: the nearest to what is asked first.

    Among answers of one distance, those judged by the loss come first, then those of each metric by its name;
    then the best mean by its goal, then the older job. Archived jobs are left out.

    Args:
        task: The task: its name, or one version as ``tasks.get`` has it.
        optimizer: Answers for this optimizer alone: what suits one says nothing about another.
        asked: What to compare with (``lrtune.nearness``); with None all distances are 0.
        cursor: Of the page before.
        limit: How many.

    Raises:
        CursorInvalid: ``cursor`` is none of this list's.
    """
    name, of_version = task.partition("@")[0], tasks.of_jobs(tx, task) if "@" in task else None
    last = None if cursor is None else cursors.decode("best", cursor, (float, str, float, int))
    differing: dict[int, list[Difference]] = {}
    if asked is not None and asked != Situation():
        differing = {
            id: nearness.differences(asked, measured)
            for id, measured in situations.of_task(tx, name, optimizer)
        }
    rows: list[tuple[float, sa.Row[*tuple[Any, ...]]]] = []
    for level in _levels(differing, asked is not None and asked != Situation()):
        if last is not None and level.distance < float(last[0]):
            continue
        after = last[1:] if last is not None and level.distance == float(last[0]) else None
        query = _query(name, optimizer, level.ids, after).limit(limit + 1 - len(rows))
        if of_version is not None:
            query = query.where(of_version)
        rows += [(level.distance, row) for row in tx.conn.execute(query)]
        if len(rows) > limit:
            break
    return cursors.page(rows, limit, lambda pair: _best(pair, differing), _cursor)


def _levels(differing: Mapping[int, Sequence[Difference]], compared: bool) -> list[_Level]:
    """The situations by distance, the nearest first."""
    if not compared:
        return [_Level(0.0, None)]
    far = sorted((nearness.distance(found), id) for id, found in differing.items())
    levels = [
        _Level(distance, tuple(id for _, id in same)) for distance, same in groupby(far, lambda each: each[0])
    ]
    # All equally far, as where a task alone is asked for: its own index has them in order, so none is sorted.
    return [_Level(levels[0].distance, None)] if len(levels) == 1 and len(far) > 1 else levels


def _query(
    task: str, optimizer: str | None, ids: tuple[int, ...] | None, after: Sequence[Any] | None
) -> sa.Select[*tuple[Any, ...]]:
    query = (
        sa.select(_ANSWERS.job, _ANSWERS.situation, _ANSWERS.body, *_KEYS)
        .join(tables.jobs, _JOBS.id == _ANSWERS.job)
        .where(_JOBS.state == JobState.SUCCEEDED, _JOBS.archived_at.is_(None))
    )
    if ids is None:
        query = query.where(_ANSWERS.task == task)
        if optimizer is not None:
            query = query.where(_ANSWERS.optimizer == optimizer)
    elif len(ids) == 1:
        query = query.where(_ANSWERS.situation == ids[0])
    else:
        # Written out: they are our own whole numbers, and there may be more than a statement may bind.
        query = query.where(
            _ANSWERS.situation.in_(sa.bindparam("ids", list(ids), expanding=True, literal_execute=True))
        )
    if after is not None:
        query = query.where(sa.tuple_(*_KEYS) > sa.tuple_(*after))
    return query.order_by(*_KEYS)


def _best(
    pair: tuple[float, sa.Row[*tuple[Any, ...]]], differing: Mapping[int, list[Difference]]
) -> BestAnswer:
    distance, row = pair
    return BestAnswer(
        job=row.job,
        answer=Answer.model_validate(row.body),
        distance=distance,
        differences=differing.get(row.situation, []),
    )


def _cursor(pair: tuple[float, sa.Row[*tuple[Any, ...]]]) -> str:
    distance, row = pair
    return cursors.encode("best", (distance, row.ranking, float(row.worse), row.seq))
