"""A curve in characters: Braille dots, two by four in a cell, or asterisks where a terminal has none."""

from __future__ import annotations

import math
from collections.abc import Sequence

_DOTS = ((0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80))
"""Bits of a Braille cell (Unicode block U+2800), by column and row."""


def draw(values: Sequence[float | None], *, width: int, height: int, low: float, high: float) -> list[str]:
    """Rows of text, the highest first, with ``values`` spread evenly over the width.

    Neighbouring dots are joined by a vertical stroke, so a steep fall stays one line.

    Args:
        values: One a point, None where the curve is interrupted.
        width: Cells in a row.
        height: Rows.
        low: Value of the lowest dot; values beyond lie on the edge.
        high: Value of the highest dot, above ``low``.
    """
    grid = [[0] * width for _ in range(height)]
    last: int | None = None
    for x, value in enumerate(columns(values, 2 * width)):
        if value is None:
            last = None
            continue
        share = (min(max(value, low), high) - low) / (high - low)
        y = round((1.0 - share) * (4 * height - 1))
        for dot in range(min(y, y if last is None else last), max(y, y if last is None else last) + 1):
            grid[dot // 4][x // 2] |= _DOTS[x % 2][dot % 4]
        last = y
    return ["".join(chr(0x2800 + cell) if cell else " " for cell in row) for row in grid]


def columns(values: Sequence[float | None], count: int) -> list[float | None]:
    """``values`` as ``count`` columns: means where there are more, nearest ones where there are fewer."""
    made: list[float | None] = []
    for column in range(count):
        start = column * len(values) // count
        end = max((column + 1) * len(values) // count, start + 1)
        there = [v for v in values[start:end] if v is not None and math.isfinite(v)]
        made.append(sum(there) / len(there) if there else None)
    return made


def in_ascii(row: str) -> str:
    """A row for terminals without Braille."""
    return "".join(" " if char == " " else "*" for char in row)
