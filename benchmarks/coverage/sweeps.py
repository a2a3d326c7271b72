"""Simulated sweeps whose true marks are known: how often do the intervals hold them?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lrtune.rangetest import analyse, sweep_lrs
from lrtune.rangetest.analysis import NAMES
from lrtune.rangetest.marks import Operators, median_curve, read
from lrtune.rangetest.sweep import FloatArray

LRS = sweep_lrs(1e-7, 10, 25)
X = np.log10(LRS)
MANY = 501
"""Seeds whose median curve stands for the truth."""


@dataclass(frozen=True)
class Kind:
    """Simulated tasks: sd of the batch noise (the drop is 0.8), and of the seeds' shift in decades."""

    name: str
    noise: float
    shift: float


KINDS = (Kind("clean", 0.03, 0.1), Kind("noisy", 0.15, 0.1), Kind("unlike seeds", 0.05, 0.3))


@dataclass(frozen=True)
class Task:
    """A loss that falls from 1 to 0.2 around ``fall`` and is back near ``edge``."""

    kind: Kind
    fall: float
    width: float
    edge: float

    @classmethod
    def draw(cls, kind: Kind, rng: np.random.Generator) -> Task:
        fall = rng.uniform(-4, -2)
        return cls(kind, fall, rng.uniform(0.15, 0.4), fall + rng.uniform(1.5, 2.5))

    def curves(self, seeds: int, rng: np.random.Generator) -> FloatArray:
        """Raw losses, shape (seeds, steps)."""
        x = X + self.kind.shift * rng.standard_normal((seeds, 1))
        loss = 1 - 0.8 / (1 + np.exp(-(x - self.fall) / self.width)) + 0.8 * 10 ** (2 * (x - self.edge))
        return np.asarray(loss + self.kind.noise * rng.standard_normal(loss.shape))


def coverage(kind: Kind, jobs: int, seeds: int, rng: np.random.Generator) -> tuple[dict[str, float], float]:
    """Share of the intervals that hold the truth, by mark; and the share of jobs with a suggestion.

    The truth is the mark of the median over very many seeds of the noise-free curves. A job that shows no
    suggestion has no interval for it and does not count there.
    """
    operators = Operators.of(X)
    held: dict[str, list[bool]] = {name: [] for name in (*NAMES, "suggestion")}
    for _ in range(jobs):
        task = Task.draw(kind, rng)
        quiet = Task(Kind("", 0.0, kind.shift), task.fall, task.width, task.edge)
        truth = read(operators, median_curve(quiet.curves(MANY, rng)))
        found = analyse(LRS, task.curves(seeds, rng), rng=rng)
        for name in NAMES:
            mark = getattr(found.marks, name)
            if mark is not None:
                held[name].append(mark.low <= 10 ** getattr(truth, name) <= mark.high)
        if found.suggestion is not None:
            held["suggestion"].append(found.suggestion.low <= 10**truth.suggestion <= found.suggestion.high)
    shares = {name: float(np.mean(values)) if values else float("nan") for name, values in held.items()}
    return shares, len(held["suggestion"]) / jobs
