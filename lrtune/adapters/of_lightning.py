"""Lightning: a callback that sets the LRs of a trial, reports, and stops the trainer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import lightning

from lrtune.adapters.groups import Groups
from lrtune.loops import LoopError, LoopTrial


class LightningCallback(lightning.Callback):
    """Trains one trial: ``Trainer(callbacks=[LightningCallback(trial)], max_steps=trial.total_steps)``.

    The module's ``configure_optimizers`` returns one optimizer made with ``lr=trial.initial_lr`` and no
    scheduler; ``training_step`` returns the loss; ``validation_step`` logs the validation values.

    Args:
        trial: To be trained.
        loss: Name under which the validation loss is logged.
        metrics: Names of the job's metrics to the names under which they are logged.
    """

    def __init__(
        self, trial: LoopTrial, *, loss: str = "val_loss", metrics: Mapping[str, str] | None = None
    ) -> None:
        self._trial = trial
        self._names = {"loss": loss, **(metrics or {})}
        self._groups: Groups | None = None
        self._parts = 0.0
        self._steps = 0

    def on_train_start(self, trainer: Any, pl_module: Any) -> None:
        """Look at the optimizer as it was made."""
        count = len(trainer.optimizers)
        if count != 1:
            raise LoopError(f"the module has {count} optimizers", "a trial sets one LR: use one optimizer")
        self._groups = Groups(self._trial, trainer.optimizers[0])

    def on_train_batch_start(self, trainer: Any, pl_module: Any, batch: Any, batch_idx: int) -> None:
        """Set the LR of the step to come."""
        assert self._groups is not None
        self._groups.set(trainer.optimizers[0], trainer.global_step)

    def on_train_batch_end(
        self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Report the step's loss: with accumulated gradients the sum of its parts, which are shares of it."""
        self._parts += float(outputs["loss"])
        if trainer.global_step > self._steps:
            self._steps = trainer.global_step
            parts, self._parts = self._parts, 0.0
            self._tell(trainer, train_loss=parts)

    def on_validation_end(self, trainer: Any, pl_module: Any) -> None:
        """Report what was logged."""
        if trainer.sanity_checking or self._trial.sweep:
            return
        logged = trainer.callback_metrics
        found = {name: logged[key] for name, key in self._names.items() if key in logged}
        self._tell(trainer, **found)

    def _tell(self, trainer: Any, **values: Any) -> None:
        if self._trial.report(trainer.global_step - 1, **values).stop:
            trainer.should_stop = True
