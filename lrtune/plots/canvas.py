"""A figure without pyplot: no global state, so it may be drawn in any thread."""

from __future__ import annotations

import io

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

INK = "#1f2933"
FAINT = "#7b8794"
ACCENT = "#c2185b"

DOTS_PER_INCH = 130


class Drawing(Figure):
    """A figure that a notebook shows where it is the value of a cell, whatever its matplotlib backend."""

    def _repr_png_(self) -> bytes:
        return png(self)


def figure(width: float, height: float) -> Drawing:
    """An empty figure of that size in inches."""
    drawn = Drawing(figsize=(width, height), layout="constrained", facecolor="white")
    FigureCanvasAgg(drawn)
    return drawn


def plain(axes: Axes) -> None:
    """Take away what carries no information: the frame's upper and right sides, dark ticks."""
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color(FAINT)
    axes.tick_params(colors=FAINT, labelcolor=INK, labelsize=9)


def png(drawn: Figure) -> bytes:
    """The figure as a PNG; the same figure gives the same bytes."""
    stream = io.BytesIO()
    drawn.savefig(stream, format="png", dpi=DOTS_PER_INCH, metadata={"Software": None})
    return stream.getvalue()


def number(value: float) -> str:
    """A learning rate or a loss as people write it: 0.0012, 3.2e-05, 0.5."""
    if value == 0:
        return "0"
    if 1e-3 <= abs(value) < 1e4:
        return f"{value:.2g}" if abs(value) < 100 else f"{value:.0f}"
    mantissa, exponent = f"{value:.1e}".split("e")
    return f"{mantissa.removesuffix('.0')}e{int(exponent)}"
