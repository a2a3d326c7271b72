"""Schedules that a task brings: how the training loop begins them, and what the worker is told of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from lrtune.schedules import PREFIX, Custom, FamilyRow, source, start, with_custom
from lrtune.wire import Setting
from workers.trainer.errors import blame
from workers.trainer.loop import Start

TRIED = (1, 2, 100)
"""Steps of the runs that a function is tried on, at its defaults, before anything is trained."""


def starting(schedules: Mapping[str, Custom]) -> Start:
    """``lrtune.schedules.start`` with the task's own families.

    What a function raises is a ``UserError``, a LR that is no number from 0 on a ``ScheduleError``.
    """
    blamed = {name: replace(each, function=_blamed(name, each.function)) for name, each in schedules.items()}
    return partial(start, families=with_custom(blamed))


def rows(schedules: Mapping[str, Custom]) -> list[FamilyRow]:
    """The task's schedules as data, each tried at its defaults first.

    Raises:
        ScheduleError: A function gives no number from 0 on.
        UserError: A function raises.
    """
    begin = starting(schedules)
    for name in schedules:
        for steps in TRIED:
            course = begin(
                Setting(schedule=PREFIX + name, initial_lr=1.0), total_steps=steps, steps_per_epoch=1
            )
            for step in {0, steps // 2, steps - 1}:
                course.lr(step)
    families = with_custom(schedules)
    return [FamilyRow.of(families[PREFIX + name], source(each.function)) for name, each in schedules.items()]


def _blamed(name: str, function: Callable[..., float]) -> Callable[..., float]:
    def called(step: int, steps: int, **params: Any) -> float:
        with blame(f"schedules.{name}"):
            return function(step, steps, **params)

    return called
