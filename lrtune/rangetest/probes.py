"""Probes: short decayed trainings inside the useful band, which rank learning rates by results."""

from __future__ import annotations

import numpy as np

from lrtune.wire import LR_MAX, LR_MIN, Outcome, RangeTest, Setting

PROBES = 7
PROBE_SEEDS = 2
SHARE = 8
WIDE_DECADES = 2.0


def probe_epochs(epochs: int) -> int:
    """Length of a probe: an eighth of the run, at least one epoch."""
    return max(1, round(epochs / SHARE))


def probe_settings(range_test: RangeTest, default_lr: float) -> list[Setting]:
    """The settings to probe: seven log-spaced LRs, each decayed to zero by a cosine.

    Args:
        range_test: As ``analyse`` returned it. Where it has no suggestion the LRs span two decades on either
            side of the optimizer's default, cut off below the divergence if that was seen.
        default_lr: The optimizer's default LR.
    """
    marks = range_test.marks
    if range_test.outcome is Outcome.OK and marks.rise and marks.minimum:
        low, high = marks.rise.lr, (marks.divergence or marks.minimum).lr
    else:
        low, high = default_lr / 10**WIDE_DECADES, default_lr * 10**WIDE_DECADES
        if marks.divergence:
            high = max(min(high, marks.divergence.lr), low * 10)
    low, high = max(low, LR_MIN), min(high, LR_MAX)
    return [Setting(schedule="cosine", initial_lr=float(lr)) for lr in np.geomspace(low, high, PROBES)]
