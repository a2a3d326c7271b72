"""Plateau in Keras: its own callback where that is equal, else one written out."""

from __future__ import annotations

from textwrap import indent

from lrtune.schedules.export.piece import blocks, call, comment
from lrtune.schedules.export.plateau_source import STATE, constants, rule
from lrtune.schedules.families.plateau import Plateau
from lrtune.schedules.horizon import Horizon


def plateau_callback(shape: Plateau, horizon: Horizon) -> tuple[str, str]:
    """Definitions, and the line that makes ``callbacks``.

    Keras's ReduceLROnPlateau compares by a difference only, and sets the LR only after an epoch: it serves
    ``abs`` without warmup. There it equals torch's with a patience of one epoch more (it fires on the p-th
    bad epoch, torch on the one after) and, unless it is 0, a cooldown of one epoch more.
    """
    if shape.threshold_mode == "abs" and not horizon.warmup_steps:
        stock = call(
            "keras.callbacks.ReduceLROnPlateau",
            monitor="val_loss",
            mode="min",
            factor=shape.factor,
            patience=shape.patience + 1,
            min_delta=shape.min_delta,
            cooldown=shape.cooldown + 1 if shape.cooldown else 0,
            min_lr=shape.min_lr,
        )
        note = comment(
            "Equals PyTorch's ReduceLROnPlateau as it was measured, unless the very first loss is NaN or\n"
            "infinite: Keras takes that for the best loss for good."
        )
        return "", f"{note}callbacks = [{stock}]\n"
    return blocks(constants(shape), _class(shape, horizon.warmup_steps)), "callbacks = [Plateau()]\n"


def _class(shape: Plateau, warmup_steps: int) -> str:
    source = (
        "class Plateau(keras.callbacks.Callback):\n"
        '    """ReduceLROnPlateau as PyTorch computes it.\n\n'
        "    Keras's own differs in what it takes for better, in patience, in cooldown and in how it treats\n"
        "    NaN. A second call of fit goes on where the first one stopped.\n"
        '    """\n\n'
        "    def __init__(self):\n"
        "        super().__init__()\n"
        f"{_inside(STATE)}"
    )
    if shape.first_epoch:
        source += "        self.epoch = 0\n"
    if warmup_steps:
        source += (
            "        self.step = 0\n\n"
            "    def on_train_batch_begin(self, batch, logs=None):\n"
            f"        if self.step <= {warmup_steps}:  # the warmup, and the first step after it\n"
            f"            rising = self.rate * (self.step + 1) / {warmup_steps + 1}\n"
            "            self.model.optimizer.learning_rate = rising\n"
            "        self.step += 1\n"
        )
    source += "\n    def on_epoch_end(self, epoch, logs=None):\n"
    if shape.first_epoch:
        source += (
            "        self.epoch += 1\n"
            f"        if self.epoch <= {shape.first_epoch}:  # all warmup\n"
            "            return\n"
        )
    dropped = "self.model.optimizer.learning_rate = self.rate\n"
    return f'{source}        loss = logs["val_loss"]\n{_inside(rule(shape, dropped=dropped))}'


def _inside(lines: str) -> str:
    return indent(lines, "        ")
