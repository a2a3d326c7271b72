"""How much memory a data set may take on the device."""

from __future__ import annotations

import os
from pathlib import Path

import torch

_SHARE = 0.25
"""Of what is free: training and validation data each, the rest is for the lanes."""


def data_budget(device: torch.device, limit: int | None) -> int:
    """Bytes that one data set may take: a quarter of what is free on the device.

    Args:
        limit: Bytes that this process may use on a CPU at most, None for all that the machine has.
    """
    if device.type == "cuda":
        return int(_SHARE * torch.cuda.mem_get_info(device)[0])
    free = _available()
    return int(_SHARE * (free if limit is None else min(free, limit)))


def _available() -> int:
    try:
        for line in Path("/proc/meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2
