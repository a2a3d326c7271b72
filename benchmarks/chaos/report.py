"""The page docs/reliability.md."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from benchmarks.chaos.faults import FAULTS, LEASE

TITLES = {"postgresql": "PostgreSQL", "sqlite": "SQLite"}


@dataclass(frozen=True)
class Outcome:
    """A run on one database.

    Attributes:
        jobs: How many were submitted.
        claims: How many leases were given.
        struck: Each fault in the order of their ends, with the seconds of its recovery.
        left_out: Of kinds of faults that were, why.
        broken: Promises that were broken, in sentences.
    """

    kind: str
    jobs: int
    struck: list[tuple[str, float | None]]
    claims: int
    workers: int
    at_once: int
    left_out: dict[str, str]
    broken: list[str]
    seconds: float


GOAL_S = 30.0


def page(
    outcomes: Sequence[Outcome],
    recovered_s: Sequence[float],
    *,
    command: str,
    on: date,
    loads: tuple[float, float],
) -> str:
    """The whole page; ``recovered_s`` are those of workers that were killed with default leases."""
    parts = [HEAD, "## What was promised, and what happened", ""]
    parts += [
        f"`{command}` on {on.isoformat()}: {os.cpu_count()} CPUs at a load of {loads[0]:.1f} before and "
        f"{loads[1]:.1f} after, Python {platform.python_version()}, leases of {LEASE:g} s "
        "(the default is 20 s).",
        "",
    ]
    for outcome in outcomes:
        parts += _section(outcome)
    parts += _default_leases(recovered_s)
    parts += ["## Promises", "", "| fault | promise |", "| --- | --- |"]
    parts += [f"| {fault.name} | {fault.promise} |" for fault in FAULTS]
    return "\n".join([*parts, "", TAIL])


def _default_leases(recovered_s: Sequence[float]) -> list[str]:
    middle, most = np.quantile(recovered_s, [0.5, 0.99])
    return [
        "### Default leases",
        "",
        f"{len(recovered_s)} workers on PostgreSQL killed one after the other, with leases of 20 s as they "
        f"are by default: their units were claimed again after {middle:.1f} s (p50) and {most:.1f} s (p99). "
        f"The goal of {GOAL_S:g} s is {'met' if most <= GOAL_S else '**missed**'}.",
        "",
    ]


def _section(outcome: Outcome) -> list[str]:
    lines = [
        f"### {TITLES[outcome.kind]}",
        "",
        f"{len(outcome.struck)} faults in {outcome.seconds / 60:.1f} minutes, up to {outcome.at_once} at "
        f"once, among {outcome.workers} workers; {outcome.jobs} jobs, {outcome.claims} leases. "
        + (
            "Every promise held."
            if not outcome.broken
            else f"**{len(outcome.broken)} promises were broken:** {'; '.join(outcome.broken)}."
        ),
        "",
        "| fault | injected | of them with something to recover | recovery p50, s | p99, s |",
        "| --- | --- | --- | --- | --- |",
    ]
    for fault in FAULTS:
        struck = [recovery_s for name, recovery_s in outcome.struck if name == fault.name]
        times = [recovery_s for recovery_s in struck if recovery_s is not None]
        if fault.name in outcome.left_out:
            lines.append(f"| {fault.name} | left out: {outcome.left_out[fault.name]} | | | |")
            continue
        cells = [f"{np.quantile(times, share):.1f}" if times else "" for share in (0.5, 0.99)]
        lines.append(f"| {fault.name} | {len(struck)} | {len(times)} | {' | '.join(cells)} |")
    return [*lines, ""]


HEAD = """\
# Reliability: faults on purpose

`make chaos FAULTS=n SEED=s` writes this page. It runs a real server, a real database and real workers with
small real jobs, lets n faults strike on each database in an order of chance, and then checks. `make test`
has a short version (`tests/acceptance/test_chaos.py`).
"""

TAIL = """\
Recovery is counted from the strike, so the length of a fault that lasts is in it: until the unit that was
held is claimed again, renewed or closed; for the server, until `/readyz` answers; for the database, until
any unit is claimed, renewed or closed and `/readyz` answers. Other faults strike meanwhile, and p99 of few
is their maximum. A killed worker's unit is claimed again at the latest one lease after its last renewal, as
soon as another worker is free.

## What is checked

- Every job that was submitted is there once, and has succeeded.
- Answer, range test and every trial with its curve equal those of an undisturbed run on one worker, to the
  last bit.
- No trial ends twice, none is left without an end. Each unit has one owner at a time, its attempt counts up
  by one with each claim, and it is closed once. Triggers write every change of a unit or trial down in the
  transaction that makes it; this ledger is what is checked.
- No process is left of all that was started, no connection to PostgreSQL, none stays inside a transaction.
- No server or worker has met an error that it had no words for (a traceback in its log).

## What this does not show

- A power cut: the test's PostgreSQL runs without fsync, on one machine. PostgreSQL's own promises hold
  there; SQLite's write-ahead log with `synchronous = NORMAL` may lose the last commits.
- A worker that is stopped inside a transaction keeps its locks until it wakes. On PostgreSQL the server
  ends such a transaction after 60 s; on SQLite nobody can write meanwhile.
- A trainer that is killed twice over the same unit by no fault of its task fails the job (`trainer_died`),
  and a unit whose lease runs out five times does (`worker_lost`). The driver strikes so that neither
  happens.
"""
