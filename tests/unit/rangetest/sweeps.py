"""Synthetic sweeps whose marks are known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lrtune.rangetest import sweep_lrs
from lrtune.rangetest.sweep import FloatArray


@dataclass(frozen=True)
class Shape:
    """The loss as a function of x = log10(lr), before noise.

    It falls from 1 to 0.2 along a logistic curve whose steepest point is ``fall``, and grows as ``10**(2·(x -
    break_))`` (so that it is back where it started near ``break_``). ``nan_at``: from there on it is NaN.
    """

    fall: float = -3.0
    width: float = 0.25
    break_: float = 0.0
    depth: float = 0.8
    nan_at: float = np.inf

    def __call__(self, x: FloatArray) -> FloatArray:
        loss = 1 - self.depth / (1 + np.exp(-(x - self.fall) / self.width))
        loss = loss + self.depth * 10 ** (2 * (x - self.break_))
        return np.where(x >= self.nan_at, np.nan, loss)


CLEAN = Shape()


def sweep(
    shape: Shape = CLEAN,
    *,
    seeds: int = 5,
    noise: float = 0.02,
    jitter: float = 0.05,
    rng: np.random.Generator | int = 0,
    low: float = 1e-7,
    high: float = 10.0,
    per_decade: int = 25,
) -> tuple[FloatArray, FloatArray]:
    """LRs and losses: every seed has white noise and its own small shift along x (``jitter`` decades)."""
    rng = np.random.default_rng(rng)
    lr = sweep_lrs(low, high, per_decade)
    x = np.log10(lr)
    rows = [
        shape(x + jitter * rng.standard_normal()) + noise * rng.standard_normal(len(x)) for _ in range(seeds)
    ]
    return lr, np.array(rows)
