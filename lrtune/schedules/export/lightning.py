"""A setting as the ``configure_optimizers`` of a Lightning module."""

from __future__ import annotations

from textwrap import indent

from lrtune.schedules.export.heading import heading
from lrtune.schedules.export.late_plateau import late, late_plateau
from lrtune.schedules.export.piece import blocks, comment
from lrtune.schedules.export.torch_source import TorchSource, torch_source
from lrtune.wire import OptimizerSpec, Setting

_EACH_STEP = '"interval": "step"'
_EACH_EPOCH = '"interval": "epoch", "monitor": "val_loss"'


def lightning_code(
    setting: Setting,
    *,
    optimizer: OptimizerSpec,
    total_steps: int,
    steps_per_epoch: int,
    epochs: int,
    function: str | None = None,
) -> str:
    """Source of a class ``Tuned`` to be mixed into a LightningModule: its ``configure_optimizers``.

    For plateau the module must log ``val_loss`` in its validation.

    Raises:
        ScheduleError: The setting or a length is wrong.
        OptimizerError: The optimizer or an option of it is wrong.
    """
    source = torch_source(
        setting,
        optimizer=optimizer,
        total_steps=total_steps,
        steps_per_epoch=steps_per_epoch,
        parameters="self.parameters()",
        function=function,
    )
    plateau = source.plateau
    definitions, schedule = source.definitions, source.schedule
    if plateau is not None and plateau.first_epoch:
        definitions, schedule = late_plateau(plateau.first_epoch), late(schedule)
    return blocks(
        heading(setting, source.horizon, epochs),
        *source.standard,
        "import torch\n",
        definitions,
        'class Tuned:\n    """Optimizer and schedule for a LightningModule."""\n\n'
        "    def configure_optimizers(self):\n"
        + indent(f"{source.optimizer}{schedule}{_returned(source)}", "        "),
        comment(_usage(epochs, plateau=plateau is not None)),
    )


def _returned(source: TorchSource) -> str:
    if source.plateau is None:
        return (
            f'return {{"optimizer": optimizer, "lr_scheduler": {{"scheduler": scheduler, {_EACH_STEP}}}}}\n'
        )
    after_epoch = f'{{"scheduler": scheduler, {_EACH_EPOCH}}}'
    if not source.horizon.warmup_steps:
        return f'return {{"optimizer": optimizer, "lr_scheduler": {after_epoch}}}\n'
    return (
        f'after_step = {{"scheduler": warmup, {_EACH_STEP}}}\n'
        f"after_epoch = {after_epoch}\n"
        "return [optimizer], [after_step, after_epoch]\n"
    )


def _usage(epochs: int, *, plateau: bool) -> str:
    logged = (
        'validation_step must log it: self.log("val_loss", loss), which Lightning averages over the epoch.\n'
        if plateau
        else ""
    )
    return (
        f"class Module(Tuned, lightning.LightningModule): ...\n{logged}"
        f"trainer = lightning.Trainer(max_epochs={epochs})\n"
        "Leave out the last, smaller batch (drop_last=True) and clip gradients as your task does."
    )
