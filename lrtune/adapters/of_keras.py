"""Keras 3: a callback that trains a trial with ``fit``, and models of its torch backend as a task's model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import keras
import torch
from torch import nn

from lrtune.loops import LoopTrial


class KerasCallback(keras.callbacks.Callback):
    """Trains one trial: ``model.fit(..., epochs=trial.epochs, callbacks=[KerasCallback(trial)])``.

    The model is compiled with an optimizer made with ``learning_rate=trial.initial_lr``, a number and no
    schedule; ``fit`` gets validation data, but in a sweep. All batches of an epoch have the same size.

    Args:
        trial: To be trained.
        metrics: Names of the job's metrics, without the prefix ``val_``.
    """

    def __init__(self, trial: LoopTrial, *, metrics: Sequence[str] = ()) -> None:
        super().__init__()
        self._trial = trial
        self._metrics = metrics
        self._step = 0
        self._sum = 0.0

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Begin the epoch's mean anew, as Keras does."""
        self._sum = 0.0

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        """Set the LR of this step."""
        self.model.optimizer.learning_rate = self._trial.lr(self._step)

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Report the step's loss; Keras tells the mean of the epoch so far."""
        total = float(logs["loss"]) * (batch + 1)
        loss, self._sum = total - self._sum, total
        self._step += 1
        self._tell(train_loss=loss)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Report the validation values."""
        if self._trial.sweep:
            return
        names = {"loss": "val_loss"} | {name: f"val_{name}" for name in self._metrics}
        self._tell(**{name: logs[key] for name, key in names.items() if key in logs})

    def _tell(self, **values: Any) -> None:
        if self._trial.report(self._step - 1, **values).stop:
            self.model.stop_training = True


class KerasModule(nn.Module):
    """A Keras model of the torch backend as a torch module whose mode is Keras' ``training`` argument."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model
        for part in model.modules():
            # The states of Keras' generators are integers: nothing that torch could train or copy.
            kept = getattr(part, "_torch_params", {})
            for name in [name for name, value in kept.items() if not value.is_floating_point()]:
                del kept[name]

    def forward(self, *inputs: Any) -> Any:
        """The model's outputs; several inputs are one list to Keras."""
        return self.model(inputs[0] if len(inputs) == 1 else list(inputs), training=self.training)


def keras_model(build: Callable[[], Any]) -> Callable[[], nn.Module]:
    """For ``lrtune.Task(model=keras_model(build), ...)``.

    Args:
        build: Makes a fresh, built Keras model (its inputs' shapes are known). Keras draws initial weights
            from a generator of its own, which is seeded here from torch's, and so from the trial's seed.

    Raises:
        RuntimeError: Keras runs on another backend than torch.
    """
    if keras.backend.backend() != "torch":
        raise RuntimeError(
            f"Keras runs on {keras.backend.backend()}: set the environment variable KERAS_BACKEND=torch "
            "before Keras is imported."
        )

    def made() -> nn.Module:
        keras.utils.clear_session(free_memory=False)  # names count up otherwise, and no two models are alike
        keras.utils.set_random_seed(torch.initial_seed() % 2**32)
        return KerasModule(build())

    return made
