"""A job with everything measured, as one JSON object, written piece by piece."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from lrtune.wire import Job
from service.exports.reading import in_batches
from store import Database, answers, jobs, range_tests


def pieces(database: Database, job: Job) -> Iterator[str]:
    """``{"job": …, "range_test": …, "answer": …, "trials": […]}``, trials with their curves."""
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
    separator = "\n"
    for batch in in_batches(database, job.id, curves=True):
        yield separator + ",\n".join(trial.model_dump_json() for trial in batch)
        separator = ",\n"
    yield "\n]}\n"
