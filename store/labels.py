"""What people say of jobs: tags, a note, and that they are done with one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from store import job_rows, tables, words
from store.columns import clean, json_rows
from store.database import Tx

_TAGS = tables.job_tags.c
_JOBS = tables.jobs.c


def tag(tx: Tx, job_id: str, tag: str) -> list[str]:
    """Put a tag on a job; again, nothing happens. Returns the job's tags.

    Raises:
        NotFound: There is no such job.
    """
    job_rows.lock(tx, job_id)
    known = _known(tx, job_id)
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
    words.put(tx, job_id, "tag", " ".join(_known(tx, job_id)))


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


def tags(*, embedded: bool) -> sa.ScalarSelect[Any]:
    """A job's tags, as a column beside those of ``tables.jobs``: what ``of`` takes."""
    return sa.select(json_rows(_TAGS.tag, embedded=embedded)).where(_TAGS.job == _JOBS.id).scalar_subquery()


def of(tagged: Sequence[Sequence[str]] | None) -> list[str]:
    """Tags in their order."""
    return sorted(tag for [tag] in tagged or ())


def _known(tx: Tx, job_id: str) -> list[str]:
    query = sa.select(_TAGS.tag).where(_TAGS.job == job_id).order_by(_TAGS.tag)
    return list(tx.conn.execute(query).scalars())
