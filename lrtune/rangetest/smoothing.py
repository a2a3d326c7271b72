"""A centred smoother: a local line through the points of a window that is wide in decades, not in steps."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lrtune.rangetest.sweep import FloatArray


@dataclass(frozen=True)
class Smoother:
    """Linear operators of shape (steps, steps): ``value @ y`` is the smoothed y, ``slope @ y`` its dy/dx."""

    value: FloatArray
    slope: FloatArray

    @classmethod
    def of(cls, x: FloatArray, window: float) -> Smoother:
        """Weighted least squares of a line in each point's window (Cleveland 1979), tricube weights.

        A line (rather than a mean) leaves no lag at the ends of the sweep; a window in decades (rather than
        in steps) gives the same result however densely the sweep is sampled.

        Args:
            x: log10 of the learning rates, strictly increasing, shape (steps,).
            window: Full width in decades; widened where it would hold fewer than five points.
        """
        n = len(x)
        distance = np.abs(x[:, None] - x[None, :])
        nearest = np.sort(distance, axis=1)[:, min(5, n) - 1]
        half = np.maximum(window / 2, nearest * 1.001)[:, None]
        weight = np.clip(1 - (distance / half) ** 3, 0, None) ** 3
        weight /= weight.sum(axis=1, keepdims=True)
        centre = (weight * x).sum(axis=1, keepdims=True)
        offset = x[None, :] - centre
        spread = (weight * offset**2).sum(axis=1, keepdims=True)
        slope = weight * offset / spread
        return cls(value=weight + slope * (x[:, None] - centre), slope=slope)
