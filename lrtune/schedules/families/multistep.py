"""Drops at chosen places."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lrtune.schedules.families.step import GAMMA
from lrtune.schedules.family import WARMUP, Family, Param
from lrtune.schedules.horizon import Horizon, whole


@dataclass(frozen=True)
class Multistep:
    """``initial_lr · gamma^(milestones at or before step)``; a milestone named twice drops twice."""

    initial_lr: float
    gamma: float
    milestones: tuple[int, ...]

    def lr(self, step: int) -> float:
        return float(self.initial_lr * self.gamma ** bisect_right(self.milestones, step))


def _lay(lr: float, params: Mapping[str, Any], horizon: Horizon) -> Multistep:
    return Multistep(lr, params["gamma"], tuple(whole(at, horizon.steps) for at in params["drops"]))


MULTISTEP = Family(
    name="multistep",
    title="Multistep",
    summary="The same drop several times, at chosen places.",
    params=(
        GAMMA,
        Param(
            name="drops",
            kind="list",
            default=(0.5, 0.75),
            low=0.3,
            high=0.95,
            least=0.0,
            most=1.0,
            doc="Where the drops are, as fractions of the run after the warmup.",
        ),
        WARMUP,
    ),
    simplicity=2,
    lay=_lay,
)
