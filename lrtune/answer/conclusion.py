"""From confirm trials to the answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

import numpy as np

from lrtune.answer.baselines import CONSTANT, DEFAULT
from lrtune.answer.contenders import contender, entries, paired, winner
from lrtune.answer.valley import valley
from lrtune.answer.verdict import verdict, warnings
from lrtune.wire import (
    Answer,
    Estimate,
    JobRequest,
    Provenance,
    RangeTest,
    ScheduleChoice,
    StoppedEarly,
    Trial,
)


def conclude(
    *,
    request: JobRequest,
    range_test: RangeTest | None,
    trials: Sequence[Trial],
    simplicity: Callable[[str], int],
    functions: Mapping[str, str | None] = MappingProxyType({}),
    cost_full_runs: float,
    provenance: Provenance,
    stopped_early: StoppedEarly | None = None,
    importances: Mapping[str, float] | None = None,
    rng: np.random.Generator | None = None,
) -> Answer:
    """The answer of a job whose confirm trials are all final.

    Args:
        request: What was asked.
        range_test: With the verified suggestion; None when the job had none.
        trials: Every trial of the job. Those of the confirm phase carry their contender's name as label
            (``lrtune.answer.BASELINES`` for baselines); the others tell how wide the valley is.
        simplicity: ``lrtune.schedules.simplicity``: smaller is simpler.
        functions: Where the functions of the task's own schedules are imported from, by family.
        cost_full_runs: Optimizer steps spent on the whole job over those of one full run.
        provenance: What was measured, and with what.
        stopped_early: What the search left out, if it ended before its last trial.
        importances: ``lrtune.search.importances`` of the search trials.
        rng: Source of the bootstrap's randomness; a fixed one by default.

    Raises:
        NoAnswer: No contender finished on every seed.
    """
    sign = 1.0 if request.metric.goal == "minimize" else -1.0
    found = entries(trials)
    chosen = winner(found, sign, simplicity)
    own = chosen.mean()
    default = next((entry for entry in found if entry.label == DEFAULT), None)
    gain = paired(chosen, default, sign) if default is not None and default is not chosen else None
    held = next((entry for entry in found if entry.label == CONSTANT and entry is not chosen), None)
    decay = paired(chosen, held, sign) if held is not None else None
    diverged_default = default is not None and default.diverged > 0
    beats = diverged_default or (gain is not None and gain.low > 0)
    around = valley(
        trials, chosen.setting, own.error, sign, rng if rng is not None else np.random.default_rng(0)
    )
    listed = [contender(entry, chosen, sign) for entry in found]
    named = {entry.label: entry for entry in found}
    return Answer(
        initial_lr=chosen.setting.initial_lr,
        initial_lr_interval=around.best,
        safe_band=around.safe,
        schedule=ScheduleChoice(
            family=chosen.setting.schedule,
            params=chosen.setting.params,
            function=functions.get(chosen.setting.schedule),
        ),
        metric=Estimate(
            name=request.metric.name,
            goal=request.metric.goal,
            mean=own.mean,
            low=own.low,
            high=own.high,
            seeds=own.seeds,
        ),
        verdict=verdict(request, chosen, default, gain, beats, decay),
        beats_default=beats,
        baselines=[c for c in listed if named[c.name].baseline],
        finalists=[c for c in listed if not named[c.name].baseline],
        importances=dict(importances or {}),
        warnings=warnings(range_test, trials, chosen, found, around, sign),
        cost_full_runs=cost_full_runs,
        stopped_early=stopped_early,
        provenance=provenance,
    )
