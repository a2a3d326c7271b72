"""When more trials would not change the answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from lrtune.schedules import FAMILIES
from lrtune.search.evidence import evidence
from lrtune.search.generations import generation_sizes
from lrtune.search.model import Model
from lrtune.search.space import FamilyData, LrPrior, space
from lrtune.wire import MetricSpec, SearchSpec, Trial

GENERATIONS = 4
"""Generations that every search has, whatever the model believes: it knows too little before."""

GAIN = 0.025
"""Expected improvement below which a search is settled, as a share of the distance between the median and the
best trial. On the recorded grids of the search benchmark, differences of 0.03 are noise between seeds."""


def settled(
    spec: SearchSpec,
    prior: LrPrior,
    finished: Sequence[Trial],
    metric: MetricSpec,
    *,
    families: Mapping[str, FamilyData] = FAMILIES,
) -> bool:
    """Whether the search's model expects less than ``GAIN`` of the best setting that was not tried yet.

    The stopping rule by expected improvement (Jones, Schonlau and Welch 1998, section 4.3), taken of the
    ``gp`` model whichever sampler proposed the trials. Same arguments, same word.

    Args:
        spec: The request's search.
        prior: The prior of the initial LR that the trials were proposed from.
        finished: The final trials of the search.
        metric: What they are judged by.
    """
    if not spec.stop_early or len(finished) < sum(generation_sizes(spec.trials)[:GENERATIONS]):
        return False
    searched = space(spec.schedules, prior, families)
    model = Model(searched, evidence(searched, finished, metric))
    return model.expected_gain(np.random.default_rng([spec.seed, len(finished)])) < GAIN
