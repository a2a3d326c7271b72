"""Samplers by name, as data: what a request may ask for. No Optuna is needed to read it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


class SamplerError(ValueError):
    """A sampler that is not in the table: which field, what is wrong, and the names that there are."""

    def __init__(self, field: str, detail: str, remedy: str) -> None:
        super().__init__(f"{detail}; {remedy}")
        self.field = field
        self.detail = detail
        self.remedy = remedy


@dataclass(frozen=True)
class Sampler:
    """One row of the table. ``summary`` is one line for docs and errors."""

    name: str
    summary: str


def _table(*samplers: Sampler) -> Mapping[str, Sampler]:
    return MappingProxyType({sampler.name: sampler for sampler in samplers})


SAMPLERS: Mapping[str, Sampler] = _table(
    Sampler("tpe", "Optuna's multivariate tree-structured Parzen estimator"),
    Sampler("gp", "lrtune's Gaussian process that shares the LR between families and reads pruned curves"),
    Sampler("random", "uniform over families and their parameters"),
)


def check(name: str) -> Sampler:
    """The sampler of that name.

    Raises:
        SamplerError: No such sampler.
    """
    try:
        return SAMPLERS[name]
    except KeyError:
        raise SamplerError(
            "search.sampler", f"unknown sampler {name!r}", f"choose one of {', '.join(SAMPLERS)}"
        ) from None
