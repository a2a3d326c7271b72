"""What a benchmark run searches: a space, a training that can be looked up or run, and how to score it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from lrtune.search.space import Point, Space

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Range:
    """A parameter as the space reads it (the shape of ``lrtune.schedules.Param``)."""

    name: str
    kind: str
    low: Any = None
    high: Any = None
    log: bool = False
    choices: Any = None
    default: Any = None


@dataclass(frozen=True)
class Prior:
    """Interval and centre of the initial LR."""

    center: float
    low: float
    high: float


@dataclass(frozen=True)
class Training:
    """One whole training: validation loss after each epoch, NaN from the divergence on.

    ``key`` names the setting that was trained, so that its true value can be looked up.
    """

    key: int
    valid: FloatArray

    @property
    def epochs_run(self) -> int:
        """Epochs that a trainer would have been charged: it stops at the first NaN."""
        bad = np.flatnonzero(~np.isfinite(self.valid))
        return int(bad[0]) + 1 if len(bad) else len(self.valid)

    @property
    def diverged(self) -> bool:
        return not bool(np.isfinite(self.valid).all())


class Session(Protocol):
    """The trainings of one run on one problem; its randomness is its own."""

    def train(self, point: Point) -> Training: ...


class Problem(Protocol):
    """One task: train anywhere in ``space``; regret is normalised by its best and its median setting."""

    name: str
    space: Space
    epochs: int

    def start(self, seed: int) -> Session: ...

    def known(self, share: float, n: int) -> list[Point]:
        """``n`` settings that stand in their ranking at ``share`` (0 the best, 1 the worst), as if a team had
        measured them before."""
        ...

    def regret(self, key: int) -> float:
        """(true test value − best) / (median − best) of a setting that was trained, clipped."""
        ...
