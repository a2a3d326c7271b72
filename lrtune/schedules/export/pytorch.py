"""PyTorch code of a setting."""

from __future__ import annotations

from lrtune.schedules.export.heading import heading
from lrtune.schedules.export.piece import blocks, comment
from lrtune.schedules.export.torch_source import TorchSource, torch_source
from lrtune.wire import OptimizerSpec, Setting


def pytorch_code(
    setting: Setting,
    *,
    optimizer: OptimizerSpec,
    total_steps: int,
    steps_per_epoch: int,
    epochs: int,
    function: str | None = None,
) -> str:
    """Source that makes ``optimizer`` and ``scheduler`` for a ``model``, and says where to call ``step()``.

    The scheduler is of ``torch.optim.lr_scheduler`` and is stepped after every optimizer step; plateau is
    stepped after every epoch, and has a second scheduler ``warmup`` where there is a warmup.

    Raises:
        ScheduleError: The setting or a length is wrong.
        OptimizerError: The optimizer or an option of it is wrong.
    """
    source = torch_source(
        setting,
        optimizer=optimizer,
        total_steps=total_steps,
        steps_per_epoch=steps_per_epoch,
        function=function,
    )
    return blocks(
        heading(setting, source.horizon, epochs),
        *source.standard,
        "import torch\n",
        source.definitions,
        source.optimizer,
        source.schedule,
        _loop(source, closure=optimizer.name == "lbfgs", epochs=epochs),
    )


def _loop(source: TorchSource, *, closure: bool, epochs: int) -> str:
    lines = [
        "Where to call step():",
        "",
        f"for epoch in range({epochs}):",
        "    for batch in train_loader:",
        "        ..." if closure else "        ...  # zero_grad, loss, backward",
        "        optimizer.step(closure)" if closure else "        optimizer.step()",
    ]
    plateau, warmup_steps = source.plateau, source.horizon.warmup_steps
    if plateau is None:
        lines.append("        scheduler.step()  # after every optimizer step, not every epoch")
    else:
        if warmup_steps:
            lines.append(f"        warmup.step()  # changes nothing after {warmup_steps} steps")
        lines.append("    validation_loss = validate(model)")
        if plateau.first_epoch:
            lines.append(f"    if epoch >= {plateau.first_epoch}:  # those before are all warmup")
            lines.append("        scheduler.step(validation_loss)")
        else:
            lines.append("    scheduler.step(validation_loss)  # after every epoch")
    return comment("\n".join(lines))
