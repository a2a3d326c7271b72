"""What must hold when all is over."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from benchmarks.chaos import building, ledger
from benchmarks.chaos.driving import Story
from benchmarks.chaos.world import World
from lrtune import Client
from lrtune.wire import Job, JobRequest, JobState
from store import tables

PATIENCE_S = 30.0


@dataclass(frozen=True)
class Found:
    """All that a job gave, to the last bit."""

    answer: dict[str, Any]
    range_test: dict[str, Any]
    trials: list[dict[str, Any]]


def found(client: Client, job_id: str) -> Found:
    """What a succeeded job gave."""
    return Found(
        client.answer(job_id).model_dump(),
        client.range_test(job_id).model_dump(),
        [trial.model_dump() for trial in client.trials(job_id)],
    )


def undisturbed(home: Path, requests: Sequence[JobRequest]) -> list[Found]:
    """What the requests give when nothing goes wrong, on one worker."""
    with building.world(home, "sqlite", workers=1, seed=0) as world:
        world.tend()
        with world.client() as client:
            _until(world.ready)
            # One after the other, or the worker loads another task for each unit.
            return [found(client, client.submit(one).wait(timeout_s=600).job.id) for one in requests]


def check(world: World, story: Story, expected: Sequence[Found]) -> list[str]:
    """Ends the world; every promise that was broken, in a sentence each; none if all held."""
    broken = list(story.broken)
    with world.client() as client:
        jobs = {job.id: job for job in client.jobs()}
        if jobs.keys() != story.submitted.keys():
            broken.append(f"{len(story.submitted)} jobs were submitted, and there are {len(jobs)}")
        for job_id, which in story.submitted.items():
            if job_id in jobs:
                broken += _job(client, jobs[job_id], expected[which])
    broken += [*ledger.faults(world.database), *_rows(world)]
    if world.postgresql is not None:
        broken += _connections(world, "state = 'idle in transaction'", "stay inside a transaction")
    building.stop(world)
    broken += _orphans(world.home)
    if world.postgresql is not None:
        broken += _connections(world, "application_name = 'lrtune'", "are left after all processes ended")
    broken += _tracebacks(world)
    return broken


def _job(client: Client, job: Job, expected: Found) -> list[str]:
    if job.state is not JobState.SUCCEEDED:
        return [f"job {job.id} is {job.state}: {job.error}"]
    was = found(client, job.id)
    parts: Mapping[str, bool] = {
        "answer": was.answer == expected.answer,
        "range test": was.range_test == expected.range_test,
        "trials": was.trials == expected.trials,
    }
    return [
        f"the {part} of job {job.id} is not that of an undisturbed run"
        for part, same in parts.items()
        if not same
    ]


def _rows(world: World) -> list[str]:
    """Nothing is left open in the database."""
    units, trials = tables.units.c, tables.trials.c
    left = {
        "units are not closed": sa.select(sa.func.count()).where(units.state != "closed"),
        "trials have no end": sa.select(sa.func.count()).where(trials.state.not_in(ledger.FINAL)),
    }
    counts = {what: world.rows(query) for what, query in left.items()}
    return [
        f"{rows[0][0] if rows else 'unknown'} {what}"
        for what, rows in counts.items()
        if not rows or rows[0][0]
    ]


def _connections(world: World, where: str, what: str) -> list[str]:
    query = (
        "SELECT count(*) FROM pg_stat_activity "
        f"WHERE pid <> pg_backend_pid() AND datname = 'chaos' AND {where}"
    )
    world.database.dispose()

    def left() -> int:
        with world.database.read() as tx:
            return int(tx.conn.execute(sa.text(query)).scalar_one())

    return [] if _until(lambda: left() == 0) else [f"{left()} connections {what}"]


def _orphans(home: Path) -> list[str]:
    return [] if _until(lambda: not processes(home)) else [f"processes are left: {processes(home)}"]


def processes(home: Path) -> dict[int, str]:
    """All processes that name ``home`` in their environment or work under it: all that was started for it."""
    there = {}
    for process in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if process.name.isdecimal() and (
                str(home).encode() in (process / "environ").read_bytes()
                or (process / "cwd").readlink().is_relative_to(home)
            ):
                there[int(process.name)] = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode()
    return there


def _tracebacks(world: World) -> list[str]:
    """A fault is told in a line: a traceback would be an error that nobody had thought of."""
    return [
        f"a traceback in {log}"
        for log in sorted(world.home.glob("*.log"))
        if "Traceback (most recent call last)" in log.read_text(errors="replace")
    ]


def _until(holds: Any) -> bool:
    deadline = time.monotonic() + PATIENCE_S
    while not (held := bool(holds())) and time.monotonic() < deadline:
        time.sleep(0.1)
    return held
