"""Turning a suggestion into a verified one, with probes."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lrtune.rangetest.probes import SHARE
from lrtune.rangetest.sweep import FloatArray
from lrtune.wire import LR_MAX, LR_MIN, MetricSpec, RangeTest, Suggestion, Trial, TrialState

ERRORS = 2.0
"""A probe whose mean is within so many standard errors of the best one's may be the best LR."""

HORIZON_EXPONENT = 1 / 3
"""The best LR of a decayed training falls with its length about as length^-1/3: so it was on the pairs of the
range-test benchmark (exponents 0 to 0.85), and on language models (Bjorck et al. 2024, arXiv:2409.19913)."""

NONE_FINISHED = (
    "Every probe (a short training) diverged, so nothing is verified: search smaller learning rates."
)
LOW_EDGE = "The best probe is the one with the smallest learning rate: a smaller one may be better."
HIGH_EDGE = "The best probe is the one with the largest learning rate: a larger one may be better."


def verify(
    range_test: RangeTest, probes: Sequence[Trial], metric: MetricSpec, *, epochs: int | None = None
) -> RangeTest:
    """The range test with the suggestion that its probes verified.

    Short trainings want larger LRs than long ones, so what the probes found is corrected for their length.
    The LR is the floor of a parabola in log10(lr) through the best mean and its neighbours, times
    ``(probe length / run length)^(1/3)``. The interval spans the probed LRs that cannot be told from the best
    and half a step of the grid to either side, its low end corrected twice and its high end not at all: the
    true correction lies between, as far as it was seen.

    Args:
        range_test: As analysed.
        probes: The final probe trials, the same seeds at each LR.
        metric: What the job is judged by.
        epochs: Length of the run that the LR is for; by default so long that an eighth of it was probed.

    Returns:
        The range test with a verified suggestion, whatever its outcome was; where every probe diverged, as it
        was, with that among the reasons. A best probe at the edge is told in the reasons too.
    """
    table = _Table.of(probes, metric)
    if not np.isfinite(table.means).any():
        return range_test.model_copy(update={"reasons": [*range_test.reasons, NONE_FINISHED]})
    best = int(np.argmin(table.means))
    x = table.x
    step = float(np.diff(x).max()) if len(x) > 1 else 1.0
    near = np.flatnonzero(table.means <= table.means[best] + ERRORS * table.error)
    low, high = float(x[near[0]]) - step / 2, float(x[near[-1]]) + step / 2
    floor = _floor(x, table.means, best)
    reasons = list(range_test.reasons)
    if len(x) > 1 and best in (0, len(x) - 1):
        reasons.append(LOW_EDGE if best == 0 else HIGH_EDGE)
    shift = HORIZON_EXPONENT * math.log10(_shorter(probes, epochs))
    suggestion = Suggestion(lr=_lr(floor - shift), low=_lr(low - 2 * shift), high=_lr(high), verified=True)
    return range_test.model_copy(
        update={"suggestion": suggestion, "suggested_lr": suggestion.lr, "reasons": reasons}
    )


def _lr(x: float) -> float:
    """The LR whose log10 is ``x``, within the bounds of a setting."""
    return float(min(max(10**x, LR_MIN), LR_MAX))


def _shorter(probes: Sequence[Trial], epochs: int | None) -> float:
    """How many times the run is longer than a probe, at least 1."""
    return max(epochs / max(t.epochs for t in probes), 1.0) if epochs else float(SHARE)


@dataclass(frozen=True)
class _Table:
    """Probes by LR: ``x`` log10(lr), rising; mean values (infinite where a seed diverged), to be minimised;
    ``error``: standard error of a mean once the seeds' own levels are taken out."""

    x: FloatArray
    means: FloatArray
    error: float

    @classmethod
    def of(cls, probes: Sequence[Trial], metric: MetricSpec) -> _Table:
        sign = 1.0 if metric.goal == "minimize" else -1.0
        values: dict[float, dict[int, float]] = defaultdict(dict)
        for trial in probes:
            good = trial.state is TrialState.COMPLETE and trial.value is not None
            value = sign * trial.value if good and trial.value is not None else math.inf
            values[trial.initial_lr][trial.seed] = value if math.isfinite(value) else math.inf
        lrs = sorted(values)
        means = np.array([float(np.mean(list(values[lr].values()))) for lr in lrs])
        whole = [list(values[lr].values()) for lr, m in zip(lrs, means, strict=True) if math.isfinite(m)]
        return cls(np.log10(lrs) if lrs else np.empty(0), means, _error(whole))


def _error(whole: Sequence[Sequence[float]]) -> float:
    """From the probes at LRs that no seed diverged at: a row an LR, a column a seed."""
    seeds = min((len(row) for row in whole), default=0)
    if seeds < 2 or len(whole) < 2:
        return 0.0
    rows = np.array([row[:seeds] for row in whole])
    left = rows - rows.mean(axis=1, keepdims=True) - rows.mean(axis=0, keepdims=True) + rows.mean()
    # The median keeps the few large residuals at learning rates near divergence out of it.
    spread = 1.4826 * float(np.median(np.abs(left))) * math.sqrt(seeds / (seeds - 1))
    return spread / math.sqrt(seeds)


def _floor(x: FloatArray, means: FloatArray, best: int) -> float:
    """The vertex of the parabola through the best mean and its two neighbours; the best x at an edge."""
    if best == 0 or best == len(x) - 1 or not np.isfinite(means[best - 1 : best + 2]).all():
        return float(x[best])
    bend, slope, _ = np.polyfit(x[best - 1 : best + 2] - x[best], means[best - 1 : best + 2], 2)
    if not bend > 0:
        return float(x[best])
    return float(x[best] + np.clip(-slope / (2 * bend), x[best - 1] - x[best], x[best + 1] - x[best]))
