"""The picture of a range test."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.transforms import blended_transform_factory

from lrtune.plots.canvas import ACCENT, FAINT, INK, Drawing, figure, number, plain, png
from lrtune.rangetest.sweep import FloatArray
from lrtune.wire import Outcome, RangeTest

BANDS = {"small": "#d6e6f5", "medium": "#d3efd3", "large": "#fdebc8", "diverging": "#f8d3d3"}
MARKS = {
    "rise": "starts to fall",
    "steepest": "falls fastest",
    "minimum": "lowest",
    "divergence": "diverges",
}
HALO = {"boxstyle": "round,pad=0.15", "facecolor": "white", "alpha": 0.65, "linewidth": 0}
"""Behind words, so that a line that crosses them leaves them readable."""

HEADROOM = 0.35
"""Share of the curve's range that is left above the start level: divergence goes off the picture."""


def range_test_png(found: RangeTest) -> bytes:
    """``range_test_figure`` as a PNG."""
    return png(range_test_figure(found))


def range_test_figure(found: RangeTest) -> Drawing:
    """Every seed thin, their median bold, the bands coloured, marks and suggestion with their intervals.

    Args:
        found: A range test with its curves; without any the picture says so.
    """
    drawn = figure(10.5, 6.0)
    axes = drawn.add_subplot()
    plain(axes)
    axes.set_xscale("log")
    axes.set_xlabel("learning rate (one step at each, rising)", color=INK)
    axes.set_ylabel(f"{found.loss} loss", color=INK)
    drawn.suptitle(headline(found), fontsize=13, color=INK, x=0.01, ha="left", wrap=True)
    if found.reasons:
        axes.set_title(found.reasons[0], fontsize=9.5, color=FAINT, loc="left", wrap=True)
    lr, losses = _curves(found)
    if len(lr) == 0:
        axes.text(0.5, 0.5, "no curves", transform=axes.transAxes, ha="center", color=FAINT)
        return drawn
    low, high = _limits(losses)
    axes.set_xlim(lr[0], lr[-1])
    axes.set_ylim(low, high)
    _bands(axes, found, lr)
    for row in losses:
        axes.plot(lr, row, color=FAINT, linewidth=0.6, alpha=0.6)
    axes.plot(lr, _median(losses), color=INK, linewidth=1.8, label=f"median of {len(losses)} seeds")
    _marks(axes, found)
    _suggestion(axes, found)
    return drawn


def headline(found: RangeTest) -> str:
    """The result in words."""
    chosen = found.suggestion
    if chosen is None:
        words = {
            Outcome.FLAT: "No suggestion: the loss hardly reacts to the learning rate",
            Outcome.NO_DIVERGENCE: "No suggestion: nothing diverged",
            Outcome.NOISY: "No suggestion: the seeds disagree",
            Outcome.DIVERGED_AT_START: "No suggestion: the loss is not finite from the start",
            Outcome.OPTIMUM_AT_BOUNDARY: "No suggestion: the optimum is not inside the sweep",
            Outcome.OK: "No suggestion",
        }
        return words[found.outcome]
    how = "verified by short trainings" if chosen.verified else "not yet verified by trainings"
    return f"Learning rate {number(chosen.lr)}  ({number(chosen.low)} to {number(chosen.high)}), {how}"


def _curves(found: RangeTest) -> tuple[FloatArray, FloatArray]:
    """LRs, shape (steps,), and losses with NaN, shape (seeds, steps), over the LRs that all seeds share."""
    if not found.curves:
        return np.empty(0), np.empty((0, 0))
    steps = min(len(curve.lr) for curve in found.curves)
    lr = np.array(found.curves[0].lr[:steps], dtype=np.float64)
    rows = [[np.nan if v is None else v for v in curve.loss[:steps]] for curve in found.curves]
    return lr, np.array(rows, dtype=np.float64)


def _median(losses: FloatArray) -> FloatArray:
    """The median over seeds, NaN where half of them diverged."""
    ordered = np.sort(np.where(np.isfinite(losses), losses, np.inf), axis=0)
    low, high = ordered[(len(losses) - 1) // 2], ordered[len(losses) // 2]
    gone = ~np.isfinite(high)
    return np.where(gone, np.nan, (np.where(gone, 0.0, low) + np.where(gone, 0.0, high)) / 2)


def _limits(losses: FloatArray) -> tuple[float, float]:
    """The loss axis: from the lowest value to somewhat above the start, however high divergence went."""
    finite = losses[np.isfinite(losses)]
    if len(finite) == 0:
        return 0.0, 1.0
    head = losses[:, : max(losses.shape[1] // 8, 1)]
    started = head[np.isfinite(head)]
    top = float(np.quantile(started if len(started) else finite, 0.98))
    bottom = float(np.quantile(finite[finite <= top], 0.002)) if (finite <= top).any() else top
    span = max(top - bottom, 1e-9 * max(abs(top), 1.0))
    return bottom - 0.12 * span, top + HEADROOM * span


def _bands(axes: Axes, found: RangeTest, lr: FloatArray) -> None:
    upwards = blended_transform_factory(axes.transData, axes.transAxes)
    for name, colour in BANDS.items():
        band = getattr(found.bands, name)
        if band is None:
            continue
        axes.axvspan(band[0], band[1], color=colour, linewidth=0, zorder=0)
        left, right = max(band[0], lr[0]), min(band[1], lr[-1])
        wide = np.log10(right / left) > 0.04 * np.log10(lr[-1] / lr[0])
        if right > left and wide:
            narrow = np.log10(right / left) < 0.1 * np.log10(lr[-1] / lr[0])
            axes.text(
                np.sqrt(left * right),
                0.965,
                name,
                transform=upwards,
                ha="center",
                va="top",
                fontsize=9,
                color=INK,
                bbox=HALO,
                rotation=90 if narrow else 0,
            )


def _marks(axes: Axes, found: RangeTest) -> None:
    """One row a mark at the bottom: a dot, its 95 % interval as a bar, and its name."""
    upwards = blended_transform_factory(axes.transData, axes.transAxes)
    shown = [(name, getattr(found.marks, name)) for name in MARKS if getattr(found.marks, name) is not None]
    for row, (name, mark) in enumerate(shown):
        height = 0.035 + 0.042 * (len(shown) - 1 - row)
        axes.plot([mark.low, mark.high], [height] * 2, transform=upwards, color=INK, linewidth=1.2)
        axes.plot([mark.lr], [height], transform=upwards, color=INK, marker="o", markersize=4.5)
        axes.axvline(mark.lr, color=INK, linewidth=0.5, linestyle=(0, (2, 3)), zorder=1)
        axes.annotate(
            f"{MARKS[name]} {number(mark.lr)}",
            (mark.low, height),
            xycoords=upwards,
            xytext=(-6, 0),
            textcoords="offset points",
            ha="right",
            va="center",
            fontsize=8.5,
            color=INK,
            bbox=HALO,
        )


def _suggestion(axes: Axes, found: RangeTest) -> None:
    chosen = found.suggestion
    if chosen is None:
        return
    upwards = blended_transform_factory(axes.transData, axes.transAxes)
    style = "-" if chosen.verified else (0, (4, 2))
    axes.axvline(chosen.lr, color=ACCENT, linewidth=1.8, linestyle=style)
    axes.plot([chosen.low, chosen.high], [0.87] * 2, transform=upwards, color=ACCENT, linewidth=4, alpha=0.6)
    axes.annotate(
        number(chosen.lr),
        (max(chosen.lr, chosen.high), 0.87),
        xycoords=upwards,
        xytext=(6, 0),
        textcoords="offset points",
        va="center",
        fontsize=11,
        fontweight="bold",
        color=ACCENT,
        bbox=HALO,
    )
