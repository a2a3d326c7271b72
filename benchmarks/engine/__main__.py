"""``python -m benchmarks.engine``: measures, and writes docs/benchmarks/engine.md.

Each model is measured in a process of its own; ``--only`` measures some, and the others keep the numbers of
their last run, which lie beside the page in engine.json.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from benchmarks.engine.models import SUBJECTS
from benchmarks.engine.report import page

DOCS = Path(__file__).parents[2] / "docs" / "benchmarks"


@click.command()
@click.option("--only", multiple=True, type=click.Choice([subject.name for subject in SUBJECTS]))
@click.option("--rounds", default=5, show_default=True, help="Interleaved rounds of all contenders.")
@click.option("--seconds", default=0.5, show_default=True, help="CPU time of a contender in a round.")
def main(only: tuple[str, ...], rounds: int, seconds: float) -> None:
    """Lane-steps per CPU second of the engine against what a user would run instead."""
    kept = DOCS / "engine.json"
    results: dict[str, Any] = json.loads(kept.read_text()) if kept.exists() else {}
    for subject in SUBJECTS:
        if only and subject.name not in only:
            continue
        click.echo(f"{subject.title} …", err=True)
        before = os.getloadavg()[0]
        told = subprocess.run(
            [sys.executable, "-m", "benchmarks.engine.measure", subject.name, str(rounds), str(seconds)],
            stdout=subprocess.PIPE,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
            check=True,
            text=True,
        )
        results[subject.name] = {
            **json.loads(told.stdout.splitlines()[-1]),
            "measured_at": datetime.now(UTC).date().isoformat(),
            "load": [before, os.getloadavg()[0]],
        }
        kept.write_text(json.dumps(results, indent=1) + "\n")
        there = [results[subject.name] for subject in SUBJECTS if subject.name in results]
        missing = [subject.title for subject in SUBJECTS if subject.name not in results]
        (DOCS / "engine.md").write_text(page(there, missing))


if __name__ == "__main__":
    main()
