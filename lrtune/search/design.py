"""The first generation: space-filling over LR × families, before there is anything to learn from."""

from __future__ import annotations

import numpy as np
from scipy.stats import qmc

from lrtune.search.space import Point, Space

ANCHOR = "cosine"
"""The family that is tried first at the suggested LR: the best single guess of the recorded grids."""

HELD = 0.25
"""Share of the first points that keep their family's default parameters and differ by LR alone."""


def first_points(space: Space, n: int, rng: np.random.Generator) -> list[Point]:
    """``n`` points that cover LR and families evenly, the most promising first.

    Point 0 is cosine (or the first family there is) at the prior's centre with default parameters. The others
    go round the families; their LRs are one scrambled Sobol sequence over the prior, so each family and all
    together see the LR axis evenly. Parameters stay at the family's defaults on the first rounds (a playbook
    rule: with few trials tune the LR alone), then fill each family's own cube.
    """
    families = list(space.families)
    anchor = ANCHOR if ANCHOR in families else families[0]
    order = [anchor, *(family for family in families if family != anchor)]
    widest = max(space.dimensions(family) for family in families)
    sobol = qmc.Sobol(widest, scramble=True, rng=rng)
    cube = sobol.random_base2(max(n - 1, 1).bit_length()) if n > 1 else np.empty((0, widest))
    points = [space.default(anchor)]
    for index in range(1, n):
        family = order[index % len(order)]
        row = cube[index - 1][: space.dimensions(family)]
        if index < HELD * n:
            default = space.default(family)
            points.append(Point(family, (float(row[0]), *default.u[1:])))
        else:
            points.append(Point(family, tuple(float(u) for u in row)))
    return points[:n]


def random_point(space: Space, rng: np.random.Generator) -> Point:
    """A uniform point: family first, then its cube."""
    family = space.families[int(rng.integers(len(space.families)))]
    return Point(family, tuple(float(u) for u in rng.random(space.dimensions(family))))
