"""Read a task's examples: onto the device if they fit there, else batch by batch."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils._pytree import tree_leaves, tree_map

from lrtune.task import Task, TaskError
from workers.trainer.collating import collated
from workers.trainer.data import Resident, Source
from workers.trainer.errors import blame
from workers.trainer.streaming import Streamed, example_bytes

_READERS = 4


def read_examples(
    name: str, examples: Any, task: Task, device: torch.device, budget: int | None = None
) -> Source:
    """The examples of ``train`` or ``valid`` as batches.

    Args:
        budget: A data set of more bytes is streamed, and never held whole; None holds any.

    Raises:
        TaskError: They are not (inputs, targets) pairs of tensors.
        UserError: The data set raised.
    """
    if isinstance(examples, tuple | list):
        inputs, targets = (tree_map(_tensor, part) for part in examples)
        _all_tensors(name, (inputs, targets))
        return Resident(inputs, targets, device)
    with blame(name):
        first = examples[0]
    if not isinstance(first, tuple | list) or len(first) != 2:
        raise TaskError(
            name,
            f"an example is a {type(first).__name__}, not (inputs, targets)",
            "return a pair from __getitem__",
        )
    if budget is not None and example_bytes(name, examples, task) * len(examples) > budget:
        _all_tensors(name, collated(name, [first], task))
        # The threads of a training compute; those beside the first may read ahead instead.
        workers = min(torch.get_num_threads() - 1, _READERS)
        return Streamed(name, examples, task, device, workers=workers)
    with blame(name):
        read = [examples[i] for i in range(len(examples))]
    inputs, targets = batch = collated(name, read, task)
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
