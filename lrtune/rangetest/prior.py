"""Where the search should look for the initial LR."""

from __future__ import annotations

from dataclasses import dataclass

from lrtune.wire import LR_MAX, LR_MIN, RangeTest

BELOW = 10.0
ABOVE = 10.0
WIDE = 100.0


@dataclass(frozen=True)
class Prior:
    """A log-uniform range for the initial LR, ``low < center < high``; ``center`` is the best guess."""

    center: float
    low: float
    high: float


def prior(range_test: RangeTest, default_lr: float) -> Prior:
    """The range of the search.

    Args:
        range_test: With its suggestion, verified or not.
        default_lr: The optimizer's own default: the centre, with two decades on either side, where the range
            test has no suggestion.
    """
    found = range_test.suggestion
    if found is None:
        return _within(default_lr, default_lr / WIDE, default_lr * WIDE)
    low = min(found.lr / BELOW, found.low)
    high = max(found.lr * ABOVE, found.high)
    if range_test.marks.divergence is not None:
        high = max(min(high, range_test.marks.divergence.high), found.lr * 1.5)
    return _within(found.lr, low, high)


def _within(center: float, low: float, high: float) -> Prior:
    center = min(max(center, LR_MIN * 10), LR_MAX / 10)
    return Prior(center, max(low, LR_MIN), min(high, LR_MAX))
