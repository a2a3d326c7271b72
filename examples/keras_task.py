"""A Keras model as a task's model: the engine trains it like any torch module, many at once where it can."""

import os

os.environ.setdefault("KERAS_BACKEND", "torch")

import keras
import torch
from sklearn.datasets import load_digits
from torch import nn

import lrtune
from lrtune.adapters import keras_model


def keras_task(width: int = 64) -> lrtune.Task:
    """Read handwritten digits with a Keras model.

    Args:
        width: Units of the hidden layer.
    """
    digits = load_digits()
    pixels = torch.tensor(digits.data / 16.0, dtype=torch.float32)
    labels = torch.tensor(digits.target)
    order = torch.randperm(len(labels), generator=torch.Generator().manual_seed(0))
    train, valid = order[:1437], order[1437:]

    def build() -> keras.Model:
        return keras.Sequential(
            [
                keras.Input((64,)),
                keras.layers.Dense(width, "relu"),
                keras.layers.Dropout(0.1),
                keras.layers.Dense(10),
            ]
        )

    return lrtune.Task(
        model=keras_model(build),
        train=(pixels[train], labels[train]),
        valid=(pixels[valid], labels[valid]),
        loss=nn.functional.cross_entropy,
    )
