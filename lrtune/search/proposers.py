"""What each sampler does: functions from evidence to the next points."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

import numpy as np

from lrtune.search.design import first_points, random_point
from lrtune.search.evidence import Evidence
from lrtune.search.model import Model
from lrtune.search.optuna_sampler import tpe_points
from lrtune.search.samplers import check
from lrtune.search.space import Point, Space

Propose = Callable[[Space, Sequence[Evidence], int, np.random.Generator], list[Point]]
"""``(space, evidence, n, rng) -> n points``: a pure function, all randomness from ``rng``."""


def random_points(
    space: Space, evidence: Sequence[Evidence], n: int, rng: np.random.Generator
) -> list[Point]:
    """Random search."""
    return [random_point(space, rng) for _ in range(n)]


def gp_points(space: Space, evidence: Sequence[Evidence], n: int, rng: np.random.Generator) -> list[Point]:
    """Expected improvement under the family-aware Gaussian process."""
    return Model(space, evidence).ask(n, rng)


PROPOSERS: Mapping[str, Propose] = MappingProxyType(
    {"tpe": tpe_points, "gp": gp_points, "random": random_points}
)
"""One function for each name in ``lrtune.search.samplers.SAMPLERS``."""

DUPLICATE_TRIES = 100


def propose_points(
    sampler: str, space: Space, evidence: Sequence[Evidence], n: int, rng: np.random.Generator
) -> list[Point]:
    """``n`` points from a sampler: the design while there is no evidence, distinct wherever the space allows.

    A point whose values were tried before, or are asked twice, is replaced by a random one.

    Raises:
        SamplerError: No such sampler.
    """
    name = check(sampler).name
    if not evidence and name != "random":
        points = first_points(space, n, rng)
    else:
        points = PROPOSERS[name](space, evidence, n, rng)
    seen = {space.setting(item.point).model_dump_json() for item in evidence}
    distinct = []
    for point in points:
        key = space.setting(point).model_dump_json()
        for _ in range(0 if space.fixed else DUPLICATE_TRIES):
            if key not in seen:
                break
            point = random_point(space, rng)
            key = space.setting(point).model_dump_json()
        seen.add(key)
        distinct.append(point)
    return distinct
