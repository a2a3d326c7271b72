"""Up and down again in triangles."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lrtune.schedules.family import OWN_WARMUP, Family, Param
from lrtune.schedules.horizon import Horizon, whole


@dataclass(frozen=True)
class Cyclic:
    """Triangles between ``base_lr`` and a top that begins at ``max_lr`` (Smith 2017, arXiv:1506.01186).

    Each takes ``step_size`` steps up and as many down. The top's height over ``base_lr`` stays
    (``triangular``), halves with each triangle (``triangular2``) or is multiplied by ``gamma`` at each step
    (``exp_range``).
    """

    base_lr: float
    max_lr: float
    step_size: int
    mode: str
    gamma: float
    final_ratio: float
    steps: int

    @property
    def initial_lr(self) -> float:
        return self.base_lr

    def lr(self, step: int) -> float:
        cycle, at = divmod(step, 2 * self.step_size)
        height = 1.0 - abs(at / self.step_size - 1.0)
        if self.mode == "triangular2":
            height *= 0.5**cycle
        elif self.mode == "exp_range":
            height *= self.gamma**step
        return self.base_lr + (self.max_lr - self.base_lr) * height


def _lay(lr: float, params: Mapping[str, Any], horizon: Horizon) -> Cyclic:
    return Cyclic(
        base_lr=lr * params["base_ratio"],
        max_lr=lr,
        step_size=whole(params["period"] / 2, horizon.steps),
        mode=params["mode"],
        gamma=params["final_ratio"] ** (1 / horizon.steps),
        final_ratio=params["final_ratio"],
        steps=horizon.steps,
    )


CYCLIC = Family(
    name="cyclic",
    title="Cyclic",
    summary="Up to the initial LR and down again, in triangles that stay or shrink.",
    params=(
        Param(
            name="base_ratio",
            kind="float",
            default=0.1,
            low=1 / 30,
            high=1 / 3,
            log=True,
            least=0.0,
            most=1.0,
            doc="Lowest LR, over the highest.",
        ),
        Param(
            name="period",
            kind="float",
            default=0.2,
            low=0.1,
            high=0.5,
            least=0.001,
            most=2.0,
            doc="Length of a triangle, as a fraction of the run after the warmup.",
        ),
        Param(
            name="mode",
            kind="categorical",
            default="triangular2",
            choices=("triangular", "triangular2", "exp_range"),
            doc="Whether the triangles keep their height, halve it each time, or shrink at each step.",
        ),
        Param(
            name="final_ratio",
            kind="float",
            default=0.1,
            low=0.01,
            high=0.5,
            log=True,
            least=1e-12,
            most=1.0,
            doc="With mode exp_range: height at the end of the run, over the first height.",
        ),
        OWN_WARMUP,
    ),
    simplicity=3,
    lay=_lay,
)
"""The period is 2 to 10 epochs in Smith's paper; here it is the same of a run of 20 epochs."""
