"""Where the generators stand that a user's code may draw from: random, numpy, torch."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import torch


def draws(device: torch.device) -> dict[str, Any]:
    """Where they stand now, as tensors and plain values; the GPU's too if ``device`` is one."""
    numbers = np.random.get_state(legacy=False)
    assert isinstance(numbers, dict)
    inner = {name: _plain(value) for name, value in numbers["state"].items()}
    return {
        "random": random.getstate(),
        "numpy": {**numbers, "state": inner},
        "torch": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state(device) if device.type == "cuda" else None,
    }


def set_draws(found: dict[str, Any], device: torch.device) -> None:
    """Put them where ``draws`` found them."""
    random.setstate(found["random"])
    numbers = found["numpy"]
    inner = {n: np.array(v) if isinstance(v, list) else v for n, v in numbers["state"].items()}
    np.random.set_state({**numbers, "state": inner})
    torch.set_rng_state(found["torch"])
    if found["cuda"] is not None:
        # Wherever the file's reader has put it, torch takes it from the CPU.
        torch.cuda.set_rng_state(found["cuda"].cpu(), device)


def _plain(value: Any) -> Any:
    return value.tolist() if isinstance(value, np.ndarray) else value
