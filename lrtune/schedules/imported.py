"""A task's own schedule outside its task: its name, its parameters, and where its function is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, NoReturn

from lrtune.schedules.custom import PREFIX, own_params
from lrtune.schedules.errors import ScheduleError
from lrtune.schedules.family import WARMUP, Family, Param
from lrtune.schedules.horizon import Horizon
from lrtune.schedules.table import FAMILIES


@dataclass(frozen=True)
class Imported:
    """A task's schedule laid over the steps after the warmup, without its function: code imports that.

    ``source`` is ``module:function``; None where the function has no name to import it by.
    """

    name: str
    base_lr: float
    steps: int
    params: Mapping[str, Any]
    source: str | None

    @property
    def initial_lr(self) -> float:
        """What the function's ratios are of."""
        return self.base_lr

    def lr(self, step: int) -> NoReturn:
        """Nobody knows outside the task.

        Raises:
            ScheduleError: Always.
        """
        raise ScheduleError(
            "schedule",
            f"the function of {self.name} is in the task",
            "lrtune code JOB writes code that imports it",
        )


def with_imported(name: str, params: Mapping[str, Any], source: str | None = None) -> Mapping[str, Family]:
    """Our families, and the one of that name, known at these parameters alone, where it is a task's own.

    Args:
        source: Where its function is imported from, ``module:function``.
    """
    if not name.startswith(PREFIX):
        return FAMILIES

    def lay(lr: float, params: Mapping[str, Any], horizon: Horizon) -> Imported:
        return Imported(name, lr, horizon.steps, own_params(params), source)

    family = Family(
        name=name,
        title=name.removeprefix(PREFIX).replace("_", " ").capitalize(),
        summary="A schedule of the task's own.",
        params=(*(_param(key, value) for key, value in own_params(params).items()), WARMUP),
        simplicity=2,
        lay=lay,
    )
    return MappingProxyType({**FAMILIES, name: family})


def _param(name: str, value: Any) -> Param:
    if isinstance(value, str):
        return Param(name=name, kind="categorical", choices=(value,), default=value, doc="")
    kind = "int" if isinstance(value, int) else "float"
    return Param(name=name, kind=kind, low=value, high=value, default=value, doc="")  # type: ignore[arg-type]
