"""The page docs/benchmarks/scale.md."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from benchmarks.scale.filling import UNITS
from benchmarks.scale.fleet import Cycle
from benchmarks.scale.measuring import Asking, Spent

GOAL_TRAINING, GOAL_JAIN = 0.97, 0.95


@dataclass(frozen=True)
class Run:
    """What was asked for."""

    workers: int
    trial_s: float
    lanes: int
    epochs: int
    minutes: float
    processes: int
    seed: int

    @property
    def unit_s(self) -> float:
        """Seconds that a unit trains."""
        return self.trial_s * self.lanes


@dataclass(frozen=True)
class Found:
    """What came out.

    Attributes:
        idle: What the database spends on workers that have nothing to do.
        trickle: Seconds that a unit waits for one of them, units coming one by one.
        burst: The same, a quarter as many units as there are workers coming at once.
        busy: What the database spends under load.
        jobs: Jobs of each author.
        served: Units claimed of each.
        connections: To the database, the server's and this driver's included.
        active: Of them, the most that were in a statement at the same time.
        connection_mb: Memory that each costs the database.
        lapses: Leases that ran out, though no worker fell.
        cycles: Units that were finished under load.
        load: Of the machine at the end.
    """

    idle: Spent
    trickle: Sequence[float]
    burst: Sequence[float]
    busy: Spent
    asking: Asking
    jobs: Mapping[str, int]
    served: Mapping[str, int]
    jain: float
    connections: int
    active: int
    connection_mb: float
    lapses: int
    cycles: Sequence[Cycle]
    load: float

    @property
    def training(self) -> float:
        """Share of the workers' time that went into training."""
        return sum(cycle.trained_s for cycle in self.cycles) / sum(cycle.took_s for cycle in self.cycles)


def page(run: Run, found: Found, *, on: date) -> str:
    """The page's measured part; what follows from it stands in docs/operations.md."""
    overhead = np.array([cycle.took_s - cycle.trained_s for cycle in found.cycles])
    a_trial = 1000 * overhead / run.lanes
    span_s = max(c.ended_at for c in found.cycles) - min(c.ended_at for c in found.cycles)
    rows = [
        ("share of worker time in training", f"{found.training:.1%}", f"≥ {GOAL_TRAINING:.0%}"),
        ("overhead a trial, mean / p99", f"{a_trial.mean():.0f} / {np.quantile(a_trial, 0.99):.0f} ms", ""),
        ("trials finished a second", f"{len(found.cycles) * run.lanes / span_s:.0f}", ""),
        ("Jain's index of units served, by author", f"{found.jain:.3f}", f"≥ {GOAL_JAIN}"),
        ("wait of a unit for an idle worker, p50 / p99", _quantiles(found.trickle), ""),
        (
            f"the same, {len(found.burst)} units at once",
            _quantiles(found.burst),
            "",
        ),
        ("leases that ran out", str(found.lapses), "0"),
        ("failed requests", str(len(found.asking.failures)), "0"),
        *((f"API, {what}: p99", f"{found.asking.p99_ms(what):.0f} ms", "") for what in found.asking.took),
        ("connections to PostgreSQL", f"{found.connections}, at most {found.active} at work", ""),
        ("memory of PostgreSQL a connection", f"{found.connection_mb:.1f} MiB", ""),
        ("PostgreSQL, all workers idle", _spent(found.idle), ""),
        ("PostgreSQL under load", _spent(found.busy), ""),
    ]
    lines = [
        "# A simulated fleet",
        "",
        f"`make bench-scale` on {on.isoformat()}: {run.workers:,} workers on PostgreSQL (in memory, without "
        f"fsync), as threads of {run.processes} processes, each with a connection of its own. They run the "
        "worker's own loop (claim, lease, renewal, reports, events, finish) with default leases; only the "
        f"trainer is one that sleeps. A trial takes {run.trial_s:g} s of its worker's time, "
        f"{run.lanes} of them make a unit, each reports {run.epochs} times. Fleet, database, server and "
        f"the clients that ask it share {os.cpu_count()} CPUs, at a load of {found.load:.1f} at the end; "
        f"in a real fleet the workers have CPUs of their own. Python {platform.python_version()}.",
        "",
        "| | measured | goal |",
        "| --- | --- | --- |",
        *(f"| {name} | {value} | {goal} |" for name, value, goal in rows),
        "",
        "A worker's time is counted from the end of one unit to the end of the next: claiming, reading the "
        "job, writing reports and waiting for a CPU are overhead. Planning the next generation is not in it "
        "([what the store takes](store.md) has what asking costs), nor is loading a task, which a worker "
        "does once a job. What breaks first in a fleet ten times as large: [operations](../operations.md).",
        "",
        "| author | units waiting at first | units served |",
        "| --- | --- | --- |",
        *(
            f"| {author} | {jobs * UNITS:,} | {found.served.get(author, 0):,} |"
            for author, jobs in found.jobs.items()
        ),
        "",
    ]
    return "\n".join(lines)


def _quantiles(seconds: Sequence[float]) -> str:
    middle, most = np.quantile(seconds, [0.5, 0.99])
    return f"{middle:.2f} / {most:.2f} s"


def _spent(spent: Spent) -> str:
    return f"{spent.commits:,.0f} transactions/s, {spent.cpu:.2f} CPUs"
