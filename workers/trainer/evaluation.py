"""Validation: the loss and the task's metrics, averaged over the validation examples."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.utils._pytree import tree_leaves

from lrtune.task import Task, TaskError
from workers.trainer.errors import blame
from workers.trainer.workload import scalar


class Scores:
    """Running means of one lane, each batch weighted by its number of examples."""

    def __init__(self, task: Task) -> None:
        self._task = task
        self._examples = 0
        self._sums: dict[str, Tensor] = {}

    def add(self, outputs: Any, targets: Any) -> None:
        """Score one batch of outputs."""
        examples = batch_length(targets)
        self._examples += examples
        for name, value in score(self._task, outputs, targets).items():
            self._sums[name] = self._sums.get(name, 0.0) + value.double() * examples

    def means(self) -> dict[str, float]:
        """The means so far."""
        return {name: total.item() / self._examples for name, total in self._sums.items()}


def score(task: Task, outputs: Any, targets: Any) -> dict[str, Tensor]:
    """``loss`` and each metric of one batch, as tensors without axes."""
    with blame("loss"):
        values = {"loss": scalar(task.loss(outputs, targets))}
    for name, metric in task.metrics.items():
        with blame(f"metrics[{name!r}]"):
            value = metric(outputs, targets)
        if not isinstance(value, Tensor | int | float) and not hasattr(value, "__float__"):
            raise TaskError(
                f"metrics[{name!r}]",
                f"returned a {type(value).__name__}, not a number",
                "return a number or a tensor of one element",
            )
        values[name] = scalar(value if isinstance(value, Tensor) else float(value))
    return values


def batch_length(targets: Any) -> int:
    """Examples in a batch: the first axis of the first tensor of its targets."""
    for leaf in tree_leaves(targets):
        if isinstance(leaf, Tensor) and leaf.dim() > 0:
            return len(leaf)
    return 1


def as_double(values: dict[str, Tensor]) -> dict[str, Tensor]:
    """The same values in float64."""
    return {name: value.to(torch.float64) for name, value in values.items()}
