"""The lines of a job's log, bounded for each unit of work."""

from __future__ import annotations

from store import events
from workers.keeper import Keeper

LOG_LINES = 200
"""Lines that one unit may put into the job's events."""


class JobLog:
    """Puts lines into the events of the job whose unit ``keeper`` holds, up to a number of them."""

    def __init__(self, keeper: Keeper) -> None:
        self._keeper = keeper
        self._told = 0

    def __call__(self, line: str) -> None:
        """Put a line there; an empty one, and one too many, is left out."""
        if not line or self._told > LOG_LINES:
            return
        self._told += 1
        text = line if self._told <= LOG_LINES else f"… more than {LOG_LINES} lines: the rest is left out"
        self._keeper.write(lambda tx: events.add(tx, self._keeper.lease.job, "log", {"text": text}))
