"""The LR of a trial in the parameter groups of a torch optimizer that a framework steps."""

from __future__ import annotations

from typing import Any

from lrtune.loops import LoopTrial
from lrtune.scheduler import ratios


class Groups:
    """Sets the trial's LRs; each group keeps its ratio to ``trial.initial_lr``.

    Args:
        trial: Whose LRs.
        optimizer: A torch optimizer, or what a framework wraps around one.

    Raises:
        ValueError: No group has the trial's initial LR.
    """

    def __init__(self, trial: LoopTrial, optimizer: Any) -> None:
        self._trial = trial
        self._ratios = ratios(optimizer, trial.initial_lr)

    def set(self, optimizer: Any, step: int) -> None:
        """Set the LR for the 0-based optimizer step to come."""
        lr = self._trial.lr(step)
        for group, ratio in zip(optimizer.param_groups, self._ratios, strict=True):
            group["lr"] = ratio * lr
