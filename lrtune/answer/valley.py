"""The valley of the loss in log10(lr) around the answer: where its floor is, and how wide."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lrtune.rangetest.sweep import FloatArray
from lrtune.wire import Interval, Setting, Trial, TrialState

REACH = 1.0
"""Trials further than this from the answer, in decades, say nothing about its valley."""

FEWEST = 6
RESAMPLES = 400
EDGE = 0.5
"""A fitted floor is never said to be further outside the tried LRs than this, in decades."""


@dataclass(frozen=True)
class Valley:
    """Both intervals in LR. ``fitted``: whether the trials sufficed for a fit."""

    best: Interval
    safe: Interval
    fitted: bool


def valley(
    trials: Sequence[Trial],
    setting: Setting,
    error: float,
    sign: float,
    rng: np.random.Generator,
) -> Valley:
    """Fit a parabola in log10(lr) to completed trials near the answer.

    Args:
        trials: All trials of the job; completed ones at full horizon and of the answer's family count first.
        setting: The answer's.
        error: Standard error of the answer's mean: what counts as the same.
        sign: 1 when a small value is good, -1 when a large one is.
        rng: Source of the bootstrap's randomness.
    """
    centre = math.log10(setting.initial_lr)
    full = max((t.epochs for t in trials), default=0)
    points = [
        (math.log10(t.initial_lr) - centre, sign * t.value)
        for t in trials
        if t.state is TrialState.COMPLETE
        and t.value is not None
        and t.epochs == full
        and t.schedule == setting.schedule
    ]
    near = np.array([p for p in points if abs(p[0]) <= REACH], dtype=np.float64).reshape(-1, 2)
    if len(near) < FEWEST or len(np.unique(near[:, 0])) < 4:
        return Valley(_span(setting.initial_lr, -0.5, 0.5), _span(setting.initial_lr, 0.0, 0.0), False)
    low, high = float(near[:, 0].min()) - EDGE, float(near[:, 0].max()) + EDGE
    floors, halves = [], []
    for index in rng.integers(len(near), size=(RESAMPLES, len(near))):
        floor, bend = _fit(near[index], low, high)
        floors.append(floor)
        halves.append(math.sqrt(error / bend) if bend > 0 else high - low)
    best = np.quantile(floors, [0.025, 0.975])
    floor, half = float(np.median(floors)), float(np.median(halves))
    safe = (max(floor - half, low), min(floor + half, high))
    return Valley(
        _span(setting.initial_lr, min(float(best[0]), 0.0), max(float(best[1]), 0.0)),
        _span(setting.initial_lr, min(safe[0], 0.0), max(safe[1], 0.0)),
        True,
    )


def _fit(points: FloatArray, low: float, high: float) -> tuple[float, float]:
    """Vertex (kept within [low, high]) and bend of the least-squares parabola; bend 0 if it opens down."""
    design = np.stack([np.ones(len(points)), points[:, 0], points[:, 0] ** 2], axis=1)
    _, slope, bend = np.linalg.lstsq(design, points[:, 1], rcond=None)[0]
    if bend <= 0:
        return (low if slope > 0 else high), 0.0
    return float(np.clip(-slope / (2 * bend), low, high)), float(bend)


def _span(lr: float, low: float, high: float) -> Interval:
    return lr * 10**low, lr * 10**high
