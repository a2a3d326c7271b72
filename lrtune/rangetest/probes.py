"""Probes: short decayed trainings around the suggestion, which rank learning rates by results."""

from __future__ import annotations

import numpy as np

from lrtune.wire import LR_MAX, LR_MIN, RangeTest, Setting

PROBES = 7
PROBE_SEEDS = 2

SHARE = 8
"""A probe is this much shorter than the run."""

BELOW_DECADES = 0.75
ABOVE_DECADES = 1.0
"""How far the probes reach below and above the suggestion; at least to the sweep's minimum."""

WIDE_DECADES = 2.0
"""How far they reach to either side of the optimizer's default where there is no suggestion."""


def probe_epochs(epochs: int) -> int:
    """Length of a probe: an eighth of the run, at least one epoch."""
    return max(1, round(epochs / SHARE))


def probe_settings(range_test: RangeTest, default_lr: float) -> list[Setting]:
    """The settings to probe: seven log-spaced LRs, each decayed to zero by a cosine.

    Args:
        range_test: As ``analyse`` returned it. Where it has no suggestion the LRs span two decades on either
            side of the optimizer's default. Either way they stop at the divergence if that was seen.
        default_lr: The optimizer's default LR.
    """
    found = range_test.suggestion
    if found is not None:
        low, high = found.lr / 10**BELOW_DECADES, found.lr * 10**ABOVE_DECADES
        if range_test.marks.minimum is not None:
            high = max(high, range_test.marks.minimum.lr)
    else:
        low, high = default_lr / 10**WIDE_DECADES, default_lr * 10**WIDE_DECADES
    divergence = range_test.marks.divergence
    if divergence is not None:
        # At least a decade is probed: a divergence read off a noisy curve may lie too low.
        high = max(min(high, divergence.lr), low * 10)
    low, high = max(low, LR_MIN), min(high, LR_MAX)
    return [Setting(schedule="cosine", initial_lr=float(lr)) for lr in np.geomspace(low, high, PROBES)]
