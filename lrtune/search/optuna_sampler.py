"""Optuna as a pure function: a study rebuilt in memory from evidence, asked for points, thrown away."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import optuna
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.samplers import BaseSampler, TPESampler
from optuna.trial import FrozenTrial, TrialState, create_trial

from lrtune.search.evidence import Evidence
from lrtune.search.space import Axis, Point, Space

FAMILY = "schedule"
"""Name of the categorical parameter that chooses the family."""


def distribution(axis: Axis) -> BaseDistribution:
    """An axis as Optuna knows it."""
    if axis.kind == "categorical":
        return CategoricalDistribution(axis.choices)
    if axis.kind == "int":
        return IntDistribution(int(axis.low), int(axis.high))
    return FloatDistribution(axis.low, axis.high, log=axis.log)


def penalty(evidence: Sequence[Evidence]) -> float:
    """The value that a diverged trial teaches: worse than every finite one, by as much as they spread.

    A finite number, since an infinite one would break samplers that model the value; relative to the spread,
    since only then does it mean the same on every scale of loss.
    """
    finite = [item.value for item in evidence if item.value is not None and math.isfinite(item.value)]
    if not finite:
        return 1.0
    return max(finite) + max(max(finite) - min(finite), 1e-6 * max(abs(max(finite)), 1.0))


def frozen(space: Space, item: Evidence, diverged_value: float) -> FrozenTrial:
    """A finished trial as Optuna knows it. A pruned one keeps its finite intermediate values."""
    axes = space.axes(item.point.family)
    params: dict[str, Any] = {axis.name: axis.value(u) for axis, u in zip(axes, item.point.u, strict=True)}
    distributions = {axis.name: distribution(axis) for axis in axes}
    if len(space.families) > 1:
        params[FAMILY] = item.point.family
        distributions[FAMILY] = CategoricalDistribution(space.families)
    steps = {epoch: value for epoch, value in enumerate(item.curve, 1) if math.isfinite(value)}
    state, value = TrialState.COMPLETE, item.value
    if item.diverged or (item.pruned and not steps):
        value = diverged_value
    elif item.pruned:
        state = TrialState.PRUNED
    return create_trial(
        state=state, value=value, params=params, distributions=distributions, intermediate_values=steps
    )


def rebuild(space: Space, evidence: Sequence[Evidence], sampler: BaseSampler | None = None) -> optuna.Study:
    """A study in memory that holds the evidence as trials, in its order; it minimises."""
    study = optuna.create_study(direction="minimize", sampler=sampler)
    worst = penalty(evidence)
    study.add_trials([frozen(space, item, worst) for item in evidence])
    return study


def ask(space: Space, study: optuna.Study, n: int) -> list[Point]:
    """Ask for ``n`` points one after another; those already asked stay running, so a sampler can lie."""
    return [suggest_point(space, study.ask()) for _ in range(n)]


def suggest_point(space: Space, trial: optuna.Trial) -> Point:
    """What an Optuna trial suggests in the space: the family first, then that family's coordinates."""
    family = space.families[0]
    if len(space.families) > 1:
        family = str(trial.suggest_categorical(FAMILY, space.families))
    return Point(family, tuple(axis.unit(_suggest(trial, axis)) for axis in space.axes(family)))


def _suggest(trial: optuna.Trial, axis: Axis) -> Any:
    if axis.kind == "categorical":
        return trial.suggest_categorical(axis.name, axis.choices)
    if axis.kind == "int":
        return trial.suggest_int(axis.name, int(axis.low), int(axis.high))
    return trial.suggest_float(axis.name, axis.low, axis.high, log=axis.log)


def _quiet() -> warnings.catch_warnings[None]:
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return warnings.catch_warnings(action="ignore", category=optuna.exceptions.ExperimentalWarning)


def _seed(rng: np.random.Generator) -> int:
    return int(rng.integers(2**31))


def tpe_points(space: Space, evidence: Sequence[Evidence], n: int, rng: np.random.Generator) -> list[Point]:
    """TPE over the conditional space: parameters that occur together are modelled together."""
    with _quiet():
        sampler = TPESampler(
            multivariate=True, group=True, constant_liar=True, n_startup_trials=0, seed=_seed(rng)
        )
        return ask(space, rebuild(space, evidence, sampler), n)
