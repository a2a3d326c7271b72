"""The drawing functions of ``lrtune.plots``, without the cost of importing matplotlib before it is needed.

That import takes longer than everything else a server does until it listens, and the first picture is asked
for much later. So it stands inside the functions.
"""

from __future__ import annotations

from collections.abc import Sequence

from lrtune.wire import Answer, RangeTest, Trial


def range_test(found: RangeTest) -> bytes:
    """See ``lrtune.plots.range_test_png``."""
    from lrtune.plots import range_test_png

    return range_test_png(found)


def scaling(found: RangeTest) -> bytes:
    """See ``lrtune.plots.scaling_png``."""
    from lrtune.plots import scaling_png

    return scaling_png(found.scaling)


def schedules(answer: Answer, trials: Sequence[Trial]) -> bytes:
    """See ``lrtune.plots.schedules_png``."""
    from lrtune.plots import schedules_png

    return schedules_png(answer, trials)
