"""The picture of how the LR grows with the batch."""

from __future__ import annotations

import textwrap

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, NullLocator

from lrtune.plots.canvas import ACCENT, FAINT, INK, Drawing, figure, number, plain, png
from lrtune.rangetest.scaling import TOLD
from lrtune.wire import Scaling

WORDS = {"batch_size": "batch sizes", "accumulate": "accumulated gradients"}
WIDTH = 115
"""Characters of a line of the text above a panel."""

RULES = {"linear": 1.0, "square root": 0.5}


def scaling_png(found: list[Scaling]) -> bytes:
    """``scaling_figure`` as a PNG."""
    return png(scaling_figure(found))


def scaling_figure(found: list[Scaling]) -> Drawing:
    """Where the loss is lowest against the batch size, with intervals, the fit, and both rules beside it.

    Args:
        found: One panel each, the batch sizes and the accumulated gradients; at least one.
    """
    drawn = figure(10.5, 5.2 * len(found))
    for row, scaling in enumerate(found):
        _panel(drawn.add_subplot(len(found), 1, row + 1), scaling)
    return drawn


def _panel(axes: Axes, scaling: Scaling) -> None:
    plain(axes)
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    axes.set_xlabel(f"examples a step ({WORDS[scaling.by]})", color=INK)
    axes.set_ylabel("learning rate of the lowest loss", color=INK)
    axes.set_title(textwrap.fill(scaling.text, WIDTH), fontsize=10, color=INK, loc="left")
    batches = [size.batch_size for size in scaling.sizes]
    axes.xaxis.set_major_locator(FixedLocator(batches))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:.0f}")
    axes.set_xlim(min(batches) / 1.4, max(batches) * 1.4)
    _lines(axes, scaling)
    shown = [size for size in scaling.sizes if size.outcome in TOLD and size.marks.minimum is not None]
    for size in shown:
        mark = size.marks.minimum
        if mark is None:
            continue
        axes.plot([size.batch_size] * 2, [mark.low, mark.high], color=INK, linewidth=1.2)
        axes.plot([size.batch_size], [mark.lr], color=INK, marker="o", markersize=6)
        axes.annotate(
            number(mark.lr),
            (size.batch_size, mark.lr),
            xytext=(7, -11),
            textcoords="offset points",
            fontsize=8.5,
            color=INK,
        )
    if scaling.lr is not None:
        axes.legend(frameon=False, fontsize=9, loc="upper left")


def _lines(axes: Axes, scaling: Scaling) -> None:
    """The fit through the job's own batch size, and what each rule would say from there."""
    if scaling.lr is None or scaling.exponent is None:
        return
    batches = [size.batch_size for size in scaling.sizes]
    x = np.geomspace(min(batches), max(batches), 50)
    grown = x / scaling.batch_size
    axes.plot(
        x, scaling.lr * grown**scaling.exponent, color=ACCENT, label=f"fit: batch^{scaling.exponent:.2f}"
    )
    for (name, exponent), style in zip(RULES.items(), ((0, (5, 3)), (0, (1, 2))), strict=True):
        axes.plot(x, scaling.lr * grown**exponent, color=FAINT, linestyle=style, linewidth=1.1, label=name)
