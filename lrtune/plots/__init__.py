"""Pictures of a range test and of the schedules of an answer, as matplotlib figures and as PNG bytes."""

from lrtune.plots.range_test import range_test_figure, range_test_png
from lrtune.plots.schedules import schedules_figure, schedules_png

__all__ = ["range_test_figure", "range_test_png", "schedules_figure", "schedules_png"]
