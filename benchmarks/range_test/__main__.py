"""``python -m benchmarks.range_test``: LR finders on real trainings (``make bench-range-test``)."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import torch

from benchmarks.range_test.ours import runs
from benchmarks.range_test.pairs import PAIRS
from benchmarks.range_test.report import page
from benchmarks.range_test.training import load
from benchmarks.range_test.truth import Truth, measure


def main(argv: Sequence[str] | None = None) -> int:
    """Run the benchmark; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.range_test", description=__doc__)
    parser.add_argument("--repeats", type=int, default=20)
    parser.add_argument(
        "--pairs", nargs="*", default=[p.name for p in PAIRS], choices=[p.name for p in PAIRS]
    )
    parser.add_argument("--peer-repeats", type=int, help="repeats of the peers, if another number")
    parser.add_argument("--peers-python", help="python of an environment with constraints.txt installed")
    parser.add_argument("--cache", type=Path, default=Path("build/bench-range-test"))
    parser.add_argument(
        "--out", type=Path, help="write the page here too, e.g. docs/benchmarks/range-test.md"
    )
    options = parser.parse_args(argv)
    torch.set_num_threads(1)
    repeats = options.peer_repeats or options.repeats
    rows = _peers(options.peers_python, repeats, options.pairs, options.cache)
    truths: dict[str, Truth] = {}
    for pair in (p for p in PAIRS if p.name in options.pairs):
        workload = cache(lambda pair=pair: load(pair))
        truths[pair.name] = measure(pair, workload, options.cache)
        rows += runs(pair, workload(), options.repeats, options.cache)
        print(pair.name, file=sys.stderr, flush=True)
    text = page([p for p in PAIRS if p.name in truths], truths, rows)
    print(text)
    if options.out:
        options.out.parent.mkdir(parents=True, exist_ok=True)
        options.out.write_text(text)
    return 0


def _peers(python: str | None, repeats: int, pairs: Sequence[str], folder: Path) -> list[dict[str, Any]]:
    """The peers' rows, run by their own environment, or read if they are there; none without one."""
    path = folder / f"peers-{repeats}.jsonl"
    if python is not None and not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_suffix(".part")
        command = [python, "-m", "benchmarks.range_test.peers", "--repeats", str(repeats)]
        with unfinished.open("w") as file:
            subprocess.run(command, stdout=file, check=True)
        unfinished.rename(path)
    rows: list[dict[str, Any]] = []
    if path.exists():
        rows = [json.loads(line) for line in path.read_text().splitlines()]
    return [row for row in rows if row["pair"] in pairs]


if __name__ == "__main__":
    sys.exit(main())
