"""Transformers: a callback of the Trainer that sets the LRs of a trial, reports, and stops it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import transformers

from lrtune.adapters.groups import Groups
from lrtune.loops import LoopError, LoopTrial


class TransformersCallback(transformers.TrainerCallback):
    """Trains one trial: ``Trainer(..., callbacks=[TransformersCallback(trial)])``.

    The arguments need ``learning_rate=trial.initial_lr``, ``max_steps=trial.total_steps`` and
    ``eval_strategy="no" if trial.sweep else "epoch"``. The model computes its loss itself.

    Args:
        trial: To be trained.
        metrics: Names of the job's metrics, without the prefix ``eval_``.
    """

    def __init__(self, trial: LoopTrial, *, metrics: Sequence[str] = ()) -> None:
        self._trial = trial
        self._metrics = metrics
        self._groups: Groups | None = None
        self._losses: list[float] = []
        self._hook: Any = None

    def on_train_begin(self, args: Any, state: Any, control: Any, **given: Any) -> None:
        """Listen to the model's loss: what the Trainer logs is rounded, and leaves NaN out."""
        self._hook = given["model"].register_forward_hook(self._heard)
        self._groups = None

    def on_train_end(self, args: Any, state: Any, control: Any, **given: Any) -> None:
        """Listen no more."""
        self._hook.remove()

    def on_pre_optimizer_step(self, args: Any, state: Any, control: Any, **given: Any) -> None:
        """Set the LR of this step."""
        optimizer = given["optimizer"]
        if self._groups is None:
            if state.global_step:
                raise LoopError("the Trainer goes on from a checkpoint", "train each trial from its start")
            for group in optimizer.param_groups:  # a warmup of the Trainer's own would have begun
                group["lr"] = group.get("initial_lr", group["lr"])
            self._groups = Groups(self._trial, optimizer)
        self._groups.set(optimizer, state.global_step)

    def on_step_end(self, args: Any, state: Any, control: Any, **given: Any) -> None:
        """Report the step's loss: the mean over its micro-batches."""
        if not self._losses:
            raise LoopError("the model's outputs hold no loss", "give it labels: it computes its loss")
        losses, self._losses = self._losses, []
        self._tell(state, control, train_loss=sum(losses) / len(losses))

    def on_evaluate(self, args: Any, state: Any, control: Any, **given: Any) -> None:
        """Report what was evaluated."""
        if self._trial.sweep:
            return
        found = given["metrics"]
        names = {"loss": "eval_loss"} | {name: f"eval_{name}" for name in self._metrics}
        self._tell(state, control, **{name: found[key] for name, key in names.items() if key in found})

    def _heard(self, model: Any, inputs: Any, outputs: Any) -> None:
        if model.training:
            loss = outputs.get("loss") if hasattr(outputs, "get") else getattr(outputs, "loss", None)
            if loss is not None:
                self._losses.append(float(loss.detach().mean()))

    def _tell(self, state: Any, control: Any, **values: Any) -> None:
        if self._trial.report(state.global_step - 1, **values).stop:
            control.should_training_stop = True
