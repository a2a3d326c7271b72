"""A job's trials as CSV (RFC 4180): a row a trial, a column a parameter."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from typing import Any

from lrtune.wire import Job, Trial
from service.exports.reading import in_batches
from store import Database

FIXED = (
    *("number", "phase", "generation", "state", "schedule", "initial_lr"),
    *("seed", "epochs", "label", "value"),
)
FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""How a text begins that a spreadsheet would run."""


def lines(database: Database, job: Job) -> Iterator[str]:
    """The heading, then the trials by number.

    They are read twice: the heading names the parameters of all. Trials that come meanwhile are left out,
    for theirs may not be among them.
    """
    names: set[str] = set()
    last = -1
    for batch in in_batches(database, job.id):
        names.update(*(trial.params for trial in batch))
        last = batch[-1].number
    params = sorted(names)
    yield _line([*FIXED, *(f"param.{name}" for name in params)])
    for batch in in_batches(database, job.id, until=last):
        yield "".join(_line(_row(trial, params)) for trial in batch)


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
