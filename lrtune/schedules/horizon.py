"""The steps a schedule is laid over, and how fractions of them become whole steps."""

from __future__ import annotations

import math
from dataclasses import dataclass

from lrtune.schedules.errors import ScheduleError


def whole(fraction: float, of: int, *, least: int = 1) -> int:
    """``fraction`` of ``of``, rounded to the nearest whole number (halves up), but at least ``least``."""
    return max(least, math.floor(fraction * of + 0.5))


@dataclass(frozen=True)
class Horizon:
    """A run's length: its optimizer steps, the steps of its epochs, and how many of the first warm up."""

    total_steps: int
    steps_per_epoch: int
    warmup_steps: int

    @property
    def steps(self) -> int:
        """Steps after the warmup: what a family is laid over, at least one."""
        return self.total_steps - self.warmup_steps

    @property
    def epochs(self) -> int:
        """Epochs of the run; a last one that is cut short counts."""
        return -(-self.total_steps // self.steps_per_epoch)


def horizon(*, total_steps: int, steps_per_epoch: int, warmup: float) -> Horizon:
    """The horizon of a run whose first ``warmup`` (a fraction of all steps) is warmup.

    A warmup never takes the last step; one that rounds to no step is none.

    Raises:
        ScheduleError: A length that is not a whole number of at least 1.
    """
    for name, value in (("total_steps", total_steps), ("steps_per_epoch", steps_per_epoch)):
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise ScheduleError(name, f"{value!r} is not a number of steps", "give a whole number from 1")
    return Horizon(total_steps, steps_per_epoch, min(whole(warmup, total_steps, least=0), total_steps - 1))
