"""The range test: curves of all seeds, their median, bands, marks and the suggestion."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median
from typing import Any

from lrtune.wire import Curve, RangeTest
from service.pages.data.brief import brief, thin
from service.pages.figures import number

MAX_POINTS = 400
HEADROOM = 0.35
"""Share of the curve's fall that is shown above its start: divergence leaves the chart."""

MARKS = {
    "rise": "starts to fall",
    "steepest": "falls fastest",
    "minimum": "lowest",
    "divergence": "diverges",
}
BANDS = ("small", "medium", "large", "diverging")


def of(found: RangeTest) -> dict[str, Any]:
    """What the chart draws; ``lr`` has fewer than two items where there is no curve.

    ``seeds`` are shown as thin lines, ``median`` as a thick one; ``y`` is the interval of losses in view.
    """
    losses = _losses(found.curves)
    grid = thin(sorted(losses), MAX_POINTS)
    middle = [_median(losses[lr], len(found.curves)) for lr in grid]
    known = [loss for loss in middle if loss is not None]
    return {
        "label": label(found),
        "lr": grid,
        "median": [brief(loss) for loss in middle],
        "seeds": [[brief(losses[lr].get(curve.seed)) for lr in grid] for curve in found.curves],
        "y": _limits(known) if known else None,
        "bands": [[name, *band] for name in BANDS if (band := getattr(found.bands, name)) is not None],
        "marks": [
            [words, mark.lr, mark.low, mark.high]
            for name, words in MARKS.items()
            if (mark := getattr(found.marks, name)) is not None
        ],
        "suggestion": found.suggestion.model_dump() if found.suggestion else None,
    }


def label(found: RangeTest) -> str:
    """The chart in a sentence, for who does not see it."""
    text = f"{found.loss.capitalize()} loss against learning rate, {len(found.curves)} seeds and their median"
    if found.suggestion is None:
        return f"{text}; no suggestion"
    low, high = number(found.suggestion.low), number(found.suggestion.high)
    return f"{text}; suggested learning rate {number(found.suggestion.lr)}, interval {low} to {high}"


def _losses(curves: Sequence[Curve]) -> dict[float, dict[int, float]]:
    """Finite losses by learning rate and seed; every learning rate is there."""
    losses: dict[float, dict[int, float]] = {}
    for curve in curves:
        for lr, loss in zip(curve.lr, curve.loss, strict=True):
            at = losses.setdefault(lr, {}) if lr > 0 else {}
            if loss is not None:
                at[curve.seed] = loss
    return losses


def _median(losses: dict[int, float], seeds: int) -> float | None:
    """The median where most seeds have a loss."""
    return median(losses.values()) if 2 * len(losses) > seeds else None


def _limits(medians: Sequence[float]) -> list[float]:
    start = median(medians[: max(1, len(medians) // 10)])
    low = min(medians)
    fall = start - low or abs(low) * 0.1 or 1.0
    return [low - 0.08 * fall, start + HEADROOM * fall]
