"""Pictures of a range test, of LR by batch size and of schedules, as matplotlib figures and as PNG bytes."""

from lrtune.plots.range_test import range_test_figure, range_test_png
from lrtune.plots.scaling import scaling_figure, scaling_png
from lrtune.plots.schedules import schedules_figure, schedules_png

__all__ = [
    "range_test_figure",
    "range_test_png",
    "scaling_figure",
    "scaling_png",
    "schedules_figure",
    "schedules_png",
]
