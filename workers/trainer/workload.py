"""A workload: a checked task with everything it runs with (device, optimizer, batch size, data)."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from types import ModuleType
from typing import Any

import torch
from torch import Tensor, nn

from lrtune.optimizers import OPTIMIZERS, Optimizer
from lrtune.task import Task
from workers.trainer.data import Source, steps_per_epoch
from workers.trainer.errors import blame

VALIDATION = 512
"""Parts of a step from here on are validation batches, as far as dropout draws in evaluation mode."""

AUTOCAST = {"float32": None, "bf16": torch.bfloat16, "fp16": torch.float16}


@dataclass(frozen=True, kw_only=True)
class Workload:
    """What every lane runs, whatever its setting and seed.

    ``modules`` are the user's, for the names they import; ``idle`` are trainable parameters that never get
    a gradient, so no optimizer moves them.
    """

    task: Task
    optimizer: str
    options: dict[str, Any]
    device: torch.device
    batch_size: int
    steps_per_epoch: int
    train: Source
    valid: Source
    modules: tuple[ModuleType, ...] = ()
    idle: frozenset[str] = frozenset()

    @property
    def row(self) -> Optimizer:
        """The optimizer's row of the table."""
        return OPTIMIZERS[self.optimizer]

    @property
    def valid_batch_size(self) -> int:
        return self.task.valid_batch_size or self.task.batch_size

    def validation(self) -> Iterable[tuple[Any, Any]]:
        """All validation batches, (inputs, targets), in order."""
        return self.valid.in_order(self.valid_batch_size)

    def sized(self, batch_size: int | None, accumulate: int = 1) -> Workload:
        """The same with other batches: ``batch_size`` examples in ``accumulate`` times as many micro-batches.

        Where they do not part evenly, in as many as do: the same step, with other memory.
        """
        size = batch_size or self.batch_size
        if size == self.batch_size and accumulate == 1:
            return self
        task = replace(self.task, accumulate=math.gcd(self.task.accumulate * accumulate, size))
        return replace(
            self, task=task, batch_size=size, steps_per_epoch=steps_per_epoch(self.train.size, size)
        )

    def fresh_model(self, seed: int) -> nn.Module:
        """A model with the initial weights of this seed, on the device, in training mode."""
        torch.manual_seed(seed)
        with blame("model"):
            model = self.task.model()
        return model.to(self.device).train()

    def multiplier(self, parameter: str) -> float:
        """The LR multiplier of a parameter, by its name."""
        for pattern, factor in self.task.lr_multipliers.items():
            if fnmatchcase(parameter, pattern):
                return factor
        return 1.0

    def autocast(self) -> contextlib.AbstractContextManager[Any]:
        """The context of a forward pass in the task's precision."""
        dtype = AUTOCAST[self.task.precision]
        if dtype is None:
            return contextlib.nullcontext()
        return torch.autocast(self.device.type, dtype=dtype)


def call_model(model: Callable[..., Any], inputs: Any) -> Any:
    """Call a model on a batch: a tuple is positional arguments, a dict keyword arguments."""
    if isinstance(inputs, tuple | list):
        return model(*inputs)
    if isinstance(inputs, dict):
        return model(**inputs)
    return model(inputs)


def optimizer_class(row: Optimizer) -> Callable[..., torch.optim.Optimizer]:
    """The torch class of a row of the table."""
    found: Callable[..., torch.optim.Optimizer] = getattr(torch.optim, row.torch_class)
    return found


def scalar(value: Any) -> Tensor:
    """A loss or metric as a tensor without axes; a tensor of one element is reshaped."""
    if not isinstance(value, Tensor):
        return torch.as_tensor(value)
    return value if value.dim() == 0 else value.reshape(())
