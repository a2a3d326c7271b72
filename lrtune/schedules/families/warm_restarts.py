"""Cosines one after the other: SGDR."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lrtune.schedules.families.cosine import MIN_RATIO
from lrtune.schedules.family import WARMUP, Family, Param
from lrtune.schedules.horizon import Horizon, whole


@dataclass(frozen=True)
class WarmRestarts:
    """Cosines from ``initial_lr`` to ``min_lr`` of ``t_0``, ``t_0 · t_mult``, ``t_0 · t_mult²`` … steps.

    Loshchilov and Hutter 2017 (arXiv:1608.03983), equation 5. ``starts`` are the steps at which a cosine
    begins, within the horizon.
    """

    initial_lr: float
    min_lr: float
    min_ratio: float
    t_0: int
    t_mult: int
    starts: tuple[int, ...]

    def lr(self, step: int) -> float:
        cycle = bisect_right(self.starts, step) - 1
        length = self.t_0 * self.t_mult**cycle
        height = 0.5 * (1.0 + math.cos(math.pi * (step - self.starts[cycle]) / length))
        return self.min_lr + (self.initial_lr - self.min_lr) * height


def _lay(lr: float, params: Mapping[str, Any], horizon: Horizon) -> WarmRestarts:
    ratio, t_0, t_mult = params["min_ratio"], whole(params["period"], horizon.steps), params["mult"]
    starts, length = [0], t_0
    while starts[-1] + length < horizon.steps:
        starts.append(starts[-1] + length)
        length *= t_mult
    return WarmRestarts(lr, lr * ratio, ratio, t_0, t_mult, tuple(starts))


WARM_RESTARTS = Family(
    name="warm_restarts",
    title="Cosine with warm restarts",
    summary="Cosines one after the other, each from the initial LR again (SGDR).",
    params=(
        Param(
            name="period",
            kind="float",
            default=0.2,
            low=0.05,
            high=0.5,
            least=0.001,
            most=1.0,
            doc="Length of the first cosine, as a fraction of the run after the warmup.",
        ),
        Param(
            name="mult",
            kind="int",
            default=2,
            low=1,
            high=2,
            least=1,
            most=10,
            doc="How many times longer each cosine is than the one before.",
        ),
        MIN_RATIO,
        WARMUP,
    ),
    simplicity=3,
    lay=_lay,
)
