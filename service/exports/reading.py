"""Reading a job's trials for a file, a batch at a time."""

from __future__ import annotations

from collections.abc import Iterator

from lrtune.wire import Phase, Trial
from store import Database, trials

BATCH = 100


def in_batches(
    database: Database,
    job_id: str,
    *,
    phase: Phase | None = None,
    curves: bool = False,
    until: int | None = None,
) -> Iterator[list[Trial]]:
    """A job's trials by number, of one phase or all, up to the number ``until``; with their curves if asked.

    Each batch is read in a transaction of its own, so that neither memory nor the database is held however
    many there are and however slowly a client reads.
    """
    after = -1
    while True:
        with database.read() as tx:
            found = trials.for_job(tx, job_id, phase=phase, curves=curves, after=after, limit=BATCH)
        if found:
            after = found[-1].number
            yield [trial for trial in found if until is None or trial.number <= until]
        if len(found) < BATCH or (until is not None and after >= until):
            return
