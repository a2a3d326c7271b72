"""The optimizer and the schedulers of a setting, as source that every PyTorch framework builds on."""

from __future__ import annotations

from dataclasses import dataclass

from lrtune import optimizers
from lrtune.schedules.export.imported_source import imported_factor
from lrtune.schedules.export.piece import call
from lrtune.schedules.export.pytorch_shapes import scheduler
from lrtune.schedules.families.constant import Constant
from lrtune.schedules.families.plateau import Plateau
from lrtune.schedules.family import Shape
from lrtune.schedules.horizon import Horizon
from lrtune.schedules.imported import Imported, with_imported
from lrtune.schedules.laid import laid
from lrtune.wire import OptimizerSpec, Setting


@dataclass(frozen=True)
class TorchSource:
    """``definitions`` must stand above the rest.

    ``optimizer`` and ``schedule`` are the lines that make ``optimizer`` and ``scheduler``; plateau with a
    warmup has a second scheduler ``warmup``, because SequentialLR takes no ReduceLROnPlateau.
    """

    shape: Shape
    horizon: Horizon
    definitions: str
    optimizer: str
    schedule: str

    @property
    def plateau(self) -> Plateau | None:
        """The shape if it is a plateau."""
        return self.shape if isinstance(self.shape, Plateau) else None

    @property
    def standard(self) -> tuple[str, ...]:
        """Imports of the standard library that the definitions need."""
        return ("import math\n",) if "math." in self.definitions else ()


def torch_source(
    setting: Setting,
    *,
    optimizer: OptimizerSpec,
    total_steps: int,
    steps_per_epoch: int,
    parameters: str = "model.parameters()",
    function: str | None = None,
) -> TorchSource:
    """The pieces of a setting's code.

    Args:
        parameters: Source of what the optimizer optimizes.
        function: Where the function of a task's own schedule is imported from.

    Raises:
        ScheduleError: The setting or a length is wrong.
        OptimizerError: The optimizer or an option of it is wrong.
    """
    shape, horizon = laid(
        setting,
        total_steps=total_steps,
        steps_per_epoch=steps_per_epoch,
        families=with_imported(setting.schedule, setting.params, function),
    )
    if isinstance(shape, Imported):
        # The warmup is in the factor: SequentialLR would lead it to the initial LR, not to the first step's.
        definitions = imported_factor(shape, horizon.warmup_steps)
        schedule = "scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, factor)\n"
    else:
        definitions, schedule = scheduler(shape).above, _schedule(shape, horizon.warmup_steps)
    return TorchSource(
        shape=shape,
        horizon=horizon,
        definitions=definitions,
        optimizer=f"optimizer = {_optimizer(optimizer, parameters, shape.initial_lr)}\n",
        schedule=schedule,
    )


def _optimizer(spec: OptimizerSpec, parameters: str, lr: float) -> str:
    checked = optimizers.check(spec)
    given = {name: checked[name] for name in spec.options}
    torch_class = optimizers.OPTIMIZERS[spec.name].torch_class
    return call(f"torch.optim.{torch_class}", parameters, lr=lr, **given)


def _schedule(shape: Shape, warmup_steps: int) -> str:
    body = scheduler(shape).expression
    if not warmup_steps:
        return f"scheduler = {body}\n"
    warmup = call(
        "torch.optim.lr_scheduler.LinearLR",
        "optimizer",
        f"start_factor=1 / {warmup_steps + 1}",
        total_iters=warmup_steps,
    )
    if isinstance(shape, Constant):
        return f"scheduler = {warmup}\n"
    if isinstance(shape, Plateau):
        # LinearLR leaves the LR alone once it is through.
        return f"warmup = {warmup}\nscheduler = {body}\n"
    both = call(
        "torch.optim.lr_scheduler.SequentialLR",
        "optimizer",
        "schedulers=[warmup, decay]",
        milestones=[warmup_steps],
    )
    return f"warmup = {warmup}\ndecay = {body}\nscheduler = {both}\n"
