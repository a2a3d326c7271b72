"""A training that owns its loop: what an entry function returns in place of a ``Task``."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from lrtune.loops.trial import LoopTrial
from lrtune.task import PRECISIONS, TaskError, check_metric_names
from lrtune.wire.base import Precision


@dataclass(frozen=True, kw_only=True)
class Loop:
    """A training loop of your own (Lightning, Transformers, Keras, anything), run one trial at a time.

    Args:
        train: ``train(trial)`` trains once, from fresh weights: it reads each step's LR (``trial.lr(step)``,
            or a scheduler, or a callback of ``lrtune.adapters``), reports, and returns when told to stop. It
            is called once a trial, with the generators of random, numpy and torch seeded by the trial's seed.
        steps_per_epoch: Optimizer steps between two validations.
        batch_size: Examples of an optimizer step, for the record: an answer holds for one batch size.
        metrics: What it reports after each epoch beside ``loss``.
        optimizer: The optimizer that it makes by itself, by its torch.optim name in lower case; a job that
            asks for another is refused. None if it uses ``trial.make_optimizer`` or ``trial.optimizer``.
        default_lr: The LR that it would use without tuning; the optimizer's own default when None.
        precision: For the record.

    Raises:
        TaskError: A field is of the wrong type or out of bounds.
    """

    train: Callable[[LoopTrial], Any]
    steps_per_epoch: int
    batch_size: int
    metrics: Sequence[str] = ()
    optimizer: str | None = None
    default_lr: float | None = None
    precision: Precision = "float32"

    def __post_init__(self) -> None:
        if not callable(self.train):
            raise TaskError("train", f"a {type(self.train).__name__} can't be called", "give train(trial)")
        for name in ("steps_per_epoch", "batch_size"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise TaskError(name, f"{value!r} is not a whole number from 1 on", "give a whole number")
        remedy = 'give a sequence of names, e.g. ("accuracy",)'
        if isinstance(self.metrics, str) or not isinstance(self.metrics, Sequence):
            raise TaskError("metrics", "is no sequence of names", remedy)
        check_metric_names(self.metrics, remedy)
        if self.default_lr is not None and not _positive(self.default_lr):
            raise TaskError("default_lr", f"{self.default_lr!r} is not a number above 0", "give e.g. 1e-3")
        if self.precision not in PRECISIONS:
            remedy = f"use one of {', '.join(PRECISIONS)}"
            raise TaskError("precision", f"{self.precision!r} is unknown", remedy)


def _positive(value: Any) -> bool:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and math.isfinite(value) and value > 0
