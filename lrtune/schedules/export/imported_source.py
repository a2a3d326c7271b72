"""The function of a task's own schedule, as source: imported where that can be done."""

from __future__ import annotations

from lrtune.schedules.export.piece import call
from lrtune.schedules.imported import Imported


def imported_factor(shape: Imported, warmup_steps: int) -> str:
    """Source of ``def factor(step)``: LR over ``base_lr`` at a 0-based optimizer step, warmup and all."""
    name = shape.name.partition(":")[2]
    if shape.source is None:
        above = (
            f"def {name}(step, steps, **params):\n"
            '    raise NotImplementedError("paste your task\'s function here: it has no name to import")\n'
        )
    else:
        module, name = shape.source.split(":")
        above = f"from {module} import {name}  # your task's file\n"
    last = shape.steps - 1
    after = f"min(step - {warmup_steps}, {last})" if warmup_steps else f"min(step, {last})"
    first = call(name, "0", str(shape.steps), **shape.params)
    rising = (
        f"    if step < {warmup_steps}:\n        return {first} * (step + 1) / {warmup_steps + 1}\n"
        if warmup_steps
        else ""
    )
    return (
        f"{above}\n\ndef factor(step):\n"
        '    """LR over the tuned one, at an optimizer step."""\n'
        f"{rising}    return {call(name, after, str(shape.steps), **shape.params)}\n"
    )
