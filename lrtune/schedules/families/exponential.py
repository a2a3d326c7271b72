"""The same relative drop at each step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lrtune.schedules.family import WARMUP, Family, Param
from lrtune.schedules.horizon import Horizon


@dataclass(frozen=True)
class Exponential:
    """``initial_lr · gamma^step`` with ``gamma = final_ratio^(1 / steps)``."""

    initial_lr: float
    final_lr: float
    final_ratio: float
    gamma: float
    steps: int

    def lr(self, step: int) -> float:
        return float(self.initial_lr * self.final_ratio ** (step / self.steps))


def _lay(lr: float, params: Mapping[str, Any], horizon: Horizon) -> Exponential:
    ratio, steps = params["final_ratio"], horizon.steps
    return Exponential(lr, lr * ratio, ratio, ratio ** (1 / steps), steps)


EXPONENTIAL = Family(
    name="exponential",
    title="Exponential",
    summary="The same relative drop at each step, from the initial LR to a small part of it.",
    params=(
        Param(
            name="final_ratio",
            kind="float",
            default=0.01,
            low=1e-4,
            high=0.5,
            log=True,
            least=1e-12,
            most=1.0,
            doc="LR at the end of the run, over the initial LR.",
        ),
        WARMUP,
    ),
    simplicity=1,
    lay=_lay,
)
