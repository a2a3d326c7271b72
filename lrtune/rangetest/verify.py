"""Turning a suggestion into a verified one, with probes."""

from __future__ import annotations

import math
from collections import defaultdict

import numpy as np

from lrtune.wire import MetricSpec, RangeTest, Suggestion, Trial, TrialState


def verify(
    range_test: RangeTest,
    probes: list[Trial],
    metric: MetricSpec,
    *,
    rng: np.random.Generator | None = None,
) -> RangeTest:
    """The range test with the suggestion that its probes verified."""
    sign = 1.0 if metric.goal == "minimize" else -1.0
    values: dict[float, list[float]] = defaultdict(list)
    for trial in probes:
        done = trial.state is TrialState.COMPLETE and trial.value is not None
        values[trial.initial_lr].append(sign * trial.value if done and trial.value is not None else math.inf)
    lrs = sorted(values)
    means = [float(np.mean(values[lr])) for lr in lrs]
    if not any(math.isfinite(m) for m in means):
        return range_test
    best = int(np.argmin(means))
    suggestion = Suggestion(
        lr=lrs[best], low=lrs[max(best - 1, 0)], high=lrs[min(best + 1, len(lrs) - 1)], verified=True
    )
    return range_test.model_copy(update={"suggestion": suggestion, "suggested_lr": suggestion.lr})
