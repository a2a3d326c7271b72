"""Small pictures of the schedule families, as docs/schedules.md shows them.

``python -m lrtune.plots.families docs/pictures`` writes them all.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

from lrtune.plots.canvas import ACCENT, FAINT, INK, figure, plain, png
from lrtune.schedules import FAMILIES, lr_sequence
from lrtune.wire import Setting

COLOURS = (ACCENT, "#1b6ca8", "#2e8b57")

EPOCHS, STEPS_PER_EPOCH = 40, 25

VARIANTS: Mapping[str, Sequence[Mapping[str, Any]]] = MappingProxyType(
    {
        "constant": ({}, {"warmup": 0.1}),
        "linear": ({"end_ratio": 0.0}, {"end_ratio": 0.1}, {"warmup": 0.1}),
        "step": ({"drops": 2, "gamma": 0.1}, {"drops": 4, "gamma": 0.5}),
        "multistep": ({"drops": [0.5, 0.75], "gamma": 0.1}, {"drops": [0.3, 0.6, 0.9], "gamma": 0.5}),
        "piecewise": (
            {"drop_1": 0.5, "drop_2": 0.8, "factor_1": 0.3, "factor_2": 0.3},
            {"drop_1": 0.35, "drop_2": 0.9, "factor_1": 0.7, "factor_2": 0.1},
        ),
        "exponential": ({"final_ratio": 0.5}, {"final_ratio": 0.01}, {"final_ratio": 0.0001}),
        "inverse_time": ({"decay": 1.0}, {"decay": 10.0}, {"decay": 100.0}),
        "polynomial": ({"power": 0.5}, {"power": 2.0}, {"power": 1.0, "decay_fraction": 0.5}),
        "cosine": ({"min_ratio": 0.0}, {"min_ratio": 0.1}, {"warmup": 0.1}),
        "warm_restarts": ({"period": 0.15, "mult": 2}, {"period": 0.25, "mult": 1}),
        "cyclic": ({"mode": "triangular"}, {"mode": "triangular2"}, {"mode": "exp_range"}),
        "one_cycle": ({"pct_start": 0.3, "div": 25.0}, {"pct_start": 0.1, "div": 5.0}),
        "inverse_sqrt": ({"timescale": 0.01}, {"timescale": 0.1}, {"timescale": 0.1, "warmup": 0.1}),
        "wsd": ({"shape": "linear"}, {"shape": "1-sqrt"}, {"shape": "cosine", "decay_fraction": 0.4}),
        "plateau": ({"factor": 0.3, "patience": 0.1}, {"factor": 0.5, "patience": 0.05}),
    }
)
"""What each picture shows, first the one that stands out."""


def stalling_loss(epoch: int) -> float:
    """A validation loss that falls, stalls at a quarter of the run, and hardly moves from there."""
    return 0.4 + math.exp(-epoch)


def family_png(name: str) -> bytes:
    """LR over initial LR along a run, for a few parameters of the family.

    Raises:
        KeyError: There is no such family.
    """
    drawn = figure(5.2, 2.3)
    axes = drawn.subplots()
    plain(axes)
    metrics = [stalling_loss(epoch) for epoch in range(EPOCHS)]
    total = EPOCHS * STEPS_PER_EPOCH
    for colour, params in zip(COLOURS, VARIANTS[name], strict=False):
        lrs = lr_sequence(
            Setting(schedule=name, initial_lr=1.0, params=dict(params)),
            total_steps=total,
            steps_per_epoch=STEPS_PER_EPOCH,
            metrics=metrics,
        )
        along = [step / total for step in range(total)]
        axes.plot(along, lrs, color=colour, linewidth=1.8, label=_label(params))
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1.08)
    axes.set_yticks([0, 0.5, 1])
    axes.set_xlabel("part of the run", color=FAINT, fontsize=9)
    axes.set_title(f"{FAMILIES[name].title}: LR over initial LR", fontsize=10, color=INK, loc="left")
    drawn.legend(loc="outside right upper", fontsize=8, frameon=False)
    return png(drawn)


def _label(params: Mapping[str, Any]) -> str:
    return "\n".join(f"{name} {value}" for name, value in params.items()) or "defaults"


def main() -> None:
    """Write ``schedules-<family>.png`` for every family into the folder named on the command line."""
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for name in FAMILIES:
        (folder / f"schedules-{name}.png").write_bytes(family_png(name))


if __name__ == "__main__":
    main()
