"""A job with everything measured, as one JSON object, written piece by piece."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from lrtune.wire import Job
from store import Database, answers, jobs, range_tests, trials

PAGE = 100


def pieces(database: Database, job: Job) -> Iterator[str]:
    """``{"job": …, "range_test": …, "answer": …, "trials": […]}``, trials with their curves.

    Trials are read by pages, each in a transaction of its own, so that neither memory nor the database is
    held however many there are and however slowly the client reads.
    """
    with database.read() as tx:
        job = jobs.get(tx, job.id)
        found = range_tests.get(tx, job.id)
        answer = answers.get(tx, job.id)
    head: dict[str, Any] = {
        "job": job.model_dump(mode="json"),
        "range_test": found and found.model_dump(mode="json"),
        "answer": answer and answer.model_dump(mode="json"),
    }
    yield json.dumps(head)[:-1] + ', "trials": ['
    cursor: str | None = None
    separator = "\n"
    while True:
        with database.read() as tx:
            page = trials.page(tx, job.id, phase=None, state=None, cursor=cursor, limit=PAGE)
        for trial in page.items:
            yield separator + trial.model_dump_json()
            separator = ",\n"
        cursor = page.next_cursor
        if cursor is None:
            yield "\n]}\n"
            return
