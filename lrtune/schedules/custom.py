"""Families of a task's own: a function in the user's bundle, with its own search space."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from lrtune.schedules.errors import ScheduleError
from lrtune.schedules.family import WARMUP, Family, Param
from lrtune.schedules.horizon import Horizon
from lrtune.schedules.table import FAMILIES

PREFIX = "custom:"
"""What the name of a task's own family begins with, so that it is never taken for one of ours."""

MOST = 1e3
"""Largest LR over the initial one that a function may ask for: above it something is wrong with its units."""


@dataclass(frozen=True)
class Custom:
    """A schedule that a task brings.

    Args:
        function: ``function(step, steps, **params)`` returns the LR over the initial LR, at the 0-based
            ``step`` of ``steps`` after the warmup. A pure function: the same arguments, the same number.
        params: Its parameters (``number``, ``whole_number``, ``choice``); ``warmup`` comes by itself.
        summary: One line for the answer.
    """

    function: Callable[..., float]
    params: tuple[Param, ...] = ()
    summary: str = "A schedule of the task's own."


def number(name: str, low: float, high: float, *, default: float, log: bool = False, doc: str = "") -> Param:
    """A parameter that is a number from ``low`` to ``high``, searched log-uniformly with ``log``."""
    return Param(name=name, kind="float", low=low, high=high, log=log, default=default, doc=doc)


def whole_number(name: str, low: int, high: int, *, default: int, doc: str = "") -> Param:
    """A parameter that is a whole number from ``low`` to ``high``."""
    return Param(name=name, kind="int", low=low, high=high, default=default, doc=doc)


def choice(name: str, *choices: str, default: str, doc: str = "") -> Param:
    """A parameter that is one of ``choices``."""
    return Param(name=name, kind="categorical", choices=choices, default=default, doc=doc)


@dataclass(frozen=True)
class CustomShape:
    """A task's function laid over the steps after the warmup."""

    name: str
    base_lr: float
    steps: int
    params: Mapping[str, Any]
    function: Callable[..., float]

    @property
    def initial_lr(self) -> float:
        return self.lr(0)

    def lr(self, step: int) -> float:
        """LR at a step.

        Raises:
            ScheduleError: The function gives no number from 0 to ``MOST``; what it raises goes through.
        """
        ratio = self.function(step, self.steps, **self.params)
        try:
            found = float(ratio)
        except (TypeError, ValueError):
            found = math.nan
        if not 0 <= found <= MOST:
            raise ScheduleError(
                self.name,
                f"gave {ratio!r} at step {step} of {self.steps} with {dict(self.params)}",
                f"return the LR over the initial LR, a number from 0 to {MOST:g}",
            )
        return self.base_lr * found


def custom_family(name: str, custom: Custom) -> Family:
    """The family ``custom:<name>`` of a task's schedule.

    Raises:
        ScheduleError: The name, the function or a parameter is not what it should be.
    """
    field = f"schedules.{name}"
    if not str(name).isidentifier():
        raise ScheduleError("schedules", f"{name!r} is not a name", "use letters, digits and _")
    if not isinstance(custom, Custom) or not callable(custom.function):
        raise ScheduleError(
            field, "is not a Custom with a function", "give lrtune.schedules.Custom(function)"
        )
    names = [param.name for param in custom.params]
    for param in custom.params:
        _sound(f"{field}.{param.name}", param, taken=names.count(param.name) > 1)

    def lay(lr: float, params: Mapping[str, Any], horizon: Horizon) -> CustomShape:
        return CustomShape(field, lr, horizon.steps, own_params(params), custom.function)

    return Family(
        name=PREFIX + name,
        title=name.replace("_", " ").capitalize(),
        summary=custom.summary,
        params=(*custom.params, WARMUP),
        simplicity=2,
        lay=lay,
    )


def own_params(params: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters that the function takes: all but the warmup."""
    return {key: value for key, value in params.items() if key != WARMUP.name}


def source(function: Callable[..., float]) -> str | None:
    """Where a function is imported from, ``module:name``; None of a lambda or one made inside another."""
    module, name = getattr(function, "__module__", None), getattr(function, "__qualname__", "")
    return f"{module}:{name}" if module and name.isidentifier() else None


def with_custom(customs: Mapping[str, Custom]) -> Mapping[str, Family]:
    """Our families and a task's own, by name.

    Raises:
        ScheduleError: One of the task's is not what it should be.
    """
    own = (custom_family(name, custom) for name, custom in customs.items())
    return MappingProxyType({**FAMILIES, **{family.name: family for family in own}})


def _sound(field: str, param: Param, *, taken: bool) -> None:
    if not param.name.isidentifier() or param.name in ("step", "steps", WARMUP.name) or taken:
        raise ScheduleError(field, "is not a free name", "each name once, none of step, steps and warmup")
    if param.kind == "categorical":
        if not param.choices or param.default not in param.choices:
            raise ScheduleError(field, "its default is not a choice", "name it among the choices")
        return
    if param.kind == "list":
        raise ScheduleError(field, "is a list", "use number, whole_number or choice")
    low, high = param.bounds
    if not (math.isfinite(low) and math.isfinite(high) and low <= param.default <= high):
        raise ScheduleError(field, f"{param.default!r} is not from {low!r} to {high!r}", "give finite bounds")
    if param.log and low <= 0:
        raise ScheduleError(field, f"a logarithm begins at {low!r}", "give a low above 0, or log=False")
