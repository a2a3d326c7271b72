"""Checkpoints: the whole state of an order in one file, to go on from to the bit on the same kind of device.

A file is data alone: tensors and plain values, read by torch without unpickling anything else. What it was
made by stands in it, and a file that anything else made is not resumed.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.utils._pytree import tree_leaves

from workers.trainer.attributes import Unsaved

FORMAT = 1
"""Of the file; raise it when a state is read in another way than before."""

SHORT = 80
"""Letters of a value in a sentence."""

Makers = dict[str, Any]
"""What decides how a training goes on: names and plain values."""


class Misfit(Exception):  # noqa: N818 - not an error: the lanes start over
    """A checkpoint can't be resumed here; the text says why, as the end of a sentence."""


def write(path: Path, makers: Makers, state: Callable[[], dict[str, Any]], most_bytes: int) -> None:
    """Write a checkpoint, whole or not at all.

    Args:
        makers: What the training runs by.
        state: Gives tensors and plain values.
        most_bytes: That its tensors may have.

    Raises:
        Unsaved: It would be larger, can't be told, or can't be written.
    """
    found = state()
    size = sum(leaf.numel() * leaf.element_size() for leaf in tree_leaves(found) if isinstance(leaf, Tensor))
    if size > most_bytes:
        raise Unsaved(f"it would have {_mb(size)} MiB, and may have {_mb(most_bytes)}")
    unfinished = path.with_suffix(".unfinished")
    whole = {"format": FORMAT, "makers": makers, "state": found}
    try:
        torch.save(whole, unfinished)
        os.replace(unfinished, path)
    except (OSError, RuntimeError) as error:
        unfinished.unlink(missing_ok=True)
        raise Unsaved(f"it could not be written: {error}") from error


def read(path: Path, makers: Makers, device: torch.device) -> dict[str, Any]:
    """The state in a checkpoint.

    Raises:
        Misfit: It is none, is damaged, or was made by something else than ``makers``.
    """
    try:
        whole = torch.load(
            path, weights_only=True, map_location=lambda held, place: _moved(held, place, device)
        )
    except Exception as error:  # whatever damage does to the reader
        raise Misfit(f"it can't be read ({type(error).__name__})") from error
    if not isinstance(whole, dict) or whole.get("format") != FORMAT:
        raise Misfit("it has another format")
    for name, value in makers.items():
        made = whole["makers"].get(name)
        if made != value:
            raise Misfit(f"it was made with {name} {_short(made)}, and here is {_short(value)}")
    state: dict[str, Any] = whole["state"]
    return state


def _moved(held: Any, place: str, device: torch.device) -> Any:
    """A storage where this child trains: what was on a GPU on its own GPU, what was in memory there."""
    return held if place == "cpu" or device.type == "cpu" else held.cuda(device.index)


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= SHORT else f"{text[:SHORT]}…"


def _mb(size: int) -> int:
    return -(-size // 2**20)
