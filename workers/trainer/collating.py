"""Examples into a batch."""

from __future__ import annotations

from typing import Any

from torch.utils.data import default_collate

from lrtune.task import Task, TaskError
from workers.trainer.errors import blame


def collated(name: str, examples: list[Any], task: Task) -> Any:
    """The examples as a batch, by the task's own ``collate`` or torch's.

    Args:
        name: The task's field, for errors.

    Raises:
        TaskError: Torch's cannot stack them.
        UserError: The task's own raised.
    """
    if task.collate is not None:
        with blame(name):
            return task.collate(examples)
    try:
        return default_collate(examples)
    except (RuntimeError, TypeError) as error:
        raise TaskError(
            name,
            f"its examples do not stack: {str(error).splitlines()[0]}",
            "give examples of one shape and type, or a collate that pads them",
        ) from error
