"""Validation: the loss and the task's metrics, averaged over the validation examples."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.utils._pytree import tree_leaves

from lrtune.task import Task, TaskError
from workers.trainer.errors import blame
from workers.trainer.workload import scalar


class Means:
    """Running means of every lane, each batch weighted by its number of examples."""

    def __init__(self) -> None:
        self._examples = 0
        self._sums: dict[str, Tensor] = {}

    def add(self, values: dict[str, Tensor], targets: Any) -> None:
        """Add one batch: by name, a value a lane, shape (lanes,)."""
        examples = batch_length(targets)
        self._examples += examples
        for name, value in values.items():
            weighted = value.to(torch.float64) * examples
            self._sums[name] = self._sums[name] + weighted if name in self._sums else weighted

    def by_lane(self) -> list[dict[str, float]]:
        """The means of each lane."""
        columns = {name: (total / self._examples).tolist() for name, total in self._sums.items()}
        lanes = len(next(iter(columns.values())))
        return [{name: column[lane] for name, column in columns.items()} for lane in range(lanes)]


def score(task: Task, outputs: Any, targets: Any) -> dict[str, Tensor]:
    """``loss`` and each metric of one batch, as tensors without axes.

    Raises:
        TaskError: A metric returned something else than one number.
        UserError: The loss or a metric raised.
    """
    with blame("loss"):
        values = {"loss": scalar(task.loss(outputs, targets))}
    for name, metric in task.metrics.items():
        field = f"metrics[{name!r}]"
        with blame(field):
            value = metric(outputs, targets)
        if isinstance(value, Tensor):
            if value.numel() != 1:
                raise TaskError(
                    field, f"returned a tensor of shape {tuple(value.shape)}", "return one number per batch"
                )
        elif hasattr(value, "__float__"):
            value = torch.tensor(float(value), dtype=torch.float64, device=values["loss"].device)
        else:
            raise TaskError(field, f"returned a {type(value).__name__}", "return one number per batch")
        values[name] = scalar(value)
    return values


def batch_length(targets: Any) -> int:
    """Examples in a batch: the first axis of the first tensor of its targets."""
    for leaf in tree_leaves(targets):
        if isinstance(leaf, Tensor) and leaf.dim() > 0:
            return len(leaf)
    return 1
