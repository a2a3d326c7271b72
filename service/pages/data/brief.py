"""Numbers and series short enough to be sent to a chart."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


def brief(value: float | None) -> float | None:
    """Five significant digits, finer than a pixel; null for what is not finite."""
    return float(f"{value:.5g}") if value is not None and math.isfinite(value) else None


def thin(items: Sequence[T], limit: int) -> list[T]:
    """At most ``limit`` (two or more) of the items, evenly, with the first and the last."""
    if len(items) <= limit:
        return list(items)
    step = (len(items) - 1) / (limit - 1)
    return [items[round(index * step)] for index in range(limit)]
