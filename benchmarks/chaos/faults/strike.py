"""One fault as it strikes: what it waits for, and when what it hit works again."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from benchmarks.chaos.world import NotNow, World
from tests.acceptance.processes import LEASE_S

LEASE = float(LEASE_S)
PATIENCE_S = 120.0

Run = Iterator[None]


@dataclass
class Strike:
    """One fault as it struck.

    Attributes:
        recovery_s: From the strike until what was hit worked again; None while it does not, or where nothing
            was hit.
    """

    fault: str
    world: World
    begun_at: float = field(default_factory=time.monotonic)
    told: str = ""
    recovery_s: float | None = None

    def until(self, holds: Callable[[], bool], limit_s: float = PATIENCE_S) -> Run:
        deadline = time.monotonic() + limit_s
        while not holds():
            if time.monotonic() > deadline:
                raise TimeoutError(f"{self.fault} ({self.told}): waited {limit_s:.0f} s for its recovery")
            yield

    def for_s(self, low: float, high: float) -> Run:
        """Some seconds between these."""
        until = time.monotonic() + self.world.random.uniform(low, high)
        while time.monotonic() < until:
            yield

    def recovered(self) -> None:
        self.recovery_s = time.monotonic() - self.begun_at

    @contextlib.contextmanager
    def hitting(self, *names: str) -> Iterator[None]:
        """Keeps other faults away from these."""
        if self.world.busy & set(names):
            raise NotNow
        self.world.busy |= set(names)
        try:
            yield
        finally:
            self.world.busy -= set(names)


def told(name: str, held: object) -> str:
    """What a strike hit, in words."""
    unit = getattr(held, "unit", None)
    return f"{name}, {'idle' if unit is None else f'unit {unit}'}"
