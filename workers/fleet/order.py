"""What a fleet was ordered to be, and how many workers that means at a moment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Order:
    """A fleet.

    Attributes:
        environ: Variables of its workers: ``LRTUNE_DATABASE_URL`` and whatever else is set of lrtune's.
        least: So many workers stay when there is nothing to do.
        most: There are never more.
        gpus: GPUs of one worker; a fraction lets workers share one.
        cpus: CPUs of one worker.
        idle_s: Seconds for which a worker must have been too many before it leaves.
    """

    environ: Mapping[str, str] = field(repr=False)
    least: int
    most: int
    gpus: float
    cpus: float
    idle_s: float


class Sizing:
    """How many workers a fleet has: it grows at once, and shrinks once it has been too large for a while."""

    def __init__(self, least: int, most: int, idle_s: float) -> None:
        self._least, self._most, self._idle_s = least, most, idle_s
        self._enough_since: float | None = None

    def wanted(self, now: float, *, size: int, units: int) -> int:
        """Workers wanted.

        Args:
            now: Monotonic seconds.
            size: Workers there are, or that wait for a place.
            units: Units that are held or could be claimed: no more workers than that have anything to do.
        """
        needed = min(max(units, self._least), self._most)
        if needed >= size:
            self._enough_since = None
            return needed
        if size > self._most:
            return self._most
        if self._enough_since is None:
            self._enough_since = now
        if now - self._enough_since < self._idle_s:
            return size
        self._enough_since = None
        return needed
