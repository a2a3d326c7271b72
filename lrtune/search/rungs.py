"""The epochs at which a training that is not over is judged."""

from __future__ import annotations

import math

PARTS = (1 / 16, 1 / 8, 1 / 4, 1 / 2)
"""Parts of the run after which a curve is read, and a trial may be pruned."""


def rungs(epochs: int) -> list[int]:
    """These epochs, rising, the last epoch excluded."""
    found = sorted({math.ceil(part * epochs) for part in PARTS})
    return [epoch for epoch in found if 1 <= epoch < epochs]
