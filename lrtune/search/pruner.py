"""Stopping hopeless trials early, as a pure function of earlier generations and the trial's own curve."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from lrtune.search.evidence import curve
from lrtune.search.rungs import rungs
from lrtune.wire import MetricSpec, Trial

KEEP = 1 / 3
"""Share of the earlier trials at a rung that a trial must be among to go on."""

ENOUGH = 4
"""Earlier curves that must reach a rung before anybody is judged there."""


@dataclass(frozen=True)
class Pruner:
    """Decides after an epoch whether a trial should stop.

    ``bars`` maps an epoch to the value that a trial must not exceed there; epochs without a bar never stop a
    trial. Plain data, so it travels in a unit's payload.
    """

    bars: dict[int, float]

    def stop(self, values: Sequence[float], *, rising: bool = False) -> bool:
        """Whether to stop after ``values``: the metric after each epoch so far, to be minimised.

        A trial whose LR is ``rising`` (a warmup, the first part of a one-cycle) is never stopped: it has not
        trained yet at the LR it is about. Nor is one for a NaN: divergence is the engine's to declare.
        """
        bar = None if rising else self.bars.get(len(values))
        return bar is not None and bool(values[-1] > bar)


NEVER = Pruner({})
"""Stops nobody."""


def pruner(finished: Sequence[Trial], epochs: int, metric: MetricSpec, *, keep: float = KEEP) -> Pruner:
    """The pruner of the next generation.

    Args:
        finished: Trials of earlier generations, pruned and diverged ones too. Those of another length are
            left out, since their epochs mean something else.
        epochs: Length of the trials to be judged.
        metric: What the curves are judged by.
        keep: Share of the earlier trials at a rung whose value a trial must reach.
    """
    return bars(
        [curve(trial.curve, metric) for trial in finished if trial.state.final and trial.epochs == epochs],
        epochs,
        keep=keep,
    )


def bars(curves: Iterable[Sequence[float]], epochs: int, *, keep: float = KEEP) -> Pruner:
    """The same from curves alone: the metric after each epoch, to be minimised, of trials of that length."""
    lines = list(curves)
    found = {}
    # After a single epoch nobody can tell whether the LR is rising.
    for epoch in [epoch for epoch in rungs(epochs) if epoch > 1]:
        at = sorted(
            line[epoch - 1] for line in lines if len(line) >= epoch and math.isfinite(line[epoch - 1])
        )
        if len(at) >= ENOUGH:
            found[epoch] = at[max(math.ceil(keep * len(at)) - 1, 0)]
    return Pruner(found)
