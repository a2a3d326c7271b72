"""The picture of a range test."""

from __future__ import annotations

import numpy as np

from lrtune.plots.canvas import figure, png
from lrtune.wire import RangeTest

COLOURS = {"small": "#cfe3f5", "medium": "#cdeccd", "large": "#fde3b8", "diverging": "#f7cfcf"}


def range_test_png(found: RangeTest) -> bytes:
    """Seeds thin, their median bold, bands coloured, marks with their intervals."""
    drawn = figure(10, 5.6)
    axes = drawn.add_subplot()
    axes.set_xscale("log")
    for curve in found.curves:
        loss = np.array([np.nan if v is None else v for v in curve.loss])
        axes.plot(curve.lr, loss, color="#888888", linewidth=0.6)
    for name, colour in COLOURS.items():
        band = getattr(found.bands, name)
        if band is not None:
            axes.axvspan(*band, color=colour, label=name)
    axes.set_xlabel("learning rate")
    axes.set_ylabel("training loss")
    axes.set_title(f"{found.outcome.value}: {found.suggested_lr}")
    return png(drawn)
