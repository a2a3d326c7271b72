"""The picture of an answer: LR over time beside the metric, for the answer, finalists and baselines."""

from __future__ import annotations

from collections.abc import Sequence

from lrtune.plots.canvas import figure, png
from lrtune.wire import Answer, Phase, Trial


def schedules_png(answer: Answer, trials: Sequence[Trial]) -> bytes:
    """LR over epochs of each contender (from the confirm trials' reports), and its metric with interval."""
    drawn = figure(10, 5.6)
    left, right = drawn.subplots(1, 2)
    seen = set()
    for trial in trials:
        if trial.phase is Phase.CONFIRM and trial.label not in seen and trial.curve:
            seen.add(trial.label)
            left.plot([r.epoch for r in trial.curve], [r.lr for r in trial.curve], label=trial.label)
    for row, contender in enumerate([*answer.finalists, *answer.baselines]):
        if contender.mean is not None:
            right.plot([contender.low, contender.high], [row, row])
    left.set_yscale("log")
    return png(drawn)
