"""``python -m benchmarks.coverage``: do the 95 % intervals hold the truth in 95 % of jobs?"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks.coverage import answers, sweeps

GOAL = (0.93, 0.97)

HEAD = """# Coverage of the intervals

Made by `python -m benchmarks.coverage`: simulated jobs whose truth is known, {jobs} for each row of the range
test and {confirmations} for each of the answer. The goal is 93 to 97 %; other numbers are set in italics. The
standard error of a share is {error:.1%} in the range test.

## Range test, five seeds

The truth of a mark is where the median curve of {many} seeds without batch noise has it.

| simulated tasks | rise | steepest | minimum | divergence | suggestion | jobs with a suggestion |
|---|---|---|---|---|---|---|
"""

MIDDLE = """
## Answer

Contenders have true means, a seed effect that all share, and noise of their own. *Mean* and *gain over the
default* are the answer's intervals; *flattery* is by how much the winner's mean is better than its truth, in
standard errors of the mean (the winner is chosen by the same values).

| seeds | finalists | baselines worse by | mean | gain over the default | flattery |
|---|---|---|---|---|---|
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the simulation; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.coverage", description=__doc__)
    parser.add_argument("--jobs", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, help="write the page here too, e.g. docs/benchmarks/coverage.md")
    options = parser.parse_args(argv)
    rng = np.random.default_rng(options.seed)
    confirmations = 5 * options.jobs
    error = (0.95 * 0.05 / options.jobs) ** 0.5
    text = HEAD.format(jobs=options.jobs, confirmations=confirmations, error=error, many=sweeps.MANY)
    for kind in sweeps.KINDS:
        shares, answered = sweeps.coverage(kind, options.jobs, 5, rng)
        text += (
            f"| {kind.name} | " + " | ".join(_share(v) for v in shares.values()) + f" | {answered:.0%} |\n"
        )
    text += MIDDLE
    for seeds, finalists, gap in ((5, 3, 1.0), (5, 3, 0.0), (10, 3, 1.0), (5, 10, 1.0)):
        held = answers.coverage(confirmations, seeds, finalists, gap, rng)
        text += f"| {seeds} | {finalists} | {gap:g} | {_share(held.mean)} | {_share(held.gain)} "
        text += f"| {held.flattery:.2f} |\n"
    print(text)
    if options.out:
        options.out.parent.mkdir(parents=True, exist_ok=True)
        options.out.write_text(text)
    return 0


def _share(value: float) -> str:
    return f"{value:.0%}" if GOAL[0] <= value <= GOAL[1] else f"*{value:.0%}*"


if __name__ == "__main__":
    sys.exit(main())
