"""lrtune's own range test as a contender, as a job runs it: sweeps, marks, probes."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.range_test.pairs import Pair
from benchmarks.range_test.training import sweeps, trainings
from lrtune import rangetest
from lrtune.wire import MetricSpec, Phase, RangeTest, RangeTestSpec, Trial, TrialState
from workers.trainer.workload import Workload

PLAIN, PROBED = "lrtune without probes", "lrtune"

SPEC = RangeTestSpec()
DEFAULT_LR = {"adamw": 1e-3, "adam": 1e-3, "sgd": 1e-3}
APART = 1000
"""Seeds of repeat r start at APART · r: no two repeats share one, and none is the truth's."""


def runs(pair: Pair, workload: Workload, repeats: int, folder: Path) -> list[dict[str, Any]]:
    """One row a repeat: what both contenders found, and what it cost in full runs; read if it is there."""
    path = folder / f"lrtune-{pair.name.replace('/', '-')}.jsonl"
    rows = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
    folder.mkdir(parents=True, exist_ok=True)
    for repeat in range(len(rows), repeats):
        rows.append(_run(pair, workload, repeat))
        with path.open("a") as file:
            file.write(json.dumps(rows[-1]) + "\n")
    return rows[:repeats]


def _run(pair: Pair, workload: Workload, repeat: int) -> dict[str, Any]:
    first = APART * repeat
    found, swept = _swept(workload, first)
    probes = _probes(pair, workload, found, first + SPEC.seeds)
    verified = rangetest.verify(found, probes, MetricSpec(), epochs=pair.epochs)
    full = pair.epochs * workload.steps_per_epoch
    probed = sum(t.epochs for t in probes) * workload.steps_per_epoch
    sure = verified.suggestion
    return {
        "pair": pair.name,
        "repeat": repeat,
        "full_steps": full,
        "outcome": found.outcome.value,
        "found": {PLAIN: found.suggested_lr, PROBED: sure.lr if sure and sure.verified else None},
        "low": {
            PLAIN: found.suggestion.low if found.suggestion else None,
            PROBED: sure.low if sure else None,
        },
        "high": {
            PLAIN: found.suggestion.high if found.suggestion else None,
            PROBED: sure.high if sure else None,
        },
        "cost": {PLAIN: swept / full, PROBED: (swept + probed) / full},
        "probes": [[t.initial_lr, t.seed, t.value] for t in probes],
    }


def _swept(workload: Workload, first: int) -> tuple[RangeTest, int]:
    """The sweep, widened while it must be, and the steps that all of it took."""
    low, high, steps = SPEC.min_lr, SPEC.max_lr, 0
    while True:
        lrs = rangetest.sweep_lrs(low, high, SPEC.steps_per_decade)
        losses = sweeps(workload, lrs, range(first, first + SPEC.seeds))
        steps += losses.size
        found = rangetest.analyse(lrs, losses)
        wider = rangetest.extension(found, SPEC)
        if wider is None:
            return found, steps
        low, high = wider


def _probes(pair: Pair, workload: Workload, found: RangeTest, first: int) -> list[Trial]:
    settings = rangetest.probe_settings(found, DEFAULT_LR[pair.optimizer["name"]])
    epochs = rangetest.probe_epochs(pair.epochs)
    wanted = [(s.initial_lr, first + k) for s in settings for k in range(rangetest.PROBE_SEEDS)]
    values = trainings(workload, wanted, epochs)
    return [
        Trial(
            number=i,
            phase=Phase.PROBES,
            state=TrialState.COMPLETE if math.isfinite(value) else TrialState.DIVERGED,
            schedule="cosine",
            initial_lr=lr,
            seed=seed,
            epochs=epochs,
            value=float(value) if np.isfinite(value) else None,
        )
        for i, ((lr, seed), value) in enumerate(zip(wanted, values, strict=True))
    ]
