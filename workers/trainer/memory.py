"""What a trainer child has held of memory."""

from __future__ import annotations

import resource
import sys

import torch

from workers.protocol import Memory

_RSS_UNIT = 1 if sys.platform == "darwin" else 1024
"""Bytes that ``ru_maxrss`` counts in."""


def peak(device: torch.device) -> Memory:
    """The most that this process has held since it began; on a GPU what torch allocated there."""
    gpu = torch.cuda.max_memory_allocated(device) if device.type == "cuda" else None
    return Memory(
        host_bytes=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _RSS_UNIT,
        gpu_bytes=gpu,
    )
