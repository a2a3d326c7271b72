"""Means and paired differences with their intervals."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lrtune.rangetest.student import t_quantile


@dataclass(frozen=True)
class Mean:
    """A mean over seeds with its standard error and 95 % t interval."""

    mean: float
    error: float
    low: float
    high: float
    seeds: int


def mean(values: Sequence[float]) -> Mean:
    """The mean of finite values, one per seed, with Student's interval; infinite with a single value.

    Raises:
        ValueError: There is no value.
    """
    if not values:
        raise ValueError("no values to average")
    data = np.asarray(values, dtype=np.float64)
    centre = float(data.mean())
    if len(data) < 2:
        return Mean(centre, math.inf, -math.inf, math.inf, 1)
    error = float(data.std(ddof=1)) / math.sqrt(len(data))
    half = t_quantile(0.975, len(data) - 1) * error
    return Mean(centre, error, centre - half, centre + half, len(data))
