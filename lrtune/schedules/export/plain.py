"""A setting as plain Python, for a training loop of any kind."""

from __future__ import annotations

from textwrap import indent

from lrtune.schedules.export.factors import factor
from lrtune.schedules.export.heading import heading
from lrtune.schedules.export.imported_source import imported_factor
from lrtune.schedules.export.piece import blocks, comment
from lrtune.schedules.export.plateau_source import STATE, constants, rule
from lrtune.schedules.families.plateau import Plateau
from lrtune.schedules.family import Shape
from lrtune.schedules.horizon import Horizon
from lrtune.schedules.imported import Imported, with_imported
from lrtune.schedules.laid import laid
from lrtune.wire import OptimizerSpec, Setting


def plain_code(
    setting: Setting,
    *,
    optimizer: OptimizerSpec,
    total_steps: int,
    steps_per_epoch: int,
    epochs: int,
    function: str | None = None,
) -> str:
    """Source of ``lr(step)``; for plateau of ``schedule``, which has ``lr(step)`` and ``epoch_end(loss)``.

    It imports ``math`` at most. The optimizer is named in a comment.

    Raises:
        ScheduleError: The setting or a length is wrong.
    """
    shape, horizon = laid(
        setting,
        total_steps=total_steps,
        steps_per_epoch=steps_per_epoch,
        families=with_imported(setting.schedule, setting.params, function),
    )
    note = comment(f"Measured with the optimizer {optimizer.model_dump()}.")
    if isinstance(shape, Plateau):
        body = blocks(constants(shape), _plateau(shape, horizon.warmup_steps), "schedule = Plateau()")
    elif isinstance(shape, Imported):
        body = blocks(imported_factor(shape, horizon.warmup_steps), _LR.format(setting.initial_lr))
    else:
        body = blocks(factor(shape), _lr(shape, setting.initial_lr, horizon))
    imports = "import math\n" if "math." in body else ""
    return blocks(heading(setting, horizon, epochs) + note, imports, body)


def _rising(shape: Shape, warmup_steps: int) -> str:
    return (
        f"if step < {warmup_steps}:\n    return {shape.initial_lr!r} * (step + 1) / {warmup_steps + 1}\n"
        if warmup_steps
        else ""
    )


_LR = 'def lr(step):\n    """LR of an optimizer step, 0-based."""\n    return {!r} * factor(step)\n'


def _lr(shape: Shape, initial_lr: float, horizon: Horizon) -> str:
    steps = horizon.warmup_steps
    after = f"step - {steps}" if steps else "step"
    body = f"{_rising(shape, steps)}return {initial_lr!r} * factor({after})\n"
    return f'def lr(step):\n    """LR of an optimizer step, 0-based."""\n{indent(body, "    ")}'


def _plateau(shape: Plateau, warmup_steps: int) -> str:
    ignored = (
        f"self.epoch += 1\nif self.epoch <= {shape.first_epoch}:  # all warmup\n    return\n"
        if shape.first_epoch
        else ""
    )
    state = STATE + ("self.epoch = 0\n" if shape.first_epoch else "")
    return (
        "class Plateau:\n"
        '    """LR that drops when the validation loss stops falling."""\n\n'
        "    def __init__(self):\n"
        f"{_inside(state)}\n"
        "    def lr(self, step):\n"
        '        """LR of an optimizer step, 0-based."""\n'
        f"{_inside(_rising(shape, warmup_steps))}"
        "        return self.rate\n\n"
        "    def epoch_end(self, loss):\n"
        '        """Tell the validation loss after an epoch."""\n'
        f"{_inside(ignored + rule(shape))}"
    )


def _inside(lines: str) -> str:
    return indent(lines, "        ")
