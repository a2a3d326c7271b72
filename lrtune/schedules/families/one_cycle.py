"""Up once, then down to almost nothing."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lrtune.schedules.family import OWN_WARMUP, Family, Param
from lrtune.schedules.horizon import Horizon, whole

LEAST_STEPS = 3
"""A cycle needs a first, a highest and a last step; a shorter run sees the beginning of one of three."""


@dataclass(frozen=True)
class OneCycle:
    """Half a cosine from ``initial_lr`` up to ``max_lr``, then one down to ``min_lr``.

    Smith and Topin 2019 (arXiv:1708.07120), annealed as in fast.ai. The highest LR is at step
    ``up_steps − 1``, the lowest at the last step of ``steps``.
    """

    initial_lr: float
    max_lr: float
    min_lr: float
    div_factor: float
    final_div_factor: float
    up_steps: int
    steps: int

    def lr(self, step: int) -> float:
        top = self.up_steps - 1
        if step <= top:
            return _between(self.initial_lr, self.max_lr, step / top)
        return _between(self.max_lr, self.min_lr, (step - top) / (self.steps - 1 - top))


def _between(first: float, last: float, part: float) -> float:
    return last + (first - last) / 2.0 * (1.0 + math.cos(math.pi * part))


def _lay(lr: float, params: Mapping[str, Any], horizon: Horizon) -> OneCycle:
    steps = max(horizon.steps, LEAST_STEPS)
    first = lr / params["div"]
    return OneCycle(
        initial_lr=first,
        max_lr=lr,
        min_lr=first / params["final_div"],
        div_factor=params["div"],
        final_div_factor=params["final_div"],
        up_steps=min(whole(params["pct_start"], steps, least=2), steps - 1),
        steps=steps,
    )


ONE_CYCLE = Family(
    name="one_cycle",
    title="One cycle",
    summary="Up to the initial LR in the first part of the run, then down to almost nothing.",
    params=(
        Param(
            name="pct_start",
            kind="float",
            default=0.3,
            low=0.1,
            high=0.45,
            least=0.0,
            most=1.0,
            doc="Part of the run after the warmup in which the LR rises.",
        ),
        Param(
            name="div",
            kind="float",
            default=25.0,
            low=5.0,
            high=50.0,
            log=True,
            least=1.0,
            most=1e6,
            doc="Highest LR over the first.",
        ),
        Param(
            name="final_div",
            kind="float",
            default=1e4,
            low=1e2,
            high=1e5,
            log=True,
            least=1e-3,
            most=1e9,
            doc="First LR over the last.",
        ),
        OWN_WARMUP,
    ),
    simplicity=2,
    lay=_lay,
)
