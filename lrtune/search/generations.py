"""How many trials each generation has: a function of the request alone, never of the workers."""

from __future__ import annotations

FIRST = 8
"""Trials of the first generation: nobody can prune them, so they are few."""

SIZE = 8
"""Trials of every later generation."""


def generation_sizes(trials: int, *, first: int = FIRST, size: int = SIZE) -> list[int]:
    """Sizes of the generations, in order; they sum to ``trials`` exactly.

    A remainder smaller than half a generation joins the last one, so no generation is needlessly small.

    Raises:
        ValueError: An argument below 1.
    """
    if min(trials, first, size) < 1:
        raise ValueError("trials, first and size must be at least 1")
    sizes = [min(first, trials)]
    left = trials - sizes[0]
    while left > 0:
        taken = left if left < 1.5 * size else size
        sizes.append(taken)
        left -= taken
    return sizes
