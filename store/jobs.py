"""Jobs: submitted by clients, moved on by workers, ended once."""

from __future__ import annotations

import json
from typing import Any

import sqlalchemy as sa

from lrtune.wire import BestSoFar, Job, JobError, JobRequest, JobState, Page, Phase
from store import cursors, job_rows, labels, progress, quotas, tables, tasks, units, words
from store.database import Tx
from store.errors import IdempotencyConflict, JobFinal

_JOBS = tables.jobs.c
_SHOWN = {
    embedded: sa.select(
        tables.jobs,
        progress.counters(embedded=embedded).label("counters"),
        labels.tags(embedded=embedded).label("tags"),
    )
    for embedded in (True, False)
}
"""Jobs with all that is shown of them, in one statement and so in one round trip."""
_BY_ID = {embedded: shown.where(_JOBS.id == sa.bindparam("asked")) for embedded, shown in _SHOWN.items()}


def submit(
    tx: Tx,
    request: JobRequest,
    *,
    job_id: str,
    author: str | None = None,
    idempotency: tuple[str, str] | None = None,
) -> tuple[Job, bool]:
    """Queue a job with its first unit.

    Args:
        request: Already checked against the task.
        job_id: Id of the new job.
        author: The account whose job it is, None without accounts. Everyone has keys of their own.
        idempotency: The client's key, and a digest of what it said with it.

    Returns:
        The job, and whether it is new; a job that was there is the one submitted with the same key.

    Raises:
        NotFound: There is no such task.
        IdempotencyConflict: The key came before with another digest.
        QuotaExceeded: The author has reached a limit.
    """
    key, digest = idempotency or (None, None)
    # A key has no space in it, so nobody's key is another's with his name before it.
    kept_key = key if author is None or key is None else f"{author} {key}"
    if kept_key is not None:
        tx.exclude(f"idempotency key {kept_key}")
        known = tx.conn.execute(_shown(tx).where(_JOBS.idempotency_key == kept_key)).one_or_none()
        if known is not None:
            if known.idempotency_digest != digest:
                raise IdempotencyConflict(
                    f"Another request came with the key {key!r} before: it made job {known.id}.",
                    "Use a new key for a new request.",
                )
            return _job(tx, known), False
    if author is not None:
        quotas.check(tx, author)
    task = tasks.get(tx, request.task)
    seq: int = tx.conn.execute(
        sa.insert(tables.jobs)
        .values(
            id=job_id,
            task=task.name,
            task_version=task.version,
            task_digest=task.digest,
            state=JobState.QUEUED,
            goal=request.metric.goal,
            request=request.model_dump(mode="json", exclude={"tags"}),
            trials=0,
            idempotency_key=kept_key,
            idempotency_digest=digest,
            created_at=tx.now(),
            author=author,
            priority=request.priority,
        )
        .returning(_JOBS.seq)
    ).scalar_one()
    tx.locked.add(job_id)
    words.add(tx, seq, "request", _said(request, job_id, task.name, author))
    for tag in request.tags:
        labels.tag(tx, job_id, tag)
    progress.begin(tx, job_id)
    job_rows.announce(tx, job_id, JobState.QUEUED)
    units.add(tx, job_id, "plan", {"stage": "start"})
    return get(tx, job_id), True


def get(tx: Tx, job_id: str) -> Job:
    """A job.

    Raises:
        NotFound: There is no such job.
    """
    found = tx.conn.execute(_BY_ID[tx.embedded], {"asked": job_id}).one_or_none()
    if found is None:
        raise job_rows.no_such(job_id)
    return _job(tx, found)


def author(tx: Tx, job_id: str) -> str | None:
    """The account whose job it is; None for a job from before there were accounts.

    Raises:
        NotFound: There is no such job.
    """
    found = tx.conn.execute(sa.select(_JOBS.author).where(_JOBS.id == job_id)).one_or_none()
    if found is None:
        raise job_rows.no_such(job_id)
    name: str | None = found.author
    return name


def has_ended(tx: Tx, job_id: str) -> bool:
    """Whether nothing more is done for a job: it is final, or has been removed."""
    found = tx.conn.execute(sa.select(_JOBS.state).where(_JOBS.id == job_id)).scalar_one_or_none()
    return found is None or JobState(found).final


def _said(request: JobRequest, job_id: str, task: str, author: str | None) -> str:
    """What of a request a job is searched by."""
    params = " ".join(f"{name} {json.dumps(value)}" for name, value in request.params.items())
    return f"{job_id} {task} {author or ''} {request.optimizer.name} {params}"


def page(
    tx: Tx,
    *,
    task: str | None = None,
    state: JobState | None = None,
    author: str | None = None,
    tag: str | None = None,
    text: str | None = None,
    archived: bool | None = False,
    cursor: str | None,
    limit: int,
) -> Page[Job]:
    """Jobs, newest first.

    Args:
        task: Jobs of this task: ``name``, any version, or as ``tasks.get`` has it.
        state: Jobs in this state.
        author: Jobs of this account.
        tag: Jobs with this tag.
        text: Jobs with these words or beginnings of words, all of them (``store.words``).
        archived: Archived ones alone, those that are not (False), or both (None).
        cursor: Of the page before.
        limit: How many.

    Raises:
        CursorInvalid: ``cursor`` is none of this list's.
    """
    query = _shown(tx)
    if task is not None:
        query = query.where(tasks.of_jobs(tx, task))
    if state is not None:
        query = query.where(_JOBS.state == state)
    if author is not None:
        query = query.where(_JOBS.author == author)
    if tag is not None:
        tagged = sa.select(tables.job_tags.c.seq).where(tables.job_tags.c.tag == tag)
        query = query.where(_JOBS.seq.in_(tagged))
    if text is not None:
        query = query.where(words.matching(text))
    if archived is not None:
        query = query.where(_JOBS.archived_at.is_not(None) if archived else _JOBS.archived_at.is_(None))
    if cursor is not None:
        [seq] = cursors.decode("jobs", cursor, (int,))
        query = query.where(_JOBS.seq < seq)
    rows = tx.conn.execute(query.order_by(_JOBS.seq.desc()).limit(limit + 1)).all()
    return cursors.page(rows, limit, lambda row: _job(tx, row), lambda row: cursors.encode("jobs", [row.seq]))


def cancel(tx: Tx, job_id: str) -> Job:
    """Cancel a job: its units are closed at once. A cancelled job stays as it is.

    Raises:
        NotFound: There is no such job.
        JobFinal: It has succeeded or failed.
    """
    job_rows.lock(tx, job_id)
    state = job_rows.state(tx, job_id)
    if state in (JobState.SUCCEEDED, JobState.FAILED):
        raise JobFinal(
            f"Job {job_id} has {state} already.", "There is nothing left to cancel; read its results."
        )
    if state is not JobState.CANCELLED:
        job_rows.end(tx, job_id, JobState.CANCELLED)
    return get(tx, job_id)


def succeed(tx: Tx, job_id: str) -> None:
    """End a job well; its answer has been put.

    Raises:
        NotFound: There is no such job.
        JobFinal: It has ended.
    """
    _end(tx, job_id, JobState.SUCCEEDED, None)


def fail(tx: Tx, job_id: str, error: JobError) -> None:
    """End a job with an error.

    Raises:
        NotFound: There is no such job.
        JobFinal: It has ended.
    """
    _end(tx, job_id, JobState.FAILED, error)


def set_phase(tx: Tx, job_id: str, phase: Phase) -> None:
    """Say what the job is doing.

    Raises:
        NotFound: There is no such job.
    """
    _set(tx, job_id, phase=phase)


def plan_phase(tx: Tx, job_id: str, phase: Phase, *, trainings: int, epochs: int) -> None:
    """Say how many trainings a phase has in all, and how many epochs these have together; again, it replaces.

    Raises:
        NotFound: There is no such job.
    """
    job_rows.lock(tx, job_id)
    progress.plan(tx, job_id, phase, trainings=trainings, epochs=epochs)


def set_engine(tx: Tx, job_id: str, told: dict[str, Any]) -> None:
    """Keep what a trainer told of the job's task.

    Raises:
        NotFound: There is no such job.
    """
    _set(tx, job_id, engine=told)


def engine(tx: Tx, job_id: str) -> dict[str, Any] | None:
    """What a trainer told of the job's task, None before that.

    Raises:
        NotFound: There is no such job.
    """
    found = tx.conn.execute(sa.select(_JOBS.engine).where(_JOBS.id == job_id)).one_or_none()
    if found is None:
        raise job_rows.no_such(job_id)
    told: dict[str, Any] | None = found.engine
    return told


def _set(tx: Tx, job_id: str, **values: Any) -> None:
    job_rows.lock(tx, job_id)
    tx.conn.execute(sa.update(tables.jobs).where(_JOBS.id == job_id).values(values))


def _end(tx: Tx, job_id: str, state: JobState, error: JobError | None) -> None:
    job_rows.lock(tx, job_id)
    before = job_rows.state(tx, job_id)
    if before.final:
        raise JobFinal(f"Job {job_id} has {before} already.")
    job_rows.end(tx, job_id, state, error=error)


def _shown(tx: Tx) -> sa.Select[*tuple[Any, ...]]:
    return _SHOWN[tx.embedded]


def _job(tx: Tx, row: sa.Row[*tuple[Any, ...]]) -> Job:
    best = None
    if row.best_number is not None:
        best = BestSoFar(
            number=row.best_number,
            schedule=row.best_schedule,
            initial_lr=row.best_initial_lr,
            value=row.best_value,
        )
    return Job(
        id=row.id,
        author=row.author,
        task=row.task,
        task_version=row.task_version,
        task_digest=row.task_digest,
        state=row.state,
        phase=row.phase,
        progress=progress.of(tx, row, row.counters),
        best=best,
        request=JobRequest.model_validate(row.request),
        error=None if row.error is None else JobError.model_validate(row.error),
        created_at=row.created_at,
        started_at=row.started_at,
        finished_at=row.finished_at,
        tags=labels.of(row.tags),
        note=row.note,
        archived_at=row.archived_at,
    )
