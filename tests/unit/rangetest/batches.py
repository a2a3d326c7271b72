"""Synthetic sweeps at several batch sizes, whose exponent is known."""

from __future__ import annotations

import numpy as np

from lrtune.rangetest.scaling import Batch
from lrtune.wire import Curve
from tests.unit.rangetest.sweeps import Shape, sweep


def curves(shape: Shape, *, rng: int = 0, seeds: int = 5, noise: float = 0.02) -> list[Curve]:
    lr, loss = sweep(shape, rng=rng, seeds=seeds, noise=noise)
    return [
        Curve(seed=n, lr=lr.tolist(), loss=[None if np.isnan(v) else v for v in row])
        for n, row in enumerate(loss.tolist())
    ]


def batches(exponent: float, sizes: tuple[int, ...] = (16, 64, 256), **how: float) -> list[Batch]:
    """Sweeps whose curves move with the batch by that power."""
    moved = [exponent * np.log10(size / 64) for size in sizes]
    return [
        Batch(size, 1, curves(Shape(fall=-2.2 + by, break_=-1.2 + by), rng=size, **how))  # type: ignore[arg-type]
        for size, by in zip(sizes, moved, strict=True)
    ]
