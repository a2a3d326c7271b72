"""The search as a pure function of the job's rows: finished trials in, the next generation out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from lrtune.schedules import FAMILIES
from lrtune.search.evidence import evidence
from lrtune.search.proposers import propose_points
from lrtune.search.space import FamilyData, LrPrior, Point, space
from lrtune.wire import MetricSpec, SearchSpec, Setting, Trial

MINIMIZE_LOSS = MetricSpec()


def propose(
    spec: SearchSpec,
    prior: LrPrior,
    finished: Sequence[Trial],
    n: int,
    generation: int,
    metric: MetricSpec = MINIMIZE_LOSS,
    *,
    begin: Sequence[Setting] = (),
    families: Mapping[str, FamilyData] = FAMILIES,
) -> list[Setting]:
    """The settings of one generation. Same arguments, same settings, in whatever process or row order.

    Args:
        spec: The request's search; ``spec.seed`` and ``generation`` are the only randomness.
        prior: Interval of the initial LR and its centre, as the range test left them.
        finished: Trials of earlier generations (others may be among them, e.g. probes; a trial that is not
            final or whose family is not searched is left out). Diverged trials teach the sampler where not to
            go, pruned ones by what their curves showed.
        n: How many settings, at least one.
        generation: Which generation, from 0.
        metric: What the trials' values and curves are judged by.
        begin: Settings that the first generation holds in any case, as near as the space has them; its first
            one, the best single guess, stays.

    Returns:
        ``n`` settings, distinct from each other and from the finished ones wherever the space allows it.

    Raises:
        FamilyError, SamplerError: A name in ``spec`` that is in no table (both are ValueErrors).
    """
    searched = space(spec.schedules, prior, families)
    rng = np.random.default_rng([spec.seed, generation])
    found = evidence(searched, finished, metric)
    points = propose_points(spec.sampler, searched, found, n, rng)
    if not found:
        points = begin_with([searched.point(setting) for setting in begin], points)
    return [searched.setting(point) for point in points]


def begin_with(told: Sequence[Point | None], points: Sequence[Point]) -> list[Point]:
    """``points`` with those of ``told`` that there are behind the first one, in place of the last ones."""
    new = [point for point in dict.fromkeys(told) if point is not None and point not in points]
    return [*points[:1], *new, *points[1:]][: len(points)]
