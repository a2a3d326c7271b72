"""Decay along a power of the time left."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lrtune.schedules.family import WARMUP, Family, Param
from lrtune.schedules.horizon import Horizon, whole


@dataclass(frozen=True)
class Polynomial:
    """``end_lr + (initial_lr − end_lr) · (1 − step / decay_steps)^power``, then ``end_lr``."""

    initial_lr: float
    end_lr: float
    end_ratio: float
    power: float
    decay_steps: int

    def lr(self, step: int) -> float:
        left = 1.0 - min(step, self.decay_steps) / self.decay_steps
        return float(self.initial_lr * (self.end_ratio + (1.0 - self.end_ratio) * left**self.power))


def _lay(lr: float, params: Mapping[str, Any], horizon: Horizon) -> Polynomial:
    ratio = params["end_ratio"]
    return Polynomial(lr, lr * ratio, ratio, params["power"], whole(params["decay_fraction"], horizon.steps))


POLYNOMIAL = Family(
    name="polynomial",
    title="Polynomial",
    summary="Down along a power of the time left, then held.",
    params=(
        Param(
            name="power",
            kind="float",
            default=1.0,
            low=0.1,
            high=2.0,
            least=0.01,
            most=10.0,
            doc="Below 1 the LR stays high and falls late, above 1 it falls early.",
        ),
        Param(
            name="decay_fraction",
            kind="float",
            default=0.9,
            low=0.01,
            high=0.99,
            least=0.001,
            most=1.0,
            doc="Part of the run after the warmup in which the LR falls; after it the LR is held.",
        ),
        Param(
            name="end_ratio",
            kind="categorical",
            default=1e-3,
            choices=(0.0, 1e-3, 1e-2),
            doc="LR that is held in the end, over the initial LR.",
        ),
        WARMUP,
    ),
    simplicity=2,
    lay=_lay,
)
