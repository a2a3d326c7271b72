"""All learning rates of a training at once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from lrtune.schedules.course import start
from lrtune.schedules.errors import ScheduleError
from lrtune.wire import Setting


def lr_sequence(
    setting: Setting, *, total_steps: int, steps_per_epoch: int, metrics: Sequence[float] | None = None
) -> NDArray[np.float64]:
    """The LR of each optimizer step, shape (total_steps,).

    Args:
        metrics: Validation loss after each epoch, for plateau: one for each epoch but the last, which no LR
            depends on (more are ignored). Without it a plateau never drops.

    Raises:
        ScheduleError: The setting or a length is wrong, or ``metrics`` are too few.
    """
    course = start(setting, total_steps=total_steps, steps_per_epoch=steps_per_epoch)
    needed = (total_steps - 1) // steps_per_epoch
    if metrics is not None and len(metrics) < needed:
        raise ScheduleError("metrics", f"{len(metrics)} for {needed + 1} epochs", f"give at least {needed}")
    lrs = np.empty(total_steps)
    for step in range(total_steps):
        if metrics is not None and step and step % steps_per_epoch == 0:
            course.epoch_end(metrics[step // steps_per_epoch - 1])
        lrs[step] = course.lr(step)
    return lrs
