"""``python -m benchmarks.exports``: every family, with and without warmup; exit status 1 if an LR is off."""

from __future__ import annotations

import sys

import numpy as np

from benchmarks.exports import by_lightning, by_transformers
from lrtune.schedules import FAMILIES, lightning_code, lr_sequence, transformers_code
from lrtune.wire import OptimizerSpec, Setting

EPOCHS, STEPS_PER_EPOCH = 10, 4
LOSSES = [3.0, 2.0, 2.0, 2.0, 1.5, 1.5, 1.5, 1.5, 1.5, 1.0]
TOLERANCE = 1e-9

FRAMEWORKS = {
    "lightning": (lightning_code, by_lightning.run),
    "transformers": (transformers_code, by_transformers.run),
}


def error(framework: str, setting: Setting) -> float:
    """Largest difference of an LR to ours, over the initial LR; infinite if the steps are not as many."""
    write, run = FRAMEWORKS[framework]
    total = EPOCHS * STEPS_PER_EPOCH
    code = write(
        setting,
        optimizer=OptimizerSpec(),
        total_steps=total,
        steps_per_epoch=STEPS_PER_EPOCH,
        epochs=EPOCHS,
    )
    found = run(code, epochs=EPOCHS, steps_per_epoch=STEPS_PER_EPOCH, losses=LOSSES)
    expected = lr_sequence(setting, total_steps=total, steps_per_epoch=STEPS_PER_EPOCH, metrics=LOSSES)
    if len(found) != total:
        return float("inf")
    return float(np.abs(np.array(found) - expected).max() / setting.initial_lr)


def main() -> int:
    """Print one line a family; returns the exit status."""
    print(f"{'family':16} {'warmup':>6}" + "".join(f" {name:>13}" for name in FRAMEWORKS))
    worst = 0.0
    for family in FAMILIES:
        for warmup in (0.0, 0.1, 0.3):
            setting = Setting(schedule=family, initial_lr=0.01, params={"warmup": warmup})
            errors = [error(framework, setting) for framework in FRAMEWORKS]
            worst = max(worst, *errors)
            print(f"{family:16} {warmup:6}" + "".join(f" {value:13.1e}" for value in errors), flush=True)
    print(f"largest difference over the initial LR: {worst:.1e}, allowed {TOLERANCE:.0e}")
    return int(worst > TOLERANCE)


if __name__ == "__main__":
    sys.exit(main())
