"""Decay along a straight line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lrtune.schedules.family import WARMUP, Family, Param
from lrtune.schedules.horizon import Horizon


@dataclass(frozen=True)
class Linear:
    """``initial_lr · (1 + (end_ratio − 1) · step / steps)``: ``end_lr`` is met just after the last step."""

    initial_lr: float
    end_lr: float
    end_ratio: float
    steps: int

    def lr(self, step: int) -> float:
        return self.initial_lr * (1.0 + (self.end_ratio - 1.0) * step / self.steps)


def _lay(lr: float, params: Mapping[str, Any], horizon: Horizon) -> Linear:
    ratio = params["end_ratio"]
    return Linear(lr, lr * ratio, ratio, horizon.steps)


LINEAR = Family(
    name="linear",
    title="Linear",
    summary="Straight from the initial LR to a small part of it.",
    params=(
        Param(
            name="end_ratio",
            kind="float",
            default=0.0,
            low=0.0,
            high=0.1,
            least=0.0,
            most=1.0,
            doc="LR at the end of the run, over the initial LR.",
        ),
        WARMUP,
    ),
    simplicity=1,
    lay=_lay,
)
