"""The range test as a drawing: curves of all seeds, their median, bands, marks and the suggestion."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from lrtune.wire import Curve, Mark, RangeTest, Suggestion
from service.pages.scale import Scale, spread

WIDTH, HEIGHT = 760.0, 320.0
LEFT, RIGHT, TOP, BOTTOM = 56.0, 12.0, 26.0, 40.0
MAX_POINTS = 400
HEADROOM = 0.35
"""Share of the curve's fall that is shown above its start: divergence leaves the drawing."""

MARKS = {
    "rise": "starts to fall",
    "steepest": "falls fastest",
    "minimum": "lowest",
    "divergence": "diverges",
}


@dataclass(frozen=True)
class Band:
    """A coloured interval of learning rates."""

    name: str
    low: float
    high: float
    x: float
    width: float


@dataclass(frozen=True)
class RangeChart:
    """Everything the template draws; ``curves`` and ``median`` are SVG paths."""

    x: Scale
    y: Scale
    bands: list[Band]
    curves: list[str]
    median: str
    marks: list[tuple[str, Mark]]
    suggestion: Suggestion | None
    seeds: int


def of(found: RangeTest) -> RangeChart | None:
    """The drawing of a range test; None if it has no finite loss at two or more learning rates."""
    grid, medians = _median(found.curves)
    if len(grid) < 2:
        return None
    # The whole sweep, diverged end included: that is where the curves leave the drawing.
    swept = [lr for curve in found.curves for lr in curve.lr if lr > 0]
    x = Scale(min(swept), max(swept), LEFT, WIDTH - RIGHT, log=True)
    y = Scale(*_limits(medians), HEIGHT - BOTTOM, TOP)
    marks = [
        (words, mark) for name, words in MARKS.items() if (mark := getattr(found.marks, name)) is not None
    ]
    return RangeChart(
        x=x,
        y=y,
        bands=_bands(found, x),
        curves=[_path(x, y, curve.lr, curve.loss) for curve in found.curves],
        median=_path(x, y, grid, medians),
        marks=marks,
        suggestion=found.suggestion,
        seeds=len(found.curves),
    )


def _median(curves: Sequence[Curve]) -> tuple[list[float], list[float]]:
    losses: dict[float, list[float]] = {}
    for curve in curves:
        for lr, loss in zip(curve.lr, curve.loss, strict=True):
            if loss is not None and lr > 0:
                losses.setdefault(lr, []).append(loss)
    grid = sorted(lr for lr, found in losses.items() if 2 * len(found) > len(curves))
    return grid, [median(losses[lr]) for lr in grid]


def _limits(medians: Sequence[float]) -> tuple[float, float]:
    start = median(medians[: max(1, len(medians) // 10)])
    low = min(medians)
    if start <= low:
        return spread(low, start)
    return low - 0.08 * (start - low), start + HEADROOM * (start - low)


def _bands(found: RangeTest, x: Scale) -> list[Band]:
    bands = []
    for name in ("small", "medium", "large", "diverging"):
        interval = getattr(found.bands, name)
        if interval is None:
            continue
        low, high = max(interval[0], x.low), min(interval[1], x.high)
        if low < high:
            bands.append(Band(name, interval[0], interval[1], x.at(low), round(x.at(high) - x.at(low), 2)))
    return bands


def _path(x: Scale, y: Scale, lrs: Sequence[float], losses: Sequence[float | None]) -> str:
    """An SVG path; a missing loss lifts the pen. At most about MAX_POINTS points."""
    stride = max(1, len(lrs) // MAX_POINTS)
    steps, pen = [], "M"
    ceiling = y.end - 4 * abs(y.start - y.end)
    for lr, loss in list(zip(lrs, losses, strict=True))[::stride]:
        if loss is None or lr <= 0:
            pen = "M"
            continue
        steps.append(f"{pen}{x.at(lr)} {max(y.at(loss), ceiling)}")
        pen = "L"
    return "".join(steps)
