"""Where a range test starts to fall, falls fastest, bottoms out and diverges."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from lrtune.rangetest.smoothing import Smoother
from lrtune.rangetest.sweep import FloatArray

WINDOW = 0.5
"""Width of the smoothing window, in decades."""

SLOPE_WINDOW = 1.0
"""Width of the window that the slope is taken in, in decades: a derivative is noisier than a value."""

START_DECADES = 0.5
"""The first part of the sweep, whose median is the level that the loss starts from."""

EDGE = 0.1
"""Share of the drop that must be gone at ``rise``, and that may be missing at ``divergence``."""

CLEAR = 5.0
"""Standard errors by which a level must differ from the start's to count as different."""

ROUNDING = 1e-12
"""Share of the loss's size below which a drop is rounding."""


@dataclass(frozen=True)
class Operators:
    """The smoothers of one sweep: made once, used for every resampled curve."""

    x: FloatArray
    level: Smoother
    slope: Smoother

    @classmethod
    def of(cls, x: FloatArray) -> Operators:
        return cls(x, Smoother.of(x, WINDOW), Smoother.of(x, SLOPE_WINDOW))


@dataclass(frozen=True)
class Shape:
    """One curve read: marks in log10(lr), NaN where the curve does not show them; levels in units of loss.

    ``start`` is the level before training starts, ``drop`` how far the smoothed curve falls below it, and
    ``error`` the standard error of the smoothed curve.
    """

    rise: float
    steepest: float
    minimum: float
    divergence: float
    start: float
    drop: float
    error: float

    @property
    def suggestion(self) -> float:
        """The mean (in decades) of where the loss starts to fall, falls fastest, and bottoms out.

        Of the combinations of marks that were tried on real trainings (docs/answer.md) the one with the
        smallest spread between repeats, at a loss as low as any other's.
        """
        return (self.rise + self.steepest + self.minimum) / 3

    @property
    def clear(self) -> bool:
        """Whether the drop stands out of the noise."""
        return not math.isnan(self.steepest)


def median_curve(loss: FloatArray) -> FloatArray:
    """The median over seeds at each LR, shape (steps,), ``inf`` where at least half of the seeds diverged.

    Args:
        loss: Shape (seeds, steps), ``inf`` after divergence. Each seed is first shifted to the median start
            level, so that initial weights that are luckier than others don't look like a step in the curve
            where a seed drops out.
    """
    ordered = np.sort(loss, axis=0)
    low, high = ordered[(len(loss) - 1) // 2], ordered[len(loss) // 2]
    return np.where(np.isfinite(high), low / 2 + np.where(np.isfinite(high), high, 0) / 2, np.inf)


def read(operators: Operators, curve: FloatArray) -> Shape:
    """Read one curve, shape (steps,), ``inf`` after divergence.

    All levels are relative to the curve's own start and drop, so the marks do not depend on the loss's scale
    or offset.
    """
    x = operators.x
    finite = np.isfinite(curve)
    if finite.sum() < 3:
        return Shape(math.nan, math.nan, math.nan, float(x[0]), math.nan, 0.0, 0.0)
    head = finite & (x <= x[0] + START_DECADES)
    head[:3] = finite[:3]
    start = float(np.median(curve[head]))
    noise = _noise(curve[finite])
    depth = start - _running_median_minimum(curve[finite])
    ceiling = start + max(depth, CLEAR * noise)
    capped = np.where(finite, np.minimum(np.where(finite, curve, 0.0), ceiling), ceiling)
    level = operators.level.value @ capped
    bottom = int(np.argmin(level))
    drop = max(start - float(level[bottom]), 0.0)
    error = noise * float(np.sqrt((operators.level.value[bottom] ** 2).sum()))
    edge = start + max(-EDGE * drop, 2 * error) if drop <= CLEAR * error else start - EDGE * drop
    divergence = _first_crossing(x, level, bottom, edge) if ceiling > start or not finite.all() else math.nan
    # Rounding alone makes a constant curve "fall" by some parts in 10^16 of its height.
    if drop <= max(CLEAR * error, ROUNDING * abs(start)):
        return Shape(math.nan, math.nan, math.nan, divergence, start, drop, error)
    rise = _last_crossing(x, level, bottom, start - EDGE * drop)
    slope = operators.slope.slope @ capped
    first = 0 if math.isnan(rise) else int(np.searchsorted(x, rise - SLOPE_WINDOW / 2))
    steepest = first + int(np.argmin(slope[first : bottom + 1]))
    return Shape(
        rise, _refined(x, slope, steepest), _refined(x, level, bottom), divergence, start, drop, error
    )


def _noise(values: FloatArray) -> float:
    """Standard deviation of white noise on a smooth curve, from its second differences (robustly)."""
    if len(values) < 3:
        return 0.0
    return 1.4826 * float(np.median(np.abs(np.diff(values, 2)))) / math.sqrt(6)


def _running_median_minimum(values: FloatArray) -> float:
    width = min(5, len(values))
    return float(np.median(np.lib.stride_tricks.sliding_window_view(values, width), axis=1).min())


def _first_crossing(x: FloatArray, level: FloatArray, after: int, edge: float) -> float:
    above = np.flatnonzero(level[after:] >= edge)
    if len(above) == 0:
        return math.nan
    return _between(x, level, after + int(above[0]), edge)


def _last_crossing(x: FloatArray, level: FloatArray, before: int, edge: float) -> float:
    above = np.flatnonzero(level[: before + 1] >= edge)
    if len(above) == 0:
        return math.nan
    return _between(x, level, min(int(above[-1]) + 1, before), edge)


def _between(x: FloatArray, level: FloatArray, right: int, edge: float) -> float:
    """The x at which the line between two neighbouring points crosses ``edge``."""
    if right == 0 or level[right] == level[right - 1]:
        return float(x[right])
    share = (edge - level[right - 1]) / (level[right] - level[right - 1])
    return float(x[right - 1] + min(max(share, 0.0), 1.0) * (x[right] - x[right - 1]))


def _refined(x: FloatArray, y: FloatArray, index: int) -> float:
    """The vertex of the parabola through a minimum and its two neighbours."""
    if index == 0 or index == len(x) - 1:
        return float(x[index])
    left, middle, right = y[index - 1], y[index], y[index + 1]
    bend = left - 2 * middle + right
    if not bend > 0:
        return float(x[index])
    step = (x[index + 1] - x[index - 1]) / 2
    return float(x[index] + np.clip((left - right) / (2 * bend), -0.5, 0.5) * step)
