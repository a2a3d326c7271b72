"""Run emitted Keras code, and record the LR of each optimizer step."""

from __future__ import annotations

import os
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import NDArray

os.environ["KERAS_BACKEND"] = "torch"
import keras


def define(code: str) -> dict[str, Any]:
    """What the code defines."""
    space: dict[str, Any] = {}
    exec(code, space)
    return space


def rates(code: str, total_steps: int) -> NDArray[np.float64]:
    """The optimizer's LR at each step, without a callback."""
    optimizer = define(code)["optimizer"]
    lrs = np.empty(total_steps)
    for step in range(total_steps):
        optimizer._iterations.assign(step)
        lrs[step] = float(keras.ops.convert_to_numpy(optimizer.learning_rate))
    return lrs


def run(code: str, *, epochs: int, steps_per_epoch: int, metrics: Sequence[float]) -> NDArray[np.float64]:
    """The optimizer's LR at each step, with the callbacks told what ``fit`` tells them."""
    space = define(code)
    optimizer, callbacks = space["optimizer"], space["callbacks"]
    for callback in callbacks:
        callback.set_model(SimpleNamespace(optimizer=optimizer))
        callback.on_train_begin()
    lrs = []
    for epoch in range(epochs):
        for batch in range(steps_per_epoch):
            for callback in callbacks:
                callback.on_train_batch_begin(batch)
            lrs.append(float(keras.ops.convert_to_numpy(optimizer.learning_rate)))
        for callback in callbacks:
            callback.on_epoch_end(epoch, {"val_loss": metrics[epoch]})
    return np.array(lrs)
