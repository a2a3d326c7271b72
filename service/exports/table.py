"""A job's trials as CSV (RFC 4180): a row a trial, a column a parameter."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from typing import Any

from lrtune.wire import Job, Trial
from store import Database, trials

FIXED = (
    *("number", "phase", "generation", "state", "schedule", "initial_lr"),
    *("seed", "epochs", "label", "value"),
)
FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""How a text begins that a spreadsheet would run."""


def lines(database: Database, job: Job) -> Iterator[str]:
    """The heading, then the trials by number."""
    with database.read() as tx:
        found = trials.for_job(tx, job.id)
    params = sorted({name for trial in found for name in trial.params})
    yield _line([*FIXED, *(f"param.{name}" for name in params)])
    for trial in found:
        yield _line(_row(trial, params))


def _row(trial: Trial, params: list[str]) -> list[Any]:
    said = trial.model_dump(mode="json", include=set(FIXED))
    return [*(said[name] for name in FIXED), *(trial.params.get(name) for name in params)]


def _line(cells: list[Any]) -> str:
    stream = io.StringIO()
    csv.writer(stream).writerow(map(_cell, cells))
    return stream.getvalue()


def _cell(value: Any) -> Any:
    if isinstance(value, str):
        return f"'{value}" if value.startswith(FORMULA) else value
    return json.dumps(value) if isinstance(value, bool | list) else value
