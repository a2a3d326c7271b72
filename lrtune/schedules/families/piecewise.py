"""Two drops, each with its own place and size."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lrtune.schedules.family import WARMUP, Family, Param
from lrtune.schedules.horizon import Horizon, whole


@dataclass(frozen=True)
class Piecewise:
    """``initial_lr · factors[i]`` with ``i`` the number of ``boundaries`` at or before the step."""

    initial_lr: float
    boundaries: tuple[int, int]
    factors: tuple[float, float, float]

    def lr(self, step: int) -> float:
        return self.initial_lr * self.factors[sum(step >= boundary for boundary in self.boundaries)]


def _lay(lr: float, params: Mapping[str, Any], horizon: Horizon) -> Piecewise:
    boundaries = whole(params["drop_1"], horizon.steps), whole(params["drop_2"], horizon.steps)
    first, second = params["factor_1"], params["factor_2"]
    return Piecewise(lr, boundaries, (1.0, first, first * second))


def _together(params: Mapping[str, Any]) -> tuple[str, str, str] | None:
    if params["drop_1"] <= params["drop_2"]:
        return None
    return "drop_1", "lies after drop_2", "give drop_1 at most as large as drop_2"


def _drop(name: str, which: str, low: float, high: float, default: float) -> Param:
    doc = f"Where the {which} drop is, as a fraction of the run after the warmup."
    return Param(name=name, kind="float", default=default, low=low, high=high, least=0.0, most=1.0, doc=doc)


def _factor(name: str, which: str) -> Param:
    doc = f"What the {which} drop multiplies the LR by."
    return Param(name=name, kind="float", default=0.3, low=0.1, high=0.7, least=1e-6, most=10.0, doc=doc)


PIECEWISE = Family(
    name="piecewise",
    title="Piecewise constant",
    summary="Two drops, each with its own place and size.",
    params=(
        _drop("drop_1", "first", 0.3, 0.6, 0.5),
        _drop("drop_2", "second", 0.6, 0.95, 0.8),
        _factor("factor_1", "first"),
        _factor("factor_2", "second"),
        WARMUP,
    ),
    simplicity=3,
    lay=_lay,
    together=_together,
)
