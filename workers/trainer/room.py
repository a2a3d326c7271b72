"""How many lanes the device's memory takes at once: found by running out of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import torch

T = TypeVar("T")


class Room:
    """Runs work on all lanes, or on as many at a time as fit.

    Running out of memory halves the lanes at a time and does the work again, so ``work`` must change nothing
    before it returns.

    Args:
        lanes: At a time, to begin with; all when None.
    """

    def __init__(self, lanes: int | None = None) -> None:
        self.lanes = lanes

    def run(self, lanes: int, work: Callable[[slice], T]) -> list[T]:
        """The results of ``work`` on consecutive lanes, one entry a chunk.

        Raises:
            torch.OutOfMemoryError: One lane alone does not fit.
        """
        while True:
            size = lanes if self.lanes is None else self.lanes
            try:
                return [work(slice(at, min(at + size, lanes))) for at in range(0, lanes, size)]
            except torch.OutOfMemoryError:
                if min(size, lanes) == 1:
                    raise
                self.lanes = max(min(size, lanes) // 2, 1)
                torch.cuda.empty_cache()
