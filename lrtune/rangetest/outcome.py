"""How a range test ended, in plain words, and what to do next."""

from __future__ import annotations

import math

import numpy as np

from lrtune.rangetest.marks import Shape, median_curve
from lrtune.rangetest.sweep import Sweep
from lrtune.wire import Mark, Marks, Outcome

EDGE_DECADES = 0.25
"""A mark this close to an end of the sweep is not bracketed."""

NOISY_DECADES = 2.0
"""An interval of the suggestion wider than this says nothing."""

RISING = 0.8
"""Rank correlation of the first decade with the LR from which on the loss counts as rising there."""

ONE_SEED = "One seed only: the intervals over seeds are unknown. Sweep three seeds or more to get them."


def judge(sweep: Sweep, shape: Shape, marks: Marks, guess: Mark | None) -> tuple[Outcome, list[str]]:
    """The outcome and its reasons. ``guess`` is the suggestion with its interval, as far as there is one."""
    outcome, reasons = _judge(sweep, shape, marks, guess)
    return outcome, reasons + ([ONE_SEED] if sweep.seeds == 1 else [])


def _judge(sweep: Sweep, shape: Shape, marks: Marks, guess: Mark | None) -> tuple[Outcome, list[str]]:
    first, last = 10 ** float(sweep.x[0]), 10 ** float(sweep.x[-1])
    early = np.isfinite(sweep.loss).sum(axis=1) < 3
    if early.mean() >= 0.5 or math.isnan(shape.start):
        return Outcome.DIVERGED_AT_START, [
            f"The loss was not a finite number from the first steps on, already at an LR of {first:.2g}.",
            "Check the data and the model for NaN first; if they are clean, sweep from a smaller min_lr.",
        ]
    if not shape.clear and _rising(sweep):
        return Outcome.DIVERGED_AT_START, [
            f"The loss rises from the first steps on, already at an LR of {first:.2g}.",
            "Sweep from a smaller min_lr.",
        ]
    if not shape.clear:
        return Outcome.FLAT, [
            "The loss does not fall clearly anywhere in the sweep (usual for pretrained networks).",
            "Short trainings must rank the learning rates instead of the slope.",
        ]
    if shape.steepest < sweep.x[0] + EDGE_DECADES:
        return Outcome.OPTIMUM_AT_BOUNDARY, [
            f"The loss falls fastest at the low end of the sweep, {first:.2g}.",
            "Sweep from a smaller min_lr.",
        ]
    if marks.divergence is None:
        if shape.minimum > sweep.x[-1] - EDGE_DECADES:
            return Outcome.OPTIMUM_AT_BOUNDARY, [
                f"The loss is still falling at the high end of the sweep, {last:.2g}.",
                "Sweep to a larger max_lr.",
            ]
        return Outcome.NO_DIVERGENCE, [
            f"The loss never rose back to where it started, up to an LR of {last:.2g}.",
            "Sweep to a larger max_lr to see where training breaks.",
        ]
    width = math.log10(guess.high / guess.low) if guess else 0.0
    if sweep.seeds > 1 and width > NOISY_DECADES:
        return Outcome.NOISY, [
            f"The seeds disagree: where the loss falls lies anywhere within {width:.1f} decades.",
            "Use more seeds, more steps per decade or a larger batch.",
        ]
    return Outcome.OK, []


def _rising(sweep: Sweep) -> bool:
    """Whether the median loss climbs with the LR over the sweep's first decade (Spearman's correlation)."""
    steps = max(int(np.searchsorted(sweep.x, sweep.x[0] + 1.0)), 8)
    head = median_curve(sweep.loss)[:steps]
    head = head[np.isfinite(head)]
    if len(head) < 3 or head.max() == head.min():
        return False
    order = np.argsort(np.argsort(head, kind="stable"), kind="stable")
    return float(np.corrcoef(order, np.arange(len(head)))[0, 1]) > RISING
