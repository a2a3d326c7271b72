"""Run emitted PyTorch code as its own comments say, and record the LR of each optimizer step."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

MARK = "# Where to call step():"


def loop(code: str) -> str:
    """The training loop that the code shows in its last comment."""
    _, _, shown = code.partition(MARK)
    return "\n".join(line.removeprefix("#").removeprefix(" ") for line in shown.splitlines())


def run(code: str, *, steps_per_epoch: int, metrics: Sequence[float] = ()) -> NDArray[np.float64]:
    """LRs that the real optimizer had at each step; ``metrics`` are the validation losses."""
    lrs: list[float] = []
    losses = iter(metrics)
    model = torch.nn.Linear(2, 1)
    space: dict[str, Any] = {"model": model, "validate": lambda _: next(losses, 1.0)}
    exec(code, space)

    class Loader:
        def __iter__(self) -> Iterator[int]:
            for batch in range(steps_per_epoch):
                lrs.append(float(space["optimizer"].param_groups[0]["lr"]))
                yield batch

    space["train_loader"] = Loader()
    space["closure"] = lambda: model(torch.zeros(1, 2)).sum()
    exec(loop(code), space)
    return np.array(lrs)
