"""A figure without pyplot: no global state, so it may be drawn in any thread."""

from __future__ import annotations

import io

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure


def figure(width: float, height: float) -> Figure:
    """An empty figure of that size in inches."""
    drawn = Figure(figsize=(width, height), layout="constrained", facecolor="white")
    FigureCanvasAgg(drawn)
    return drawn


def png(drawn: Figure) -> bytes:
    """The figure as a PNG."""
    stream = io.BytesIO()
    drawn.savefig(stream, format="png", dpi=130, metadata={"Software": None})
    return stream.getvalue()
