"""Decay with the square root of the step."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lrtune.schedules.family import WARMUP, Family, Param
from lrtune.schedules.horizon import Horizon, whole


@dataclass(frozen=True)
class InverseSqrt:
    """``initial_lr · √(timescale / (timescale + step))`` (the decay of Vaswani et al. 2017)."""

    initial_lr: float
    timescale: int

    def lr(self, step: int) -> float:
        return self.initial_lr * math.sqrt(self.timescale / (self.timescale + step))


def _lay(lr: float, params: Mapping[str, Any], horizon: Horizon) -> InverseSqrt:
    return InverseSqrt(lr, whole(params["timescale"], horizon.steps))


INVERSE_SQRT = Family(
    name="inverse_sqrt",
    title="Inverse square root",
    summary="Falls with the square root of the step and never reaches 0 (Noam).",
    params=(
        Param(
            name="timescale",
            kind="float",
            default=0.05,
            low=0.01,
            high=0.1,
            log=True,
            least=1e-4,
            most=10.0,
            doc="After this part of the run after the warmup the LR has fallen to 71 %.",
        ),
        WARMUP,
    ),
    simplicity=1,
    lay=_lay,
)
