"""A setting laid over a run: absolute numbers instead of fractions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from lrtune.schedules.check import check, family
from lrtune.schedules.family import Family, Shape
from lrtune.schedules.horizon import Horizon, horizon
from lrtune.schedules.table import FAMILIES
from lrtune.wire import Setting


def laid(
    setting: Setting,
    *,
    total_steps: int,
    steps_per_epoch: int,
    families: Mapping[str, Family] = FAMILIES,
) -> tuple[Shape, Horizon]:
    """The setting's family with absolute numbers, and the horizon it is laid over.

    Raises:
        ScheduleError: The setting or a length is wrong.
    """
    params = check(setting.schedule, setting.params, families=families)
    over = horizon(total_steps=total_steps, steps_per_epoch=steps_per_epoch, warmup=params["warmup"])
    return family(setting.schedule, families).lay(setting.initial_lr, params, over), over


def concrete(setting: Setting, total_steps: int, steps_per_epoch: int) -> dict[str, Any]:
    """The numbers of a setting for people: LRs, steps (counted after the warmup) and epochs of this run.

    Raises:
        ScheduleError: The setting or a length is wrong.
    """
    shape, over = laid(setting, total_steps=total_steps, steps_per_epoch=steps_per_epoch)
    numbers: dict[str, Any] = asdict(shape)  # type: ignore[call-overload]
    return {"total_steps": total_steps, "warmup_steps": over.warmup_steps, **numbers}


def simplicity(schedule: str, *, families: Mapping[str, Family] = FAMILIES) -> int:
    """Rank of a family, 0 (constant) to 3; of two equally good answers the one with the smaller rank wins.

    Raises:
        ScheduleError: There is no such family.
    """
    return family(schedule, families).simplicity
