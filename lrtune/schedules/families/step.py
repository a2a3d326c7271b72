"""Drops at equal distances."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lrtune.schedules.family import WARMUP, Family, Param
from lrtune.schedules.horizon import Horizon


@dataclass(frozen=True)
class Step:
    """``initial_lr · gamma^⌊step / step_size⌋``."""

    initial_lr: float
    gamma: float
    step_size: int
    drops: int

    def lr(self, step: int) -> float:
        return float(self.initial_lr * self.gamma ** (step // self.step_size))


def _lay(lr: float, params: Mapping[str, Any], horizon: Horizon) -> Step:
    # Rounded up, so that rounding never adds a drop near the end.
    return Step(lr, params["gamma"], -(-horizon.steps // (params["drops"] + 1)), params["drops"])


GAMMA = Param(
    name="gamma",
    kind="float",
    default=0.1,
    low=0.1,
    high=0.7,
    least=1e-6,
    most=1.0,
    doc="What each drop multiplies the LR by.",
)

STEP = Family(
    name="step",
    title="Step",
    summary="The same drop several times, at equal distances.",
    params=(
        GAMMA,
        Param(
            name="drops",
            kind="int",
            default=2,
            low=1,
            high=4,
            least=1,
            most=1000,
            doc="Number of drops; they split the run into equal parts.",
        ),
        WARMUP,
    ),
    simplicity=2,
    lay=_lay,
)
