"""The search: each final trial's metric against its initial LR, and its family."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lrtune.wire import TrialState
from service.pages.data.brief import brief
from service.pages.data.families import colour
from store.standings import Point

WORST_SHOWN = 4.0
"""Values further from the best than so many times its distance to the median are drawn at the edge."""


def of(points: Sequence[Point], *, goal: str, metric: str) -> dict[str, Any]:
    """What the chart draws: columns by trial, in the order of their LR.

    ``value`` is null for a trial without one; ``family`` is an index into ``families``, whose items are a
    name and the number of a colour; ``state`` tells diverged trials (``d``) from pruned (``p``) and complete
    ones. ``y`` is the interval of values in view, null before two trials are complete.
    """
    names = sorted({point.schedule for point in points}, key=lambda name: (colour(name), name))
    index = {name: place for place, name in enumerate(names)}
    values = [point.value for point in points if point.value is not None]
    return {
        "label": f"{metric} against initial learning rate of {len(values)} complete trials",
        "goal": goal,
        "metric": metric,
        "families": [[name, colour(name)] for name in names],
        "number": [point.number for point in points],
        "lr": [brief(point.initial_lr) for point in points],
        "value": [brief(point.value) for point in points],
        "family": [index[point.schedule] for point in points],
        "state": "".join(_letter(point.state) for point in points),
        "y": limits(values, goal) if len(values) > 1 else None,
    }


def limits(values: Sequence[float], goal: str) -> list[float]:
    """The interval in view: from the best value on, so far that outliers do not flatten the rest."""
    ordered = sorted(values, reverse=goal == "maximize")
    best, middle, worst = ordered[0], ordered[len(ordered) // 2], ordered[-1]
    edge = best + WORST_SHOWN * (middle - best)
    if middle != best:
        worst = max(edge, worst) if goal == "maximize" else min(edge, worst)
    margin = abs(worst - best) * 0.05 or abs(best) * 0.05 or 1.0
    return [min(best, worst) - margin, max(best, worst) + margin]


def _letter(state: TrialState) -> str:
    return {TrialState.DIVERGED: "d", TrialState.PRUNED: "p"}.get(state, "c")
