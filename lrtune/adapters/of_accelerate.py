"""Accelerate: a trial in a loop over prepared models and optimizers."""

from __future__ import annotations

from typing import Any

from accelerate import Accelerator

from lrtune.adapters.groups import Groups
from lrtune.loops import LoopTrial


class AccelerateTrial:
    """A trial in a loop of Accelerate's: sets the LR before each step and reports after it.

    A step is an optimizer step: micro-batches whose gradients are only accumulated do not count, and the
    losses of all processes are averaged.

    Args:
        trial: To be trained.
        accelerator: Of the loop.
        optimizer: Made with ``lr=trial.initial_lr``, prepared.

    Raises:
        ValueError: No parameter group has the trial's initial LR.
    """

    def __init__(self, trial: LoopTrial, accelerator: Accelerator, optimizer: Any) -> None:
        self._trial = trial
        self._accelerator = accelerator
        self._optimizer = optimizer
        self._groups = Groups(trial, optimizer)
        self._parts: list[Any] = []
        self.step = 0
        """Optimizer steps done."""
        self._groups.set(optimizer, 0)

    def stepped(self, loss: Any) -> bool:
        """Tell the loss of a batch, after ``optimizer.step()``; returns whether to stop."""
        self._parts.append(loss.detach())
        if not self._accelerator.sync_gradients:
            return False
        parts, self._parts = self._parts, []
        mean = self._accelerator.reduce(sum(parts) / len(parts), reduction="mean")
        self.step += 1
        stop = self._trial.report(self.step - 1, train_loss=mean).stop
        self._groups.set(self._optimizer, self.step)
        return stop

    def validated(self, **values: Any) -> bool:
        """Tell ``loss`` and metrics after an epoch, the same on every process; returns whether to stop."""
        if self._trial.sweep:
            return self._trial.stopped
        stop = self._trial.report(self.step - 1, **values).stop
        self._groups.set(self._optimizer, self.step)
        return stop
