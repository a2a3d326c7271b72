"""Read a task's examples: onto the device if they fit and reading them is repeatable."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils._pytree import tree_leaves, tree_map
from torch.utils.data import default_collate

from lrtune.task import Task, TaskError
from workers.trainer.data import Resident, Source
from workers.trainer.errors import blame


def read_examples(name: str, examples: Any, task: Task, device: torch.device) -> Source:
    """The examples of ``train`` or ``valid`` as batches.

    Raises:
        TaskError: They are not (inputs, targets) pairs of tensors.
        UserError: The data set raised.
    """
    if isinstance(examples, tuple | list):
        inputs, targets = (tree_map(_tensor, part) for part in examples)
        _all_tensors(name, (inputs, targets))
        return Resident(inputs, targets, device)
    collate = task.collate or default_collate
    with blame(name):
        first = examples[0]
    if not isinstance(first, tuple | list) or len(first) != 2:
        raise TaskError(
            name,
            f"an example is a {type(first).__name__}, not (inputs, targets)",
            "return a pair from __getitem__",
        )
    with blame(name):
        batch = collate([examples[i] for i in range(len(examples))])
    inputs, targets = batch
    _all_tensors(name, batch)
    return Resident(inputs, targets, device)


def _all_tensors(name: str, batch: Any) -> None:
    for leaf in tree_leaves(batch):
        if not isinstance(leaf, Tensor):
            raise TaskError(name, f"holds a {type(leaf).__name__}", "give tensors, arrays or numbers")


def _tensor(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return torch.from_numpy(value)
    return value
