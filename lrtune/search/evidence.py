"""Evidence: finished trials as samplers and pruners see them, always to be minimised."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from lrtune.search.space import Point, Space
from lrtune.wire import MetricSpec, Report, Trial, TrialState


@dataclass(frozen=True)
class Evidence:
    """One finished trial.

    ``value`` is the metric after the last epoch, sign turned so that less is better: None for a pruned trial,
    infinite for a diverged one. ``curve`` has the metric after each epoch, same sign, NaN where it was not a
    number; ``epochs`` is the length of a whole run.
    """

    number: int
    point: Point
    value: float | None
    curve: tuple[float, ...]
    epochs: int

    @property
    def diverged(self) -> bool:
        return self.value == math.inf

    @property
    def pruned(self) -> bool:
        return self.value is None


def signed(value: float | None, metric: MetricSpec) -> float:
    """A metric's value so that less is better; null is NaN."""
    if value is None:
        return math.nan
    return value if metric.goal == "minimize" else -value


def curve(reports: Sequence[Report], metric: MetricSpec) -> tuple[float, ...]:
    """The metric after each epoch, to be minimised, NaN where it is null or missing."""
    return tuple(signed(report.values.get(metric.name), metric) for report in reports)


def evidence(space: Space, trials: Iterable[Trial], metric: MetricSpec) -> list[Evidence]:
    """The finished trials that the space can express, ordered by number (so row order never matters).

    A completed trial whose value is missing or not finite counts as diverged: whatever the engine called it,
    the setting did not yield a model.
    """
    found = []
    for trial in sorted(trials, key=lambda t: t.number):
        point = space.point(trial.setting)
        if point is None or not trial.state.final:
            continue
        value: float | None
        if trial.state is TrialState.PRUNED:
            value = None
        else:
            value = signed(trial.value, metric) if trial.state is TrialState.COMPLETE else math.inf
            if not math.isfinite(value):
                value = math.inf
        found.append(Evidence(trial.number, point, value, curve(trial.curve, metric), trial.epochs))
    return found
