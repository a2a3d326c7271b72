"""The family-aware model of the search: what it believes of every setting, and what to try next."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm, qmc

from lrtune.search.evidence import Evidence
from lrtune.search.forecast import SCALE, Forecast
from lrtune.search.gaussian import Posterior
from lrtune.search.space import Point, Space

FloatArray = NDArray[np.float64]

CANDIDATES = 768
"""Points of an even cover that are looked at, over all families."""

LOCAL = 384
"""Points near the best trials that are looked at."""

SHORTLIST = 128
"""Points, the best of those by themselves, among which a whole generation is chosen jointly."""

MAX_POINTS = 800
"""Trials beyond this, the worst ones, are left out: the cost grows with the cube of their number."""

SHRINK = 2.0
"""Noise standard deviations by which the model may move a completed trial's own value towards its mean."""


class Model:
    """A posterior over final values, given the evidence.

    Args:
        space: The search space.
        evidence: Finished trials, at least one.
    """

    def __init__(self, space: Space, evidence: Sequence[Evidence]) -> None:
        epochs = max((item.epochs for item in evidence), default=1)
        self.space = space
        self.forecast = Forecast(evidence, epochs)
        guesses = [self.forecast.final(item) for item in evidence]
        y = np.array([guess for guess, _ in guesses])
        sd = np.array([sd for _, sd in guesses])
        rows = np.arange(len(evidence))
        if len(rows) > MAX_POINTS:
            rows = np.sort(np.argsort(y, kind="stable")[:MAX_POINTS])
        self.evidence = [evidence[i] for i in rows.tolist()]
        self.points = [item.point for item in self.evidence]
        self.posterior = Posterior(space, self.points, y[rows], sd[rows] ** 2)
        mean, _ = self.posterior.predict(self.posterior.embed(self.points))
        reach = SHRINK * self.posterior.noise
        seen = y[rows]
        self.score = np.where(sd[rows] > 0, mean, seen + np.clip(mean - seen, -reach, reach))

    @property
    def target(self) -> float:
        """Best score of a completed trial, compressed."""
        done = [s for s, e in zip(self.score, self.evidence, strict=True) if not e.pruned and not e.diverged]
        return float(min(done)) if done else float(self.score.min())

    def candidates(self, rng: np.random.Generator) -> list[Point]:
        """Points worth a look: an even cover of each family, and the neighbourhood of the best."""
        points: list[Point] = []
        each = max(CANDIDATES // len(self.space.families), 32)
        for family in self.space.families:
            sobol = qmc.Sobol(self.space.dimensions(family), scramble=True, rng=rng)
            cube = sobol.random_base2((each - 1).bit_length())
            points.extend(Point(family, tuple(row)) for row in cube.tolist())
        best = [self.points[i] for i in np.argsort(self.score, kind="stable")[:12]]
        for i in range(LOCAL):
            parent = best[i % len(best)]
            u = np.array(parent.u)
            moved = rng.random(len(u)) < max(0.5, 1 / len(u))
            moved[rng.integers(len(u))] = True
            step = rng.standard_normal(len(u)) * 10 ** rng.uniform(-2, -0.6)
            u = np.where(moved, u + step, u)
            points.append(Point(parent.family, tuple(np.clip(u, 0.0, 1.0).tolist())))
        return points

    def expected_gain(self, rng: np.random.Generator) -> float:
        """Expected improvement of the most promising candidate over the best completed trial.

        In distances between the median trial and the best: near the best the model's values are
        ``4 · (value - best) / (median - best)`` (see ``Compression``).
        """
        mean, sd = self.posterior.predict(self.posterior.embed(self.candidates(rng)))
        return float(self._gain(mean, sd, self.target).max()) / SCALE

    def ask(self, n: int, rng: np.random.Generator) -> list[Point]:
        """``n`` points by expected improvement, each after believing the mean of those before it."""
        candidates = self.candidates(rng)
        x = self.posterior.embed(candidates)
        mean, sd = self.posterior.predict(x)
        short = np.argsort(-self._gain(mean, sd, self.target), kind="stable")[:SHORTLIST]
        mean, covariance = self.posterior.joint(x.take(short))
        noise = self.posterior.noise**2
        chosen: list[Point] = []
        target = self.target
        for _ in range(n):
            sd = np.sqrt(np.maximum(np.diag(covariance), 1e-12))
            gain = self._gain(mean, sd, target)
            pick = int(gain.argmax())
            chosen.append(candidates[int(short[pick])])
            column = covariance[:, pick]
            covariance = covariance - np.outer(column, column) / (column[pick] + noise)
            target = min(target, float(mean[pick]))
        return chosen

    @staticmethod
    def _gain(mean: FloatArray, sd: FloatArray, target: float) -> FloatArray:
        z = (target - mean) / sd
        return np.asarray(sd * (z * norm.cdf(z) + norm.pdf(z)))
