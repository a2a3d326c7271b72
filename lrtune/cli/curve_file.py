"""The curves of a range test in a file of the user's: CSV or JSON."""

from __future__ import annotations

import csv
import io
import json
import math
from typing import Any

from lrtune.client import ArgumentError

EXAMPLE = 'Give {"lr": […], "loss": [[…], …]}, one list of losses a seed.'


def read(content: bytes) -> tuple[Any, Any]:
    """The learning rates, and the losses as rows of seeds; whether they are a sweep is not looked at.

    Raises:
        ArgumentError: The file is neither JSON with ``lr`` and ``loss`` nor CSV of numbers.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ArgumentError("FILE", f"byte {error.start} is not UTF-8.", "Give text: CSV or JSON.") from None
    return _json(text) if text.lstrip().startswith(("{", "[")) else _csv(text)


def _json(text: str) -> tuple[Any, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ArgumentError("FILE", f"it is not JSON ({error}).", EXAMPLE) from None
    if not isinstance(found, dict) or not {"lr", "loss"} <= found.keys():
        raise ArgumentError("FILE", "it has no lr and loss.", EXAMPLE)
    return found["lr"], found["loss"]


def _csv(text: str) -> tuple[list[float], list[list[float]]]:
    """Rows of LR and losses; the first may be a header. An empty cell is a loss that was no number."""
    try:
        rows = [
            (n, row) for n, row in enumerate(csv.reader(io.StringIO(text)), 1) if any(map(str.strip, row))
        ]
    except csv.Error as error:
        raise ArgumentError(
            "FILE", f"it is not CSV ({error}).", "Give numbers with commas between."
        ) from None
    if rows and not _is_number(rows[0][1][0]):
        rows = rows[1:]
    if not rows:
        raise ArgumentError("FILE", "it holds no row of numbers.", "Begin rows with the LR: 1e-7,2.31,2.29")
    width = len(rows[0][1])
    numbers = []
    for line, row in rows:
        if len(row) != width or width < 2:
            raise ArgumentError(
                "FILE",
                f"line {line} has {len(row)} columns.",
                f"Give an LR and a loss for each seed: {max(width, 2)}.",
            )
        numbers.append([_number(cell, line) for cell in row])
    columns = [list(column) for column in zip(*numbers, strict=True)]
    return columns[0], columns[1:]


def _number(cell: str, line: int) -> float:
    if not cell.strip():
        return math.nan
    try:
        return float(cell)
    except ValueError:
        raise ArgumentError(
            "FILE", f"line {line} holds {cell[:40]!r}, which is no number.", "Mend it there."
        ) from None


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
