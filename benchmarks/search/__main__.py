"""``python -m benchmarks.search``: samplers on recorded trainings, as a table (``make bench-search``)."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from benchmarks.search.contenders import CMA_ES, OPTUNA, Contender
from benchmarks.search.ours import with_lrtune
from benchmarks.search.problems import Problem
from benchmarks.search.report import Scores, page
from benchmarks.search.runs import Ledger
from benchmarks.search.tables import load
from lrtune.search import SAMPLERS

DATA = "LRTUNE_BENCH_DATA"
BUDGETS = (5, 10, 20, 30, 40, 100)
"""In full runs. The last one is what each run spends."""

if find_spec("cmaes") is None:  # Optuna needs that package for CMA-ES; lrtune itself does not
    del OPTUNA[CMA_ES]

CONTENDERS: dict[str, Contender] = {
    **OPTUNA,
    **{f"lrtune {name}": with_lrtune(name) for name in SAMPLERS},
    "lrtune tpe, no pruning": with_lrtune("tpe", prune=False),
    "lrtune gp, no pruning": with_lrtune("gp", prune=False),
    "lrtune gp, right prior": with_lrtune("gp", earlier=lambda problem: problem.known(0.01, 2)),
    "lrtune gp, wrong prior": with_lrtune("gp", earlier=lambda problem: problem.known(0.75, 2)),
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run the benchmark; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.search", description=__doc__)
    parser.add_argument(
        "--data",
        type=Path,
        default=os.environ.get(DATA),
        help=f"folder with lrsched_*.npz and taskset_*.npz (default: {DATA})",
    )
    parser.add_argument("--seeds", type=int, default=20, help="runs of each contender on each table")
    parser.add_argument("--budget", type=int, default=BUDGETS[-1], help="full runs that each run may spend")
    parser.add_argument("--only", nargs="*", default=list(CONTENDERS), choices=list(CONTENDERS))
    parser.add_argument("--out", type=Path, help="write the page here too, e.g. docs/benchmarks/search.md")
    parser.add_argument("--cache", type=Path, help="keep the results here, and read those that are there")
    options = parser.parse_args(argv)
    if options.data is None:
        print(f"Say where the recorded trainings are: --data FOLDER or {DATA}=FOLDER", file=sys.stderr)
        return 2
    try:
        problems = load(options.data)
    except FileNotFoundError as error:
        print(error, file=sys.stderr)
        return 2
    budgets = [b for b in BUDGETS if b <= options.budget]
    scores = Scores(problems, budgets, options.seeds)
    for name in options.only:
        began = time.monotonic()
        for problem in problems:
            scores.add(name, problem.name, _runs(name, problem, options.seeds, options.budget, options.cache))
        print(f"{name}: {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
    text = page(scores)
    print(text)
    if options.out:
        options.out.parent.mkdir(parents=True, exist_ok=True)
        options.out.write_text(text)
    return 0


def _runs(
    name: str, problem: Problem, seeds: int, budget: int, cache: Path | None
) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """Regret of the incumbent after each epoch's spending, in full runs 1, 2, …: shape (seeds, budget)."""
    path = cache / f"{name}-{problem.name}-{seeds}-{budget}.npy".replace(" ", "_") if cache else None
    if path is not None and path.exists():
        return np.asarray(np.load(path))
    grid = np.arange(1, budget + 1)
    rows = []
    for seed in range(seeds):
        ledger = Ledger(problem, budget * problem.epochs)
        CONTENDERS[name](ledger, seed)
        rows.append(ledger.curve(grid))
    found = np.array(rows)
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        np.save(path, found)
    return found


if __name__ == "__main__":
    sys.exit(main())
