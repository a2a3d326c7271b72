"""One training's learning rates, step by step."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Protocol

from lrtune.schedules.families.plateau import Plateau
from lrtune.schedules.family import Family, Shape
from lrtune.schedules.horizon import Horizon
from lrtune.schedules.laid import laid
from lrtune.schedules.table import FAMILIES
from lrtune.wire import Setting


class Course(Protocol):
    """The LR of each optimizer step of one training."""

    def lr(self, step: int) -> float:
        """LR of the 0-based ``step``; after the last step of the horizon that of the last one.

        Raises:
            ValueError: ``step`` is negative.
        """

    def epoch_end(self, metric: float) -> None:
        """Tell the validation loss after an epoch (NaN or infinite if it was). Only plateau listens."""

    def state_dict(self) -> dict[str, Any]:
        """What ``load_state_dict`` needs to go on from here; JSON, but for infinite and NaN floats."""

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from a ``state_dict`` of a course of the same setting and horizon."""


def start(
    setting: Setting,
    *,
    total_steps: int,
    steps_per_epoch: int,
    families: Mapping[str, Family] = FAMILIES,
) -> Course:
    """Begin a training's course.

    Args:
        setting: Initial LR, family and its parameters; those left out take their defaults.
        total_steps: Optimizer steps of the whole training.
        steps_per_epoch: Optimizer steps between two calls of ``epoch_end``.
        families: Families to choose from, where a task brings its own (``with_custom``).

    Raises:
        ScheduleError: The setting or a length is wrong.
    """
    shape, horizon = laid(
        setting, total_steps=total_steps, steps_per_epoch=steps_per_epoch, families=families
    )
    if isinstance(shape, Plateau):
        return PlateauCourse(shape, horizon)
    return FixedCourse(shape, horizon)


def warmup_lr(initial_lr: float, step: int, warmup_steps: int) -> float:
    """Linear from ``initial_lr / (warmup_steps + 1)`` at step 0 to ``initial_lr`` at ``warmup_steps``."""
    return initial_lr * (step + 1) / (warmup_steps + 1)


class FixedCourse:
    """A course that is known before it begins."""

    def __init__(self, shape: Shape, horizon: Horizon) -> None:
        self._shape = shape
        self._horizon = horizon

    def lr(self, step: int) -> float:
        warmup = self._horizon.warmup_steps
        step = _within(step, self._horizon)
        if step < warmup:
            return warmup_lr(self._shape.initial_lr, step, warmup)
        return self._shape.lr(step - warmup)

    def epoch_end(self, metric: float) -> None:
        """Nothing to react to."""

    def state_dict(self) -> dict[str, Any]:
        return {}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Nothing to remember."""


class PlateauCourse:
    """A course that drops when the validation loss stops falling: see ``Plateau`` for the rule."""

    def __init__(self, plateau: Plateau, horizon: Horizon) -> None:
        self._plateau = plateau
        self._horizon = horizon
        self._lr = plateau.initial_lr
        self._epoch = 0
        self._best = math.inf
        self._bad_epochs = 0
        self._cooldown = 0

    def lr(self, step: int) -> float:
        warmup = self._horizon.warmup_steps
        step = _within(step, self._horizon)
        if step < warmup:
            return warmup_lr(self._plateau.initial_lr, step, warmup)
        return self._lr

    def epoch_end(self, metric: float) -> None:
        epoch, self._epoch = self._epoch, self._epoch + 1
        if epoch < self._plateau.first_epoch:
            return
        # The order is that of torch's ReduceLROnPlateau.step.
        if self._better(metric):
            self._best = metric
            self._bad_epochs = 0
        else:
            self._bad_epochs += 1
        if self._cooldown > 0:
            self._cooldown -= 1
            self._bad_epochs = 0
        if self._bad_epochs > self._plateau.patience:
            self._lr = max(self._lr * self._plateau.factor, self._plateau.min_lr)
            self._cooldown = self._plateau.cooldown
            self._bad_epochs = 0

    def _better(self, metric: float) -> bool:
        if self._plateau.threshold_mode == "rel":
            return metric < self._best * (1.0 - self._plateau.min_delta)
        return metric < self._best - self._plateau.min_delta

    def state_dict(self) -> dict[str, Any]:
        return {
            "lr": self._lr,
            "epoch": self._epoch,
            "best": self._best,
            "bad_epochs": self._bad_epochs,
            "cooldown": self._cooldown,
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self._lr = float(state["lr"])
        self._epoch = int(state["epoch"])
        self._best = float(state["best"])
        self._bad_epochs = int(state["bad_epochs"])
        self._cooldown = int(state["cooldown"])


def _within(step: int, horizon: Horizon) -> int:
    if step < 0:
        raise ValueError(f"step {step} is negative: steps count from 0")
    return min(step, horizon.total_steps - 1)
