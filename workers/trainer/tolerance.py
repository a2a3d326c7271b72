"""How far two ways to compute the same may differ."""

from __future__ import annotations

import torch
from torch import Tensor

TOLERANCE = {"float32": 1e-3, "bf16": 5e-2, "fp16": 5e-2}
"""Largest difference of losses, gradients and buffers, relative to the largest of their kind."""

SMALL = 1e-3
"""A parameter whose gradients are this small beside the largest of all is compared on that scale: the
gradient of a bias before batch normalisation is zero but for rounding."""


def close(one: Tensor, other: Tensor, tolerance: float, floor: float = 1e-12) -> bool:
    """Whether the largest difference is small beside the largest entry, or beside ``floor``."""
    if not one.numel():
        return True
    if not one.dtype.is_floating_point:
        return torch.equal(one, other)
    one, other = one.double(), other.double()
    same = (one == other) & other.isinf()  # masks hold infinities, and their difference is no number
    one, other = one.masked_fill(same, 0.0), other.masked_fill(same, 0.0)
    difference = (one - other).abs().max()
    return bool(difference.isfinite() & (difference <= tolerance * other.abs().max().clamp(min=floor)))
