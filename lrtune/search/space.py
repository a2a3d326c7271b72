"""The search space: initial LR × schedule family × that family's parameters, as data.

A space needs no Optuna: samplers see it as unit cubes, one per family, whose first coordinate is the initial
LR. That coordinate is shared by all families; the others exist only where their family does.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from lrtune.wire import Setting

LR = "initial_lr"
"""Name of the coordinate that every family has."""


class ParamData(Protocol):
    """What the space reads of a ``lrtune.schedules.Param``."""

    @property
    def name(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def low(self) -> Any: ...
    @property
    def high(self) -> Any: ...
    @property
    def log(self) -> bool: ...
    @property
    def choices(self) -> Any: ...
    @property
    def default(self) -> Any: ...


class FamilyData(Protocol):
    """What the space reads of a ``lrtune.schedules.Family``."""

    @property
    def params(self) -> Sequence[ParamData]: ...


class LrPrior(Protocol):
    """Where the best initial LR is believed to lie: ``low < center < high``."""

    @property
    def center(self) -> float: ...
    @property
    def low(self) -> float: ...
    @property
    def high(self) -> float: ...


class FamilyError(ValueError):
    """A schedule family that is not in the table: which field, what is wrong, the remedy."""

    def __init__(self, field: str, detail: str, remedy: str) -> None:
        super().__init__(f"{detail}; {remedy}")
        self.field = field
        self.detail = detail
        self.remedy = remedy


@dataclass(frozen=True)
class Point:
    """A setting as samplers see it: its family, and its coordinates in that family's unit cube."""

    family: str
    u: tuple[float, ...]


@dataclass(frozen=True)
class Axis:
    """One coordinate. ``name`` is unique in the space: ``initial_lr`` or ``family.param``.

    ``kind`` is ``float``, ``int`` or ``categorical``; numbers have ``low <= high``, categories ``choices``.
    ``default`` is the value that the family has when nothing is said.
    """

    name: str
    kind: str
    low: float = 0.0
    high: float = 1.0
    log: bool = False
    choices: tuple[Any, ...] = ()
    default: Any = None

    @property
    def fixed(self) -> bool:
        """Whether there is nothing to choose."""
        return len(self.choices) == 1 if self.kind == "categorical" else self.low == self.high

    def value(self, u: float) -> Any:
        """The value at the unit coordinate ``u`` (clipped to [0, 1])."""
        u = min(max(float(u), 0.0), 1.0)
        if self.kind == "categorical":
            return self.choices[min(int(u * len(self.choices)), len(self.choices) - 1)]
        if self.kind == "int":
            return int(min(self.low + math.floor(u * (self.high - self.low + 1)), self.high))
        if self.log:
            value = math.exp(math.log(self.low) + u * (math.log(self.high) - math.log(self.low)))
        else:
            value = self.low + u * (self.high - self.low)
        return min(max(value, self.low), self.high)

    def unit(self, value: Any) -> float:
        """The unit coordinate of ``value``; a number outside the axis is clipped to its nearer end.

        Raises:
            ValueError: ``value`` is no choice of a categorical axis.
        """
        if self.kind == "categorical":
            return (self.choices.index(value) + 0.5) / len(self.choices)
        number = min(max(float(value), self.low), self.high)
        if self.kind == "int":
            return (number - self.low + 0.5) / (self.high - self.low + 1)
        if self.low == self.high:
            return 0.5
        if self.log:
            return (math.log(number) - math.log(self.low)) / (math.log(self.high) - math.log(self.low))
        return (number - self.low) / (self.high - self.low)


@dataclass(frozen=True)
class _Coder:
    """One parameter of a family and the axes that encode it (a list takes three: count, first, last)."""

    name: str
    kind: str
    axes: tuple[Axis, ...]

    def decode(self, values: Sequence[Any]) -> Any:
        if self.kind != "list":
            return values[0]
        count, first, last = int(values[0]), float(values[1]), float(values[2])
        if first > last:
            first, last = last, first
        if count == 1:
            return [first]
        return [first + (last - first) * i / (count - 1) for i in range(count)]

    def encode(self, value: Any) -> list[Any]:
        if self.kind != "list":
            return [value]
        numbers = sorted(float(item) for item in value)
        return [len(numbers), numbers[0], numbers[-1]]


LIST_MAX = 4
"""Most entries that the search gives a list parameter (drops of a multistep schedule)."""


def _coder(family: str, param: ParamData) -> _Coder:
    name = f"{family}.{param.name}"
    if param.kind == "categorical":
        axes: tuple[Axis, ...] = (
            Axis(name, "categorical", choices=tuple(param.choices), default=param.default),
        )
    elif param.kind == "list":
        default = sorted(param.default) if param.default else [param.low, param.high]
        axes = (
            Axis(f"{name}.count", "int", 1, LIST_MAX, default=min(len(default), LIST_MAX)),
            Axis(f"{name}.first", "float", float(param.low), float(param.high), default=default[0]),
            Axis(f"{name}.last", "float", float(param.low), float(param.high), default=default[-1]),
        )
    else:
        axes = (
            Axis(name, param.kind, float(param.low), float(param.high), bool(param.log), (), param.default),
        )
    return _Coder(param.name, param.kind, axes)


class Space:
    """Initial LR (log) × family × its parameters.

    Args:
        families: The parameters of each family, in the order in which the families are to be tried.
        prior: Interval of the initial LR, and the LR in it that is believed best.

    Raises:
        ValueError: No family, or a prior that is not ``0 < low <= center <= high``.
    """

    def __init__(self, families: Mapping[str, Sequence[ParamData]], prior: LrPrior) -> None:
        if not families:
            raise ValueError("a search space needs at least one schedule family")
        if not 0 < prior.low <= prior.center <= prior.high < math.inf:
            raise ValueError(f"not a prior: low {prior.low}, center {prior.center}, high {prior.high}")
        self.lr = Axis(LR, "float", prior.low, prior.high, log=True, default=prior.center)
        self._coders = {
            family: tuple(_coder(family, param) for param in params) for family, params in families.items()
        }
        self._axes = {
            family: (self.lr, *(axis for coder in coders for axis in coder.axes))
            for family, coders in self._coders.items()
        }

    @property
    def families(self) -> tuple[str, ...]:
        """The family names, in the order given."""
        return tuple(self._axes)

    def axes(self, family: str) -> tuple[Axis, ...]:
        """The coordinates of one family; the first is the initial LR."""
        return self._axes[family]

    def dimensions(self, family: str) -> int:
        """Number of coordinates of one family."""
        return len(self._axes[family])

    @property
    def fixed(self) -> bool:
        """Whether the space holds a single setting."""
        return len(self._axes) == 1 and all(axis.fixed for axis in next(iter(self._axes.values())))

    def default(self, family: str, lr: float | None = None) -> Point:
        """The family at its default parameters and at ``lr`` (default: the centre of the prior)."""
        axes = self._axes[family]
        values = [self.lr.default if lr is None else lr, *(axis.default for axis in axes[1:])]
        return Point(family, tuple(axis.unit(v) for axis, v in zip(axes, values, strict=True)))

    def setting(self, point: Point) -> Setting:
        """The setting that a point stands for."""
        axes = self._axes[point.family]
        values = iter([axis.value(u) for axis, u in zip(axes, point.u, strict=True)])
        lr = next(values)
        params = {
            coder.name: coder.decode([next(values) for _ in coder.axes])
            for coder in self._coders[point.family]
        }
        return Setting(schedule=point.family, initial_lr=lr, params=params)

    def point(self, setting: Setting) -> Point | None:
        """The point nearest to a setting: None where its family is not in the space.

        Parameters that the setting lacks take their default; a number outside its axis is clipped.
        """
        coders = self._coders.get(setting.schedule)
        if coders is None:
            return None
        u = [self.lr.unit(setting.initial_lr)]
        for coder in coders:
            given = setting.params.get(coder.name)
            values = [axis.default for axis in coder.axes] if given is None else coder.encode(given)
            for axis, value in zip(coder.axes, values, strict=True):
                known = axis.kind != "categorical" or value in axis.choices
                u.append(axis.unit(value if known else axis.default))
        return Point(setting.schedule, tuple(u))


def space(schedules: Iterable[str], prior: LrPrior, families: Mapping[str, FamilyData]) -> Space:
    """The search space of a request.

    Args:
        schedules: Family names, as in ``SearchSpec.schedules``.
        prior: Interval and centre of the initial LR, from the range test.
        families: ``lrtune.schedules.FAMILIES``.

    Raises:
        FamilyError: A name that ``families`` lacks.
    """
    chosen: dict[str, Sequence[ParamData]] = {}
    for name in schedules:
        if name not in families:
            raise FamilyError(
                "search.schedules", f"unknown schedule family {name!r}", f"choose from {', '.join(families)}"
            )
        chosen[name] = families[name].params
    return Space(chosen, prior)
