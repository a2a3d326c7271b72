"""The work of external jobs: one training a unit, for clients to lease."""

from __future__ import annotations

from collections.abc import Sequence

from lrtune.wire import Phase
from store import Tx, events, jobs, units
from store.units import EXTERNAL
from workers.planning.step import Sweep
from workers.planning.view import View
from workers.pruning import pruner_of


def add_sweep(tx: Tx, view: View, sweep: Sweep) -> None:
    """Add a unit for each seed of a sweep."""
    for seed in sweep.seeds:
        payload = {"sweep": sweep.number, "lrs": sweep.lrs, "seed": seed}
        units.add(tx, view.job.id, EXTERNAL, payload, at_once=view.request.max_parallel)


def add_trials(tx: Tx, view: View, phase: Phase, generation: int, numbers: Sequence[int]) -> None:
    """Add a unit for each trial of a phase, with the bars that it must clear."""
    bars = pruner_of(view.request, phase, generation, view.trials).bars
    for number in numbers:
        payload = {"numbers": [number], "bars": bars}
        units.add(tx, view.job.id, EXTERNAL, payload, at_once=view.request.max_parallel)


def tell(tx: Tx, view: View) -> None:
    """Keep with the job what it tells of its training, once."""
    if view.facts is not None and jobs.engine(tx, view.job.id) is None:
        told = view.facts.model_dump(mode="json")
        jobs.set_engine(tx, view.job.id, told)
        events.add(tx, view.job.id, "engine", told)
