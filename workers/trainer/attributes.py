"""What modules keep in Python beside their parameters and buffers, and whether a training changed it."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

PLAIN = (bool, int, float, str, bytes, type(None))

_OF_TORCH = ("_parameters", "_buffers", "_modules", "training", "_flat_weights", "_flat_weight_refs")
"""What modules of torch keep: the last two are a recurrent layer's list of its own parameters."""
_CONTAINERS = (list, tuple, set, frozenset, dict)


class Unsaved(Exception):  # noqa: N818 - not an error: the training goes on without a checkpoint
    """A training can't be saved; the text says why."""


def plain_attributes(model: nn.Module) -> list[tuple[str, str, Any]]:
    """Module, name and value of all attributes that are plain values."""
    return [
        (name, key, value)
        for name, module in model.named_modules()
        for key, value in vars(module).items()
        if isinstance(value, PLAIN) and key != "training"
    ]


class Attributes:
    """The attributes of a model's modules, as they were when this was made."""

    def __init__(self, model: nn.Module) -> None:
        self._model = model
        self._before = _looks(model)

    def check(self) -> None:
        """Make sure that they are still the same.

        Raises:
            Unsaved: One is not.
        """
        now = _looks(self._model)
        for place in [*now, *self._before]:
            if now.get(place) != self._before.get(place):
                raise Unsaved(f"{place} changes during training: register_buffer would save it")


def _looks(model: nn.Module) -> dict[str, Any]:
    return {
        f"{name}.{key}" if name else key: _look(value)
        for name, module in model.named_modules()
        for key, value in vars(module).items()
        if key not in _OF_TORCH
    }


def _look(value: Any) -> Any:
    """A value that is equal to another if what they were made from is the same."""
    if isinstance(value, PLAIN):
        return repr(value)
    if isinstance(value, nn.Parameter):
        return id(value)  # recurrent layers list their own
    if isinstance(value, Tensor):
        return id(value), value._version
    if isinstance(value, torch.Generator):
        return value.get_state().tolist()
    if isinstance(value, np.random.Generator):
        return repr(value.bit_generator.state)
    if isinstance(value, random.Random):
        return value.getstate()
    if isinstance(value, _CONTAINERS):
        items = value.items() if isinstance(value, dict) else value
        return [_look(item) for item in items]
    return type(value)  # its inside can't be known
