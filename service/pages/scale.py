"""Axes: values to places in a drawing."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Scale:
    """Maps ``low`` … ``high`` to ``start`` … ``end``, evenly or by the logarithm.

    ``low < high``; both positive if ``log``.
    """

    low: float
    high: float
    start: float
    end: float
    log: bool = False

    def at(self, value: float) -> float:
        """The place of a value, which may lie outside."""
        low, high = self._value(self.low), self._value(self.high)
        share = (self._value(value) - low) / (high - low)
        return round(self.start + share * (self.end - self.start), 2)

    def ticks(self) -> list[float]:
        """Round values within the scale: decades, or a few even steps of 1, 2 or 5."""
        if self.log:
            first, last = math.ceil(math.log10(self.low) - 1e-9), math.floor(math.log10(self.high) + 1e-9)
            return [10.0**exponent for exponent in range(first, last + 1)]
        least = (self.high - self.low) / 6
        decade = 10.0 ** math.floor(math.log10(least))
        step = next(decade * unit for unit in (1, 2, 5, 10) if decade * unit >= least)
        first, last = math.ceil(self.low / step - 1e-9), math.floor(self.high / step + 1e-9)
        return [round(index * step, 12) for index in range(first, last + 1)]

    def _value(self, value: float) -> float:
        return math.log10(value) if self.log else value


def spread(low: float, high: float, share: float = 0.05) -> tuple[float, float]:
    """The interval widened by a share on either side, and never empty."""
    margin = (high - low) * share or abs(high) * share or 1.0
    return low - margin, high + margin
