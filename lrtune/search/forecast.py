"""From part of a curve to the final value: how much an early loss says is learned from earlier trials."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from lrtune.search.evidence import Evidence
from lrtune.search.rungs import rungs

FloatArray = NDArray[np.float64]

SCALE = 4.0
"""The distance between the median and the best value, in units of the linear part of the compression."""

FLOOR = 0.005
"""Differences below this share of the best value are not spread out further."""

RANK = 0.5
"""Weight of the rank beside the distance."""

SLOPE_SD = 0.3
RESIDUAL_SD = 0.6
PRIOR_PAIRS = 3.0
"""What is believed of a forecast before any pair is seen, in compressed units: the slope from a rung to the
next is 1 ± SLOPE_SD, the residual RESIDUAL_SD with the weight of PRIOR_PAIRS pairs."""


class Compression:
    """A rising function that makes losses comparable, from what was seen.

    The sum of two parts: ``asinh((value − best) / scale)``, linear near the best and logarithmic far from it,
    which keeps distances that matter; and the normal score of the value's rank among those seen, which keeps
    apart what the first part squeezes together (trainings that have hardly begun to learn).

    Args:
        seen: Last finite value of each trial.
    """

    def __init__(self, seen: Sequence[float]) -> None:
        values = np.sort(np.asarray(seen if len(seen) else [0.0, 1.0], dtype=float))
        self.best = float(values[0])
        middle = float(np.median(values))
        self.scale = max((middle - self.best) / SCALE, FLOOR * abs(self.best), 1e-12)
        scores = norm.ppf((np.arange(len(values)) + 0.5) / len(values))
        self._knots, first = np.unique(values, return_index=True)
        counts = np.diff([*first, len(values)])
        means = np.add.reduceat(scores, first) / counts
        self._scores = RANK * means
        self._far = float(np.arcsinh((values[-1] - self.best) / self.scale))
        self._far = max(min(self._far, float(np.arcsinh(4.0)) + 1.0), 0.5)
        self.cap = self._far + float(self._scores[-1])

    def __call__(self, value: float) -> float:
        if not math.isfinite(value):
            return self.cap
        near = min(math.asinh((value - self.best) / self.scale), self._far)
        return min(near + float(np.interp(value, self._knots, self._scores)), self.cap)


def compression(evidence: Sequence[Evidence]) -> Compression:
    """The compression that suits what was seen."""
    seen = []
    for item in evidence:
        finite = [v for v in item.curve if math.isfinite(v)]
        if item.value is not None and math.isfinite(item.value):
            seen.append(item.value)
        elif item.pruned and finite:
            seen.append(finite[-1])
    return Compression(seen)


@dataclass(frozen=True)
class Link:
    """``y at the next rung = intercept + slope · y at this one ± sd``."""

    intercept: float
    slope: float
    sd: float


def _link(now: FloatArray, later: FloatArray) -> Link:
    """Bayesian regression of the change, shrunk towards slope 1."""
    if len(now) == 0:
        return Link(0.0, 1.0, RESIDUAL_SD)
    centre_now, centre_later = float(now.mean()), float(later.mean())
    x, d = now - centre_now, (later - centre_later) - (now - centre_now)
    ridge = (RESIDUAL_SD / SLOPE_SD) ** 2
    slope = 1.0 + float(x @ d) / (float(x @ x) + ridge)
    slope = max(slope, 0.0)
    residual = (later - centre_later) - slope * x
    freedom = PRIOR_PAIRS + max(len(now) - 1, 0)
    sd = math.sqrt((PRIOR_PAIRS * RESIDUAL_SD**2 + float(residual @ residual)) / freedom)
    return Link(centre_later - slope * centre_now, slope, sd * math.sqrt(1 + 1 / len(now)))


class Forecast:
    """Forecasts of the final (compressed) value from a rung, chained over the rungs.

    Args:
        evidence: Earlier trials of ``epochs`` epochs (others are ignored).
    """

    def __init__(self, evidence: Sequence[Evidence], epochs: int) -> None:
        self.compress = compression(evidence)
        self.epochs = epochs
        self.rungs = rungs(epochs)
        stops = [*self.rungs, epochs]
        links = []
        for here, there in pairwise(stops):
            pairs = []
            for item in evidence:
                if item.epochs == epochs and len(item.curve) >= there:
                    now, later = item.curve[here - 1], item.curve[there - 1]
                    if math.isfinite(now) and math.isfinite(later):
                        pairs.append((self.compress(now), self.compress(later)))
            seen = np.array(pairs).reshape(-1, 2)
            links.append(_link(seen[:, 0], seen[:, 1]))
        self._links = dict(zip(self.rungs, links, strict=True))

    def chain(self, rung: int) -> Link:
        """From a rung to the last epoch."""
        intercept, slope, variance = 0.0, 1.0, 0.0
        for epoch in self.rungs[self.rungs.index(rung) :]:
            link = self._links[epoch]
            intercept = link.intercept + link.slope * intercept
            slope = link.slope * slope
            variance = link.slope**2 * variance + link.sd**2
        return Link(intercept, slope, math.sqrt(variance))

    def final(self, item: Evidence) -> tuple[float, float]:
        """Compressed final value of a trial and the standard deviation of that guess (0 if it ended)."""
        if item.value is not None:
            return self.compress(item.value), 0.0
        reached = [rung for rung in self.rungs if rung <= len(item.curve)]
        if not reached or not math.isfinite(item.curve[reached[-1] - 1]):
            last = [v for v in item.curve if math.isfinite(v)]
            return (self.compress(last[-1]) if last else self.compress.cap), 2 * RESIDUAL_SD
        link = self.chain(reached[-1])
        return link.intercept + link.slope * self.compress(item.curve[reached[-1] - 1]), link.sd
