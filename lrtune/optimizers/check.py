"""Check a requested optimizer against the table."""

from __future__ import annotations

import math
from collections.abc import Iterator
from difflib import get_close_matches
from typing import Any

from lrtune.optimizers.table import OPTIMIZERS, Optimizer, Option
from lrtune.sentence import sentence
from lrtune.wire import FieldError, OptimizerSpec
from lrtune.wire.pointer import escape

_ENGINE_OPTIONS = {
    "lr": "the learning rate is what lrtune finds: leave it out",
    "foreach": "the engine chooses how to compute a step: leave it out",
    "fused": "the engine chooses how to compute a step: leave it out",
    "capturable": "the engine chooses how to compute a step: leave it out",
    "differentiable": "the engine chooses how to compute a step: leave it out",
    "maximize": "the loss is minimised: negate the loss in the task instead",
}


class OptimizerError(ValueError):
    """An optimizer or an option is wrong: which ``field``, what (``detail``), how to mend it (``remedy``)."""

    def __init__(self, field: str, detail: str, remedy: str | None = None) -> None:
        super().__init__(f"{field}: {detail}" + (f" ({remedy})" if remedy else ""))
        self.field = field
        self.detail = detail
        self.remedy = remedy


def check(spec: OptimizerSpec) -> dict[str, Any]:
    """Validate an optimizer and its options.

    Returns:
        Every option of the optimizer with its value, defaults filled in: keyword arguments of the torch
        class, the LR left out.

    Raises:
        OptimizerError: The name or an option is unknown, of the wrong type or out of bounds.
    """
    row = OPTIMIZERS.get(spec.name)
    if row is None:
        raise OptimizerError("name", f"no optimizer {spec.name!r}", _nearest(spec.name, list(OPTIMIZERS)))
    given = spec.options
    for name in given:
        if name not in row.options:
            remedy = _ENGINE_OPTIONS.get(name) or _nearest(name, list(row.options))
            raise OptimizerError(name, f"{row.name} has no option {name!r}", remedy)
    options = {
        name: _value(option, given[name]) if name in given else option.default
        for name, option in row.options.items()
    }
    _together(row, options)
    return options


def problems(spec: OptimizerSpec) -> Iterator[FieldError]:
    """What ``check`` finds wrong, as a field of a request."""
    try:
        check(spec)
    except OptimizerError as error:
        yield FieldError(
            field=f"/optimizer/{escape(error.field)}",
            detail=sentence(error.detail),
            remedy=error.remedy and sentence(error.remedy),
        )


def _nearest(name: str, known: list[str]) -> str:
    near = get_close_matches(name.lower(), known, n=1)
    listed = ", ".join(sorted(known))
    return f"did you mean {near[0]!r}? known: {listed}" if near else f"use one of: {listed}"


def _value(option: Option, value: Any) -> Any:
    if option.kind == "floats":
        return _tuple(option, value)
    if value is None and (option.nullable or None in option.choices):
        return None
    if option.kind == "bool":
        if not isinstance(value, bool):
            raise OptimizerError(option.name, f"{value!r} is not true or false", "give true or false")
        return value
    if option.kind == "choice":
        if value not in option.choices:
            named = ", ".join("null" if choice is None else str(choice) for choice in option.choices)
            raise OptimizerError(option.name, f"{value!r} is not a choice", f"use one of: {named}")
        return value
    return _number(option, value)


def _tuple(option: Option, value: Any) -> tuple[Any, ...]:
    if not isinstance(value, list | tuple) or len(value) != option.length:
        raise OptimizerError(
            option.name,
            f"{value!r} is not a list of {option.length} numbers",
            f"e.g. {list(option.default)}",
        )
    return tuple(None if entry is None and option.nullable else _number(option, entry) for entry in value)


def _number(option: Option, value: Any) -> float | int:
    whole = option.kind == "int"
    if isinstance(value, bool) or not isinstance(value, int if whole else int | float):
        wanted = "a whole number" if whole else "a number"
        raise OptimizerError(option.name, f"{value!r} is not {wanted}", _bounds(option))
    if not math.isfinite(value):
        raise OptimizerError(option.name, f"{value!r} is not finite", _bounds(option))
    low, high = option.low, option.high
    too_low = low is not None and (value <= low if option.low_open else value < low)
    too_high = high is not None and (value >= high if option.high_open else value > high)
    if too_low or too_high:
        raise OptimizerError(option.name, f"{value!r} is out of bounds", _bounds(option))
    return value


def _bounds(option: Option) -> str:
    left = "above" if option.low_open else "at least"
    right = "below" if option.high_open else "at most"
    parts = []
    if option.low is not None:
        parts.append(f"{left} {option.low:g}")
    if option.high is not None:
        parts.append(f"{right} {option.high:g}")
    return "give a number " + " and ".join(parts) if parts else "give a number"


def _together(row: Optimizer, options: dict[str, Any]) -> None:
    """Rules between options that torch's constructors enforce."""
    if row.name == "sgd" and options["nesterov"] and (options["momentum"] <= 0 or options["dampening"] != 0):
        raise OptimizerError(
            "nesterov", "needs momentum above 0 and no dampening", "set momentum to 0.9 and dampening to 0"
        )
    if row.name == "rprop" and not options["etas"][0] < 1.0 < options["etas"][1]:
        raise OptimizerError("etas", "the first must be below 1 and the second above", "e.g. [0.5, 1.2]")
    if row.name == "rprop" and not options["step_sizes"][0] <= options["step_sizes"][1]:
        raise OptimizerError("step_sizes", "the first must not exceed the second", "e.g. [1e-6, 50]")
    if row.name == "adafactor" and options["eps"][1] is None:
        raise OptimizerError("eps", "the second entry must be a number", "e.g. [null, 0.001]")
