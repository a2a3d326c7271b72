"""No decay."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lrtune.schedules.family import WARMUP, Family
from lrtune.schedules.horizon import Horizon


@dataclass(frozen=True)
class Constant:
    """The initial LR throughout."""

    initial_lr: float

    def lr(self, step: int) -> float:
        return self.initial_lr


def _lay(lr: float, params: Mapping[str, Any], horizon: Horizon) -> Constant:
    return Constant(lr)


CONSTANT = Family(
    name="constant",
    title="Constant",
    summary="The initial LR throughout.",
    params=(WARMUP,),
    simplicity=0,
    lay=_lay,
)
