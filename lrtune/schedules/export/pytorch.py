"""PyTorch code of a setting."""

from __future__ import annotations

from lrtune import optimizers
from lrtune.schedules.export.heading import heading
from lrtune.schedules.export.piece import blocks, call, comment
from lrtune.schedules.export.pytorch_shapes import scheduler
from lrtune.schedules.families.constant import Constant
from lrtune.schedules.families.plateau import Plateau
from lrtune.schedules.family import Shape
from lrtune.schedules.horizon import Horizon
from lrtune.schedules.laid import laid
from lrtune.wire import OptimizerSpec, Setting


def pytorch_code(
    setting: Setting, *, optimizer: OptimizerSpec, total_steps: int, steps_per_epoch: int, epochs: int
) -> str:
    """Source that makes ``optimizer`` and ``scheduler`` for a ``model``, and says where to call ``step()``.

    The scheduler is of ``torch.optim.lr_scheduler`` and is stepped after every optimizer step; plateau is
    stepped after every epoch, and has a second scheduler ``warmup`` where there is a warmup.

    Raises:
        ScheduleError: The setting or a length is wrong.
        OptimizerError: The optimizer or an option of it is wrong.
    """
    shape, horizon = laid(setting, total_steps=total_steps, steps_per_epoch=steps_per_epoch)
    return blocks(
        heading(setting, horizon, epochs),
        "import math\n\nimport torch\n" if _needs_math(shape) else "import torch\n",
        f"optimizer = {_optimizer(optimizer, shape.initial_lr)}\n",
        _plateau(shape, horizon) if isinstance(shape, Plateau) else _schedule(shape, horizon),
        _loop(shape, horizon, optimizer, epochs),
    )


def _needs_math(shape: Shape) -> bool:
    return "math." in scheduler(shape).above


def _optimizer(spec: OptimizerSpec, lr: float) -> str:
    checked = optimizers.check(spec)
    given = {name: checked[name] for name in spec.options}
    torch_class = optimizers.OPTIMIZERS[spec.name].torch_class
    return call(f"torch.optim.{torch_class}", "model.parameters()", lr=lr, **given)


def _warmup(steps: int) -> str:
    return call(
        "torch.optim.lr_scheduler.LinearLR",
        "optimizer",
        f"start_factor=1 / {steps + 1}",
        total_iters=steps,
    )


def _schedule(shape: Shape, horizon: Horizon) -> str:
    body = scheduler(shape)
    if not horizon.warmup_steps:
        return blocks(body.above, f"scheduler = {body.expression}")
    if isinstance(shape, Constant):
        return f"scheduler = {_warmup(horizon.warmup_steps)}\n"
    both = call(
        "torch.optim.lr_scheduler.SequentialLR",
        "optimizer",
        "schedulers=[warmup, decay]",
        milestones=[horizon.warmup_steps],
    )
    return blocks(
        body.above,
        f"warmup = {_warmup(horizon.warmup_steps)}\ndecay = {body.expression}\nscheduler = {both}\n",
    )


def _plateau(shape: Plateau, horizon: Horizon) -> str:
    lines = f"scheduler = {scheduler(shape).expression}\n"
    if horizon.warmup_steps:
        # SequentialLR takes no ReduceLROnPlateau; LinearLR leaves the LR alone once it is through.
        return f"warmup = {_warmup(horizon.warmup_steps)}\n{lines}"
    return lines


def _loop(shape: Shape, horizon: Horizon, spec: OptimizerSpec, epochs: int) -> str:
    closure = spec.name == "lbfgs"
    lines = [
        "Where to call step():",
        "",
        f"for epoch in range({epochs}):",
        "    for batch in train_loader:",
        "        ..." if closure else "        ...  # zero_grad, loss, backward",
        "        optimizer.step(closure)" if closure else "        optimizer.step()",
    ]
    if not isinstance(shape, Plateau):
        lines.append("        scheduler.step()  # after every optimizer step, not every epoch")
    else:
        if horizon.warmup_steps:
            lines.append(f"        warmup.step()  # changes nothing after {horizon.warmup_steps} steps")
        lines.append("    validation_loss = validate(model)")
        if shape.first_epoch:
            lines.append(f"    if epoch >= {shape.first_epoch}:  # those before are all warmup")
            lines.append("        scheduler.step(validation_loss)")
        else:
            lines.append("    scheduler.step(validation_loss)  # after every epoch")
    return comment("\n".join(lines))
