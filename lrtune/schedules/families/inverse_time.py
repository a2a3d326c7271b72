"""Decay with one over the step: Keras's legacy ``decay``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lrtune.schedules.family import WARMUP, Family, Param
from lrtune.schedules.horizon import Horizon


@dataclass(frozen=True)
class InverseTime:
    """``initial_lr / (1 + decay · step / steps)``; ``decay / steps`` is Keras's legacy ``decay``."""

    initial_lr: float
    decay: float
    decay_per_step: float
    steps: int

    def lr(self, step: int) -> float:
        return self.initial_lr / (1.0 + self.decay * step / self.steps)


def _lay(lr: float, params: Mapping[str, Any], horizon: Horizon) -> InverseTime:
    return InverseTime(lr, params["decay"], params["decay"] / horizon.steps, horizon.steps)


INVERSE_TIME = Family(
    name="inverse_time",
    title="Inverse time",
    summary="The initial LR over 1 + decay · elapsed part of the run: Keras's legacy decay.",
    params=(
        Param(
            name="decay",
            kind="float",
            default=10.0,
            low=0.1,
            high=100.0,
            log=True,
            least=0.0,
            most=1e6,
            doc="The initial LR over the LR at the end of the run, less 1.",
        ),
        WARMUP,
    ),
    simplicity=1,
    lay=_lay,
)
