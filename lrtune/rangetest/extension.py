"""Widening a sweep whose ends did not bracket what it looks for."""

from __future__ import annotations

import math

from lrtune.rangetest.outcome import EDGE_DECADES
from lrtune.wire import LR_MAX, LR_MIN, Outcome, RangeTest, RangeTestSpec

DECADES = 2.0
"""How far one extension moves an end."""

MOST = 2
"""How many extensions a sweep gets."""


def extension(range_test: RangeTest, spec: RangeTestSpec) -> tuple[float, float] | None:
    """The wider sweep to run when an end is not bracketed, or None when this one will do.

    The result is the whole range, from its smallest to its largest LR, of a sweep that replaces the earlier
    one: a sweep that began at the old end would start from fresh weights there, and its curve would not
    continue the old one.

    Args:
        range_test: As ``analyse`` returned it, with its curves (they say how far the sweep went).
        spec: The request's sweep. An end moves two decades at a time, within [LR_MIN, LR_MAX], and at most
            two extensions are made in all.
    """
    low, high = spec.min_lr, spec.max_lr
    if range_test.curves:
        low, high = range_test.curves[0].lr[0], range_test.curves[0].lr[-1]
    made = _moves(spec.min_lr, low) + _moves(high, spec.max_lr)
    if made >= MOST:
        return None
    wider_low, wider_high = low, high
    if _low_open(range_test):
        wider_low = max(low / 10**DECADES, LR_MIN)
    elif _high_open(range_test):
        wider_high = min(high * 10**DECADES, LR_MAX)
    if (wider_low, wider_high) == (low, high):
        return None
    return wider_low, wider_high


def _moves(larger: float, smaller: float) -> int:
    return math.ceil(round(math.log10(larger / smaller) / DECADES, 6)) if larger > smaller else 0


def _low_open(found: RangeTest) -> bool:
    if found.outcome is Outcome.DIVERGED_AT_START:
        return True
    steepest = found.marks.steepest
    if found.outcome is not Outcome.OPTIMUM_AT_BOUNDARY or steepest is None:
        return False
    return steepest.lr < found.curves[0].lr[0] * 10**EDGE_DECADES if found.curves else False


def _high_open(found: RangeTest) -> bool:
    if found.marks.divergence is not None:
        return False
    return found.outcome in (Outcome.NO_DIVERGENCE, Outcome.OPTIMUM_AT_BOUNDARY, Outcome.FLAT)
