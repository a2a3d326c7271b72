"""Parallel coordinates: a line a trial, through its initial LR, its schedule's parameters and its metric."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from lrtune.wire import ParamValue, Trial
from service.pages.data.brief import brief
from service.pages.data.families import colour
from service.pages.data.search import limits
from service.pages.figures import words

LINES = 1000
"""The best trials, which are drawn; more would be one grey area."""

LOG_DECADES = 1.5
"""A positive parameter whose values spread over more than this is drawn on a log axis."""


def of(trials: Sequence[Trial], *, goal: str, metric: str) -> dict[str, Any]:
    """What the chart draws: axes, and by line its values along them, best trial first.

    Families share few parameters: with several of them the axes are the initial LR, the family and those
    parameters that all have; with one alone, all of its own. An axis is ``name, kind, low, high`` or, for
    words, ``name, "words", list of words``; a line's value on it is a number or an index into the words.
    """
    families = sorted({trial.schedule for trial in trials}, key=lambda name: (colour(name), name))
    columns: list[tuple[str, Sequence[ParamValue]]] = [("initial LR", [t.initial_lr for t in trials])]
    if len(families) > 1:
        columns.append(("schedule", [words(trial.schedule) for trial in trials]))
    shared = [name for name in _first(trials) if all(name in trial.params for trial in trials)]
    columns += [(words(name), [trial.params[name] for trial in trials]) for name in shared]
    axes, lines = [], []
    for name, values in columns:
        axis, places = _axis(name, values)
        if axis is not None:
            axes.append(axis)
            lines.append(places)
    reached = [trial.value for trial in trials if trial.value is not None]
    if reached:
        axes.append([metric, "linear", *(brief(edge) for edge in limits(reached, goal))])
        lines.append([brief(trial.value) for trial in trials])
    return {
        "label": f"Parallel coordinates of the {len(trials)} best trials: "
        + ", ".join(str(axis[0]) for axis in axes),
        "goal": goal,
        "axes": axes,
        "number": [trial.number for trial in trials],
        "colour": [colour(trial.schedule) for trial in trials],
        "lines": [list(line) for line in zip(*lines, strict=True)],
    }


def _first(trials: Sequence[Trial]) -> list[str]:
    return list(trials[0].params) if trials else []


def _axis(name: str, values: Sequence[ParamValue]) -> tuple[list[Any] | None, list[Any]]:
    """The axis, and each value's place on it; None for the axis where all values are the same."""
    if len(set(map(str, values))) < 2:
        return None, []
    numbers = [float(v) for v in values if isinstance(v, int | float) and not isinstance(v, bool)]
    if len(numbers) < len(values):
        known = sorted({_spelled(value) for value in values})
        return [name, "words", known], [known.index(_spelled(value)) for value in values]
    low, high = min(numbers), max(numbers)
    log = low > 0 and math.log10(high / low) > LOG_DECADES
    return [name, "log" if log else "linear", brief(low), brief(high)], [brief(v) for v in numbers]


def _spelled(value: ParamValue) -> str:
    if isinstance(value, list):
        return ", ".join(f"{each:.3g}" for each in value)
    return str(value)
