"""Check a setting's schedule and parameters against the table."""

from __future__ import annotations

import math
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from lrtune.schedules.errors import ScheduleError
from lrtune.schedules.family import Family, Param
from lrtune.schedules.table import FAMILIES

LIST_MAX = 100
"""Most entries of a list parameter."""


def family(schedule: str, families: Mapping[str, Family] = FAMILIES) -> Family:
    """The family of that name.

    Raises:
        ScheduleError: There is none.
    """
    found = families.get(schedule)
    if found is None:
        raise ScheduleError("schedule", f"no schedule {schedule!r}", _nearest(schedule, list(families)))
    return found


def check(
    schedule: str, params: Mapping[str, Any], *, families: Mapping[str, Family] = FAMILIES
) -> dict[str, Any]:
    """Validate a family's parameters.

    Args:
        families: Families to choose from, where a task brings its own (``with_custom``).

    Returns:
        Every parameter of the family with its value, defaults filled in.

    Raises:
        ScheduleError: The family or a parameter is unknown, of the wrong type or out of bounds.
    """
    found = family(schedule, families)
    known = {param.name: param for param in found.params}
    for name in params:
        if name not in known:
            raise ScheduleError(
                f"params.{name}", f"{schedule} has no parameter {name!r}", _nearest(name, list(known))
            )
    checked = {
        name: _value(param, params[name]) if name in params else _default(param)
        for name, param in known.items()
    }
    wrong = found.together(checked) if found.together else None
    if wrong is not None:
        name, detail, remedy = wrong
        raise ScheduleError(f"params.{name}", detail, remedy)
    return checked


def _default(param: Param) -> Any:
    return list(param.default) if param.kind == "list" else param.default


def _nearest(name: str, known: list[str]) -> str:
    near = get_close_matches(str(name).lower(), known, n=1)
    listed = ", ".join(sorted(known))
    return f"did you mean {near[0]!r}? known: {listed}" if near else f"use one of: {listed}"


def _value(param: Param, value: Any) -> Any:
    field = f"params.{param.name}"
    if param.kind == "categorical":
        allowed = param.allowed or param.choices
        # True == 1 in Python: a choice of numbers must not take a bool.
        if isinstance(value, bool) or not any(value == choice for choice in allowed):
            listed = ", ".join(str(choice) for choice in allowed)
            raise ScheduleError(field, f"{value!r} is not a choice", f"use one of: {listed}")
        return next(choice for choice in allowed if value == choice)
    if param.kind == "list":
        if not isinstance(value, list | tuple) or not 1 <= len(value) <= LIST_MAX:
            raise ScheduleError(
                field, f"not a list of 1 to {LIST_MAX} numbers", f"e.g. {list(param.default)}"
            )
        return sorted(float(_number(param, field, entry)) for entry in value)
    number = _number(param, field, value)
    return int(number) if param.kind == "int" else float(number)


def _number(param: Param, field: str, value: Any) -> float | int:
    least, most = param.bounds
    remedy = f"give a {'whole ' if param.kind == 'int' else ''}number from {least:g} to {most:g}"
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ScheduleError(field, f"{value!r} is not a number", remedy)
    # Compared before any conversion: an int of a thousand digits is no float.
    if not least <= value <= most or not math.isfinite(value):
        raise ScheduleError(field, f"{_shown(value)} is out of bounds", remedy)
    if param.kind == "int" and value != math.floor(value):
        raise ScheduleError(field, f"{value!r} is not a whole number", remedy)
    return value


def _shown(value: float | int) -> str:
    return repr(value) if isinstance(value, float) or abs(value) < 10**20 else "a huge number"
