"""The probe: can lanes be fused without changing a number, and does it pay?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

import torch

from workers.trainer.errors import UserError
from workers.trainer.lanes import Lanes
from workers.trainer.plain import PlainLanes
from workers.trainer.population import FusedLanes
from workers.trainer.workload import Workload

SIZES = (1, 4, 16)
_TOLERANCE = 1e-3


@dataclass(frozen=True)
class Plan:
    """How lanes run: the mode, how many at once, why not fused, and lane-steps/s by mode and lanes."""

    mode: Literal["fused", "sequential"]
    lanes: int
    reason: str | None = None
    timings: dict[str, float] = field(default_factory=dict)

    def build(self, workload: Workload) -> Lanes:
        """An empty population of this plan."""
        return FusedLanes(workload) if self.mode == "fused" else PlainLanes(workload)


def probe(workload: Workload, *, clock: Callable[[], float]) -> Plan:
    """Choose how a workload's lanes run."""
    if workload.row.step == "closure":
        return Plan("sequential", 8, f"{workload.optimizer} evaluates the loss itself")
    reason = _difference(workload)
    if reason is not None:
        return Plan("sequential", 8, reason)
    return Plan("fused", 16)


def _difference(workload: Workload) -> str | None:
    """Why fused lanes would not do what plain ones do; None if they do."""
    seeds, lr = (0, 1), (1e-3, 2e-3)
    try:
        fused, plain = FusedLanes(workload), PlainLanes(workload)
        for lanes in (fused, plain):
            lanes.add(seeds)
        feed = workload.train.epoch([(0, 0)] * 2, workload.batch_size)
        for step in range(min(2, workload.steps_per_epoch)):
            batch = feed.batch(step)
            first, second = fused.step(batch, lr), plain.step(batch, lr)
            if not torch.allclose(first, second, rtol=_TOLERANCE, atol=1e-6):
                return f"fused and plain losses differ ({first.tolist()} and {second.tolist()})"
        fused.evaluate()
    except (UserError, RuntimeError, NotImplementedError) as error:
        return f"can't be fused: {str(error).splitlines()[0][:200]}"
    return None
