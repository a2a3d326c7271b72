"""Schedule families as colours."""

from __future__ import annotations

from lrtune.schedules import FAMILIES

COLOURS = 15
"""Colours in the style sheet, ``--family-0`` and on."""


def colour(family: str) -> int:
    """The number of a family's colour; a family of a task's own, or of another version, shares the first."""
    return list(FAMILIES).index(family) % COLOURS if family in FAMILIES else 0
