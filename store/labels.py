"""What people say of jobs: tags, a note, and that they are done with one."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from store import job_rows, tables, words
from store.columns import clean
from store.database import Tx

_TAGS = tables.job_tags.c
_JOBS = tables.jobs.c


def tag(tx: Tx, job_id: str, tag: str) -> list[str]:
    """Put a tag on a job; again, nothing happens. Returns the job's tags.

    Raises:
        NotFound: There is no such job.
    """
    job_rows.lock(tx, job_id)
    known = of(tx, [job_id])[job_id]
    if tag in known:
        return known
    seq = sa.select(_JOBS.seq).where(_JOBS.id == job_id).scalar_subquery()
    tx.conn.execute(sa.insert(tables.job_tags).values(job=job_id, tag=tag, seq=seq))
    found = sorted([*known, tag])
    words.put(tx, job_id, "tag", " ".join(found))
    return found


def untag(tx: Tx, job_id: str, tag: str) -> None:
    """Take a tag off a job; if it has none such, nothing happens.

    Raises:
        NotFound: There is no such job.
    """
    job_rows.lock(tx, job_id)
    tx.conn.execute(sa.delete(tables.job_tags).where(_TAGS.job == job_id, _TAGS.tag == tag))
    words.put(tx, job_id, "tag", " ".join(of(tx, [job_id])[job_id]))


def note(tx: Tx, job_id: str, text: str | None) -> None:
    """Write a job's note in place of the one before; None removes it.

    Raises:
        NotFound: There is no such job.
    """
    job_rows.lock(tx, job_id)
    kept = None if text is None else clean(text)
    tx.conn.execute(sa.update(tables.jobs).where(_JOBS.id == job_id).values(note=kept))
    words.put(tx, job_id, "note", kept or "")


def archive(tx: Tx, job_id: str, *, archived: bool) -> None:
    """Archive a job, which takes it out of lists and of the best answers; or bring it back.

    Raises:
        NotFound: There is no such job.
    """
    job_rows.lock(tx, job_id)
    change = sa.update(tables.jobs).where(_JOBS.id == job_id)
    if archived:
        tx.conn.execute(change.where(_JOBS.archived_at.is_(None)).values(archived_at=tx.now()))
    else:
        tx.conn.execute(change.values(archived_at=None))


def of(tx: Tx, job_ids: Sequence[str]) -> dict[str, list[str]]:
    """Tags by job, in their order."""
    found: dict[str, list[str]] = {job_id: [] for job_id in job_ids}
    rows = tx.conn.execute(
        sa.select(_TAGS.job, _TAGS.tag).where(_TAGS.job.in_(job_ids)).order_by(_TAGS.job, _TAGS.tag)
    )
    for row in rows:
        found[row.job].append(row.tag)
    return found
