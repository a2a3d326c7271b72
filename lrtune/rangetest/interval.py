"""Intervals over seeds: a bootstrap, widened for how few the seeds are."""

from __future__ import annotations

import math

import numpy as np

from lrtune.rangetest.student import t_quantile
from lrtune.rangetest.sweep import FloatArray

RESAMPLES = 400


def resamples(seeds: int, rng: np.random.Generator, count: int = RESAMPLES) -> list[FloatArray]:
    """Index arrays that draw ``seeds`` seeds with replacement."""
    return list(rng.integers(seeds, size=(count, seeds)))


def interval(estimate: float, replicates: FloatArray, seeds: int) -> tuple[float, float]:
    """The 95 % interval of an estimate from its bootstrap replicates.

    ``estimate ± t(0.975, seeds - 1) · sqrt(seeds / (seeds - 1)) · sd*``: the bootstrap's standard deviation
    is that of a sample divided by ``seeds``, not ``seeds - 1``, and with so few seeds a normal quantile is
    too short (Efron and Tibshirani 1993, chapters 12 and 13). ``sd*`` is half the width of the middle 68 % of
    the replicates, so that the few in which one odd seed is in the majority do not widen everything.

    Args:
        estimate: The estimate from all seeds.
        replicates: The same from resampled seeds; NaN where a resample did not show it.
        seeds: How many there are; with one seed the interval is infinite.
    """
    found = replicates[np.isfinite(replicates)]
    if seeds < 2 or len(found) < 2:
        return -math.inf, math.inf
    spread = float(np.diff(np.quantile(found, [0.16, 0.84]))[0]) / 2
    half = t_quantile(0.975, seeds - 1) * math.sqrt(seeds / (seeds - 1)) * spread
    return estimate - half, estimate + half
