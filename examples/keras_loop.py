"""A Keras model, trained by `fit`; lrtune.adapters.KerasCallback makes it a trial."""

import os

os.environ.setdefault("KERAS_BACKEND", "torch")

import keras
import numpy as np
from sklearn.datasets import load_digits

import lrtune
from lrtune.adapters import KerasCallback

BATCH = 64


def keras_loop(width: int = 64) -> lrtune.Loop:
    """Read handwritten digits with Keras.

    Args:
        width: Units of the hidden layer.
    """
    digits = load_digits()
    order = np.random.default_rng(0).permutation(len(digits.target))
    pixels, labels = (digits.data[order] / 16.0).astype("float32"), digits.target[order]
    used = 1437 // BATCH * BATCH

    def train(trial: lrtune.LoopTrial) -> None:
        keras.utils.set_random_seed(trial.seed)
        model = keras.Sequential(
            [keras.Input((64,)), keras.layers.Dense(width, "relu"), keras.layers.Dense(10)]
        )
        model.compile(
            optimizer=keras.optimizers.SGD(trial.initial_lr, momentum=0.9),
            loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
            metrics=["accuracy"],
        )
        model.fit(
            pixels[:used],
            labels[:used],
            batch_size=BATCH,
            epochs=trial.epochs,
            validation_data=None if trial.sweep else (pixels[1437:], labels[1437:]),
            callbacks=[KerasCallback(trial, metrics=("accuracy",))],
            verbose=0,
        )

    return lrtune.Loop(
        train=train,
        steps_per_epoch=used // BATCH,
        batch_size=BATCH,
        metrics=("accuracy",),
        optimizer="sgd",
        default_lr=0.01,
    )
