"""The pruner of a generation of a job's search."""

from __future__ import annotations

from collections.abc import Sequence

from lrtune.search import NEVER, Pruner, pruner
from lrtune.wire import JobRequest, Phase, Trial


def pruner_of(request: JobRequest, phase: Phase, generation: int, trials: Sequence[Trial]) -> Pruner:
    """Bars from the generations before, so that they don't hang on who trained when; none in other phases.

    Args:
        trials: The job's so far, with their curves.
    """
    if phase is not Phase.SEARCH or not request.search.prune:
        return NEVER
    earlier = [trial for trial in trials if trial.phase is Phase.SEARCH and trial.generation < generation]
    return pruner(earlier, request.epochs, request.metric)
