"""What a job's LR range test found."""

from __future__ import annotations

import sqlalchemy as sa

from lrtune.wire import RangeTest
from store import job_rows, tables
from store.database import Tx

_RANGE_TESTS = tables.range_tests.c


def put(tx: Tx, job_id: str, range_test: RangeTest) -> None:
    """Store a job's range test; again, it replaces.

    Raises:
        NotFound: There is no such job.
    """
    job_rows.lock(tx, job_id)
    tx.conn.execute(sa.delete(tables.range_tests).where(_RANGE_TESTS.job == job_id))
    body = range_test.model_dump(mode="json")
    tx.conn.execute(sa.insert(tables.range_tests).values(job=job_id, body=body, created_at=tx.now()))


def get(tx: Tx, job_id: str) -> RangeTest | None:
    """A job's range test, None before there is one."""
    query = sa.select(_RANGE_TESTS.body).where(_RANGE_TESTS.job == job_id)
    found = tx.conn.execute(query).scalar_one_or_none()
    return None if found is None else RangeTest.model_validate(found)
