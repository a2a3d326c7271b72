"""Plateau in Keras: its own callback where that is equal, else one written out."""

from __future__ import annotations

from lrtune.schedules.export.piece import blocks, call, comment
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
    return _callback(shape, horizon), "callbacks = [Plateau()]\n"


def _callback(shape: Plateau, horizon: Horizon) -> str:
    steps = horizon.warmup_steps
    mark = "self.best * (1 - min_delta)" if shape.threshold_mode == "rel" else "self.best - min_delta"
    numbers = {
        "initial_lr": shape.initial_lr,
        "min_lr": shape.min_lr,
        "factor": shape.factor,
        "patience": shape.patience,
        "min_delta": shape.min_delta,
        "cooldown": shape.cooldown,
    }
    constants = "".join(f"{name} = {value!r}\n" for name, value in numbers.items())
    warmup = (
        "    def on_train_batch_begin(self, batch, logs=None):\n"
        f"        if self.step <= {steps}:  # the warmup, and the first step after it\n"
        f"            self.model.optimizer.learning_rate = self.lr * (self.step + 1) / {steps + 1}\n"
        "        self.step += 1\n\n"
    )
    wait = (
        f"        if self.epoch <= {shape.first_epoch}:  # those before are all warmup\n            return\n"
    )
    return blocks(
        constants,
        "class Plateau(keras.callbacks.Callback):\n"
        '    """ReduceLROnPlateau as PyTorch computes it.\n\n'
        "    Keras's own differs in what it takes for better, in patience, in cooldown and in how it treats\n"
        "    NaN. A second call of fit goes on where the first one stopped.\n"
        '    """\n\n'
        "    def __init__(self):\n"
        "        super().__init__()\n"
        "        self.lr, self.best = initial_lr, math.inf\n"
        + ("        self.step = 0\n" if steps else "")
        + ("        self.epoch = 0\n" if shape.first_epoch else "")
        + "        self.bad_epochs, self.cooldown = 0, 0\n\n"
        + (warmup if steps else "")
        + "    def on_epoch_end(self, epoch, logs=None):\n"
        + ("        self.epoch += 1\n" + wait if shape.first_epoch else "")
        + '        loss = logs["val_loss"]\n'
        f"        if loss < {mark}:\n"
        "            self.best, self.bad_epochs = loss, 0\n"
        "        else:\n"
        "            self.bad_epochs += 1\n"
        "        if self.cooldown > 0:\n"
        "            self.cooldown -= 1\n"
        "            self.bad_epochs = 0\n"
        "        if self.bad_epochs > patience:\n"
        "            self.lr = max(self.lr * factor, min_lr)\n"
        "            self.model.optimizer.learning_rate = self.lr\n"
        "            self.bad_epochs, self.cooldown = 0, cooldown\n",
    )
