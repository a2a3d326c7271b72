"""Which trials of the search go to the confirmation."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

from lrtune.wire import ParamValue, Phase, Trial, TrialState

NEAR_DECADES = 0.08
"""Initial LRs of one family closer than this, with parameters closer than ``NEAR_SHARE``, are the same."""

NEAR_SHARE = 0.15


def finalists(trials: Sequence[Trial], n: int, goal: Literal["minimize", "maximize"]) -> list[Trial]:
    """The ``n`` best completed search trials, best first, no two nearly identical.

    Args:
        trials: Trials of any phase and state; only completed ones of the search count.
        n: How many at most; fewer come back where the search has fewer distinct ones.
        goal: Whether a small or a large value is good.
    """
    sign = 1.0 if goal == "minimize" else -1.0
    done = [
        t
        for t in trials
        if t.phase is Phase.SEARCH
        and t.state is TrialState.COMPLETE
        and t.value is not None
        and math.isfinite(t.value)
    ]
    chosen: list[Trial] = []
    for trial in sorted(done, key=lambda t: (sign * (t.value or 0.0), t.number)):
        if len(chosen) == n:
            break
        if not any(alike(trial, other) for other in chosen):
            chosen.append(trial)
    return chosen


def alike(a: Trial, b: Trial) -> bool:
    """Whether two trials have the same family and nearly the same LR and parameters."""
    if a.schedule != b.schedule or abs(math.log10(a.initial_lr / b.initial_lr)) > NEAR_DECADES:
        return False
    names = set(a.params) | set(b.params)
    return all(_near(a.params.get(name), b.params.get(name)) for name in names)


def _near(a: ParamValue, b: ParamValue) -> bool:
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(_near(x, y) for x, y in zip(a, b, strict=True))
    if isinstance(a, bool | str | list | None) or isinstance(b, bool | str | list | None):
        return a == b
    return abs(a - b) <= NEAR_SHARE * max(abs(a), abs(b))
