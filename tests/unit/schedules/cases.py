"""Settings to compare: a grid over every family, and Hypothesis draws over all that a setting may say."""

from __future__ import annotations

from itertools import product
from typing import Any

from hypothesis import strategies as st

from lrtune.schedules import FAMILIES, Param, check
from lrtune.wire import Setting

FIXED = [name for name in FAMILIES if name != "plateau"]
"""Families whose LRs do not depend on the training."""

DEFAULTS = {name: check(name, {}) for name in FAMILIES}

MOST_WARMUP = 0.1
"""What a warmup may reach in ``settings``, searched or not."""


def _points(param: Param) -> list[Any]:
    if param.kind == "categorical":
        return list(param.allowed or param.choices)
    if param.kind == "list":
        return [list(param.default), [0.3], [0.3, 0.3, 0.95]]
    return [param.low, param.high]


def grid(family: str) -> list[Setting]:
    """The defaults, and each parameter at its ends with the others at their default.

    All that for each combination of choices, with and without warmup.
    """
    params = [param for param in FAMILIES[family].params if param.name != "warmup"]
    chosen = [param for param in params if param.kind == "categorical"]
    others = [{param.name: value} for param in params if param not in chosen for value in _points(param)]
    return [
        Setting(schedule=family, initial_lr=3e-3, params={**choices, **other, "warmup": warmup})
        for values in product(*map(_points, chosen))
        for choices in [dict(zip((param.name for param in chosen), values, strict=True))]
        for other in [{}, *others]
        for warmup in (0.0, 0.1)
    ]


def values(param: Param, *, wide: bool = False) -> st.SearchStrategy[Any]:
    """Values of a parameter over its searched range; with ``wide`` over all that a setting may say."""
    if param.kind == "categorical":
        return st.sampled_from(param.allowed or param.choices)
    low, high = param.bounds if wide else (param.low, param.high)
    if param.name == "warmup" and not wide:
        high = MOST_WARMUP
    if param.kind == "list":
        return st.lists(st.floats(low, high), min_size=1, max_size=5)
    return st.integers(int(low), int(high)) if param.kind == "int" else st.floats(low, high)


def settings(family: str, *, wide: bool = False) -> st.SearchStrategy[Setting]:
    """Settings of a family, each parameter left out at times."""
    drawn = {param.name: values(param, wide=wide) for param in FAMILIES[family].params}
    together = FAMILIES[family].together
    return st.builds(
        lambda lr, params: Setting(schedule=family, initial_lr=lr, params=params),
        st.floats(1e-6, 10.0),
        st.fixed_dictionaries({}, optional=drawn).filter(
            lambda params: together is None or together({**DEFAULTS[family], **params}) is None
        ),
    )


LOSSES = st.one_of(
    # A few close values, so that better, equal and hardly better all occur often; exact in float32.
    st.sampled_from([1.0, 0.9990234375, 0.998046875, 0.5, 0.49951171875, 0.25, 2.0]),
    st.sampled_from([float("nan"), float("inf"), -0.5, -0.25, 0.0]),
)
"""Validation losses after an epoch."""
