"""Quantiles of Student's t, without scipy: the published wheel needs numpy alone."""

from __future__ import annotations

import math
from functools import lru_cache
from statistics import NormalDist

import numpy as np

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(64)

_NORMAL_FROM = 300
"""Degrees of freedom from which the first-order expansion around the normal is exact to 1e-4."""


@lru_cache(maxsize=256)
def t_quantile(p: float, df: int) -> float:
    """The ``p`` quantile (0 < p < 1) of Student's t with ``df`` degrees of freedom.

    With t = sqrt(df)·tan(φ) the density is proportional to cos(φ)^(df-1), smooth on the whole range, so
    Gauss–Legendre integrates it to machine precision; the quantile is found by bisection on φ. Beyond 300
    degrees of freedom: z + (z³ + z)/(4·df) (Abramowitz and Stegun 1964, 26.7.5).

    Raises:
        ValueError: ``p`` or ``df`` is out of range.
    """
    if not 0 < p < 1 or df < 1:
        raise ValueError(f"no quantile {p} of Student's t with {df} degrees of freedom")
    if p == 0.5:
        return 0.0
    if p < 0.5:
        return -t_quantile(1 - p, df)
    if df > _NORMAL_FROM:
        z = NormalDist().inv_cdf(p)
        return z + (z**3 + z) / (4 * df)
    scale = math.exp(math.lgamma((df + 1) / 2) - math.lgamma(df / 2)) / math.sqrt(math.pi)
    low, high = 0.0, math.pi / 2
    for _ in range(60):
        middle = (low + high) / 2
        phi = middle * (_NODES + 1) / 2
        below = 0.5 + scale * middle / 2 * float(_WEIGHTS @ np.cos(phi) ** (df - 1))
        low, high = (middle, high) if below < p else (low, middle)
    return math.sqrt(df) * math.tan(low)
