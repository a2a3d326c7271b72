"""Decay along half a cosine."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lrtune.schedules.family import WARMUP, Family, Param
from lrtune.schedules.horizon import Horizon


@dataclass(frozen=True)
class Cosine:
    """``min_lr + (initial_lr − min_lr) · (1 + cos(π · step / steps)) / 2`` (Loshchilov and Hutter 2017)."""

    initial_lr: float
    min_lr: float
    min_ratio: float
    steps: int

    def lr(self, step: int) -> float:
        height = 0.5 * (1.0 + math.cos(math.pi * step / self.steps))
        return self.min_lr + (self.initial_lr - self.min_lr) * height


def _lay(lr: float, params: Mapping[str, Any], horizon: Horizon) -> Cosine:
    ratio = params["min_ratio"]
    return Cosine(lr, lr * ratio, ratio, horizon.steps)


MIN_RATIO = Param(
    name="min_ratio",
    kind="float",
    default=0.0,
    low=0.0,
    high=0.1,
    least=0.0,
    most=1.0,
    doc="Lowest LR, over the initial LR.",
)

COSINE = Family(
    name="cosine",
    title="Cosine",
    summary="Half a cosine from the initial LR to a small part of it or to 0.",
    params=(MIN_RATIO, WARMUP),
    simplicity=1,
    lay=_lay,
)
