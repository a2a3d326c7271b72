"""The truth of a pair: final validation loss over a dense grid of LRs at full horizon, cosine-decayed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.range_test.pairs import Pair
from benchmarks.range_test.training import trainings
from lrtune.rangetest.sweep import FloatArray
from workers.trainer.workload import Workload

COARSE = tuple(float(x) for x in np.arange(-5.0, 1.01, 0.5))
COARSE_SEEDS = 2
FINE = tuple(float(x) for x in np.arange(-0.75, 0.76, 0.125))
FINE_SEEDS = 8
FIRST_SEED = 10_000
"""The truth's seeds; repeats of the tools never use them."""


@dataclass(frozen=True)
class Truth:
    """Mean final loss against log10(lr): ``x`` rising, ``loss`` infinite where every seed diverged."""

    x: FloatArray
    loss: FloatArray

    @property
    def best(self) -> float:
        """log10 of the best LR, from a parabola through the floor of the valley."""
        i = int(np.argmin(self.loss))
        near = np.abs(self.x - self.x[i]) <= 0.4
        near &= np.isfinite(self.loss)
        a, b, _ = np.polyfit(self.x[near], self.loss[near], 2)
        if a <= 0:
            return float(self.x[i])
        return float(np.clip(-b / (2 * a), self.x[near].min(), self.x[near].max()))

    @property
    def best_loss(self) -> float:
        return float(self.loss.min())

    def regret(self, lr: float) -> float:
        """Loss at an LR over the best loss, interpolated in log10(lr); infinite where training diverges."""
        x = np.clip(np.log10(lr), self.x[0], self.x[-1])
        return float(max(np.interp(x, self.x, self.loss) / self.best_loss, 1.0))


def measure(pair: Pair, load: Callable[[], Workload], folder: Path) -> Truth:
    """Measure the truth of a pair, or read it if it was measured before.

    A coarse grid over six decades finds the region, a fine grid around its best LR with more seeds the rest.
    """
    path = folder / f"truth-{pair.name.replace('/', '-')}.npz"
    if not path.exists():
        workload = load()
        coarse = [(x, FIRST_SEED + s) for x in COARSE for s in range(COARSE_SEEDS)]
        values = trainings(workload, [(10**x, seed) for x, seed in coarse], pair.epochs)
        means = np.nan_to_num(values.reshape(len(COARSE), COARSE_SEEDS).mean(axis=1), nan=np.inf)
        centre = COARSE[int(np.argmin(means))]
        fine = [(centre + dx, FIRST_SEED + s) for dx in FINE for s in range(FINE_SEEDS)]
        more = trainings(workload, [(10**x, seed) for x, seed in fine], pair.epochs)
        folder.mkdir(parents=True, exist_ok=True)
        runs = np.array(coarse + fine)
        np.savez(path, x=runs[:, 0], seed=runs[:, 1], value=np.concatenate([values, more]))
    data = np.load(path)
    x = np.round(data["x"], 6)
    grid = np.unique(x)
    loss = np.array([np.nan_to_num(data["value"][x == at], nan=np.inf).mean() for at in grid])
    return Truth(grid, loss)
