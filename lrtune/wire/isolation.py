"""How far a worker keeps the tasks it trains from everything else."""

from __future__ import annotations

from enum import StrEnum


class Isolation(StrEnum):
    """The level a worker reached when it started, from weak to strong.

    ``process``: a process of its own with limits and a clean environment; guards against accidents.
    ``user``: besides, an account of its own: the worker's memory, environment, signals and private files are
    out of reach. ``landlock``: besides, the kernel admits listed files only, no network and no dangerous
    system calls. ``bubblewrap``: besides, namespaces of its own: no other process, Unix socket or shared
    memory is to be seen. docs/security.md says what each stops.
    """

    PROCESS = "process"
    USER = "user"
    LANDLOCK = "landlock"
    BUBBLEWRAP = "bubblewrap"

    @property
    def rank(self) -> int:
        """0 for the weakest level, rising with strength."""
        return list(Isolation).index(self)
