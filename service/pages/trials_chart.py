"""The search as a drawing: each trial's metric against its initial LR, coloured by schedule family."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from lrtune.schedules import FAMILIES
from lrtune.wire import Trial, TrialState
from service.pages.range_chart import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH
from service.pages.scale import Scale, spread

COLOURS = 15
"""Colours in the style sheet, ``.family-0`` and on."""

WORST_SHOWN = 4.0
"""Values above so many times the distance from the best to the median are drawn at the edge."""


@dataclass(frozen=True)
class Dot:
    """A complete trial; ``family`` numbers its colour."""

    trial: Trial
    x: float
    y: float
    family: int


@dataclass(frozen=True)
class TrialsChart:
    """Everything the template draws; ``families`` are the names and colours of the legend."""

    x: Scale
    y: Scale
    dots: list[Dot]
    families: list[tuple[str, int]]


def of(trials: Sequence[Trial], *, goal: str) -> TrialsChart | None:
    """The drawing of a search's trials; None before two of them are complete."""
    complete = [(trial, trial.value) for trial in trials if _is_complete(trial) and trial.value is not None]
    if len(complete) < 2:
        return None
    lrs = [math.log10(trial.initial_lr) for trial, _ in complete]
    low, high = spread(min(lrs), max(lrs))
    x = Scale(10**low, 10**high, LEFT, WIDTH - RIGHT, log=True)
    y = Scale(*_limits([value for _, value in complete], goal), HEIGHT - BOTTOM, TOP)
    dots = [
        Dot(trial, x.at(trial.initial_lr), y.at(min(max(value, y.low), y.high)), family(trial.schedule))
        for trial, value in complete
    ]
    names = sorted({trial.schedule for trial, _ in complete}, key=family)
    return TrialsChart(x, y, dots, [(name, family(name)) for name in names])


def family(name: str) -> int:
    """The number of a family's colour; an unknown family (of another version) shares the first."""
    return list(FAMILIES).index(name) % COLOURS if name in FAMILIES else 0


def _is_complete(trial: Trial) -> bool:
    return trial.state is TrialState.COMPLETE


def _limits(values: Sequence[float], goal: str) -> tuple[float, float]:
    ordered = sorted(values, reverse=goal == "maximize")
    best, middle = ordered[0], ordered[len(ordered) // 2]
    worst = best + WORST_SHOWN * (middle - best)
    bounded = max(worst, ordered[-1]) if goal == "maximize" else min(worst, ordered[-1])
    worst = ordered[-1] if middle == best else bounded
    return spread(min(best, worst), max(best, worst))
