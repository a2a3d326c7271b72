"""Sweeps and trainings of a pair, many at once, by lrtune's own engine."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from benchmarks.range_test.pairs import Pair
from lrtune.rangetest.sweep import FloatArray
from lrtune.wire import OptimizerSpec, Setting
from workers.protocol import Continue, Finished, Lane
from workers.trainer.contract import build_workload
from workers.trainer.loop import train
from workers.trainer.population import FusedLanes
from workers.trainer.sweep import sweep
from workers.trainer.workload import Workload

LANES = 24


@dataclass(frozen=True)
class Cosine:
    """The LR decayed to zero by half a cosine; ``constant`` keeps it."""

    initial_lr: float
    total_steps: int
    constant: bool = False

    def lr(self, step: int) -> float:
        if self.constant:
            return self.initial_lr
        return self.initial_lr * 0.5 * (1 + math.cos(math.pi * step / self.total_steps))

    def epoch_end(self, metric: float) -> None:
        """Nothing to react to."""

    def state_dict(self) -> dict[str, Any]:
        return {}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Nothing to remember."""


def start(setting: Setting, *, total_steps: int, steps_per_epoch: int) -> Cosine:
    """A course of the two schedules that this benchmark needs."""
    return Cosine(setting.initial_lr, total_steps, setting.schedule == "constant")


def load(pair: Pair) -> Workload:
    """The pair, ready to run on the CPU."""
    return build_workload(
        pair.task(),
        optimizer=OptimizerSpec.model_validate(pair.optimizer),
        batch_size=None,
        device=torch.device("cpu"),
    )


def sweeps(workload: Workload, lrs: FloatArray, seeds: Sequence[int]) -> FloatArray:
    """Raw losses of a sweep, shape (seeds, steps), NaN after divergence."""
    rows = []
    for first in range(0, len(seeds), LANES):
        part = seeds[first : first + LANES]
        swept = sweep(workload, FusedLanes(workload), [float(v) for v in lrs], part, lambda *_: None)
        rows += [[math.nan if v is None else v for v in curve.loss] for curve in swept]
    return np.array(rows, dtype=np.float64)


def trainings(
    workload: Workload, runs: Sequence[tuple[float, int]], epochs: int, schedule: str = "cosine"
) -> FloatArray:
    """Final validation loss of each ``(lr, seed)``, NaN if it diverged, shape (runs,)."""
    values = np.full(len(runs), np.nan)
    lanes = [
        Lane(number=i, setting=Setting(schedule=schedule, initial_lr=lr), seed=seed, epochs=epochs)
        for i, (lr, seed) in enumerate(runs)
    ]

    def finish(end: Finished) -> None:
        if end.value is not None:
            values[end.number] = end.value

    train(
        workload,
        FusedLanes(workload),
        LANES,
        lanes,
        "loss",
        start=start,
        finish=finish,
        exchange=lambda _: Continue(),
        working=lambda *_: None,
    )
    return values
