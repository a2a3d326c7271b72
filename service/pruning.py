"""Prunes old jobs while the server runs, if it was told for how long their curves are kept."""

from __future__ import annotations

import logging
import threading
from datetime import timedelta

from store import Database
from store.errors import DatabaseUnavailable
from store.retention import Pruned, prune

log = logging.getLogger("lrtune.service")

EVERY_S = 3600.0


class Pruning:
    """A thread that prunes at the start and every hour. Several servers may do so beside each other.

    Args:
        database: The store.
        keep_days: Age at which a job that has ended is pruned; None for never.
    """

    def __init__(self, database: Database, keep_days: float | None) -> None:
        self._database = database
        self._keep_days = keep_days
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="pruning")

    def start(self) -> None:
        if self._keep_days is not None:
            self._thread.start()

    def stop(self) -> None:
        """Wait for the job at hand, and end. Can be called twice."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        assert self._keep_days is not None
        while not self._stop.is_set():
            try:
                done = prune(
                    self._database, older_than=timedelta(days=self._keep_days), stop=self._stop.is_set
                )
                if done != Pruned():
                    log.info("%s", told(done))
            except DatabaseUnavailable as error:
                log.warning("could not prune, trying again in an hour: %s", error)
            self._stop.wait(EVERY_S)


def told(done: Pruned) -> str:
    """What was dropped, in a sentence."""
    return (
        f"Pruned {done.jobs:,} jobs: dropped {done.reports:,} reports, {done.curves:,} raw curves and "
        f"{done.events:,} events."
    )
