"""What a schedule family is, as data: its parameters, and how it is laid over a horizon."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from lrtune.schedules.horizon import Horizon

Kind = Literal["float", "int", "categorical", "list"]


@dataclass(frozen=True, kw_only=True)
class Param:
    """One parameter of a family.

    ``low`` to ``high`` (``choices`` of a categorical) is what a search looks at, uniformly or, with ``log``,
    log-uniformly; equal ends mean that it is not searched. ``least`` to ``most`` (``allowed``) is what a
    setting may say; left out, the searched range is also the allowed one. The entries of a list are bounded
    each for itself.
    """

    name: str
    kind: Kind
    default: Any
    doc: str
    low: float | None = None
    high: float | None = None
    log: bool = False
    choices: tuple[Any, ...] = ()
    least: float | None = None
    most: float | None = None
    allowed: tuple[Any, ...] = ()

    @property
    def bounds(self) -> tuple[float, float]:
        """Smallest and largest number that a setting may say."""
        least = self.low if self.least is None else self.least
        most = self.high if self.most is None else self.most
        if least is None or most is None:
            raise TypeError(f"{self.name} is {self.kind}: it has no bounds")
        return least, most


class Shape(Protocol):
    """A family laid over the steps after the warmup; its fields are the absolute numbers."""

    @property
    def initial_lr(self) -> float:
        """LR of its first step: where a warmup leads."""

    def lr(self, step: int) -> float:
        """LR at a step counted from the end of the warmup, 0-based, within the horizon."""


class Lay(Protocol):
    """Lays a family over a horizon; ``params`` are checked and complete."""

    def __call__(self, lr: float, params: Mapping[str, Any], horizon: Horizon) -> Shape: ...


@dataclass(frozen=True, kw_only=True)
class Family:
    """A schedule family.

    ``simplicity`` ranks what a user takes on with it, 0 (nothing decays) to 3 (a state machine, or a LR that
    goes up again); the answer prefers the smaller one. ``together`` checks what bounds on each parameter
    alone cannot express: it returns the parameter at fault, what is wrong and the remedy, or None.
    """

    name: str
    title: str
    summary: str
    params: tuple[Param, ...]
    simplicity: int
    lay: Lay
    together: Callable[[Mapping[str, Any]], tuple[str, str, str] | None] | None = None


def _warmup(high: float, doc: str) -> Param:
    return Param(name="warmup", kind="float", default=0.0, low=0.0, high=high, least=0.0, most=0.99, doc=doc)


WARMUP = _warmup(
    0.1, "Fraction of the run over which the LR first rises linearly from near 0 to its initial value."
)
"""Searched up to 10 % of the run (Deep Learning Tuning Playbook; PD1)."""

OWN_WARMUP = _warmup(
    0.0,
    "Fraction of the run over which the LR first rises linearly from near 0 to the value this family begins "
    "with. Not searched: the family rises by itself.",
)
"""For families that begin low."""
