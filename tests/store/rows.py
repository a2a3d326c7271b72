"""Rows that the store's tests begin with."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from lrtune.wire import Answer, Estimate, JobRequest, Phase, Provenance, Report, ScheduleChoice, Setting, Task
from store import Database, Tx, jobs, tasks, trials, units
from store.trials import NewTrial
from store.units import Lease

LEASE_S = 30.0


class Clock:
    """A clock that tests set forward."""

    def __init__(self) -> None:
        self.at = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.at

    def advance(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


def register(database: Database, name: str, content: bytes = b"") -> Task:
    with database.write() as tx:
        task, _ = tasks.register(
            tx,
            name=name,
            entry="task:build",
            description="A task.",
            params_schema={"type": "object"},
            files={"task.py": content},
        )
    return task


def submit(database: Database, job_id: str = "job1", *, task: str = "digits", **request: Any) -> str:
    with database.write() as tx:
        jobs.submit(tx, JobRequest(task=task, **request), job_id=job_id)
    return job_id


def try_claim(database: Database, worker: str = "ada", lease_s: float = LEASE_S) -> Lease | None:
    return units.claim(database, worker, lease_s=lease_s)


def claim(database: Database, worker: str = "ada", lease_s: float = LEASE_S) -> Lease:
    lease = try_claim(database, worker, lease_s)
    assert lease is not None
    return lease


def new_trials(
    n: int, *, phase: Phase = Phase.SEARCH, epochs: int = 3, generation: int = 0
) -> list[NewTrial]:
    return [
        NewTrial(phase, generation, Setting(schedule="cosine", initial_lr=0.1 * (i + 1)), 7, epochs)
        for i in range(n)
    ]


def start_training(tx: Tx, job_id: str, sizes: list[int], **kind: Any) -> list[list[int]]:
    """Train units of so many new trials each; returns the numbers of each."""
    shares = []
    for size in sizes:
        numbers = trials.add(tx, job_id, new_trials(size, **kind))
        units.add(tx, job_id, "train", {"numbers": numbers})
        shares.append(numbers)
    return shares


def training_job(database: Database, sizes: list[int], job_id: str = "job1", **kind: Any) -> list[list[int]]:
    """A running job whose first plan unit is done, with train units; see ``start_training``."""
    submit(database, job_id)
    lease = claim(database, "planner")
    assert lease.job == job_id
    with units.held(database, lease) as tx:
        shares = start_training(tx, job_id, sizes, **kind)
        units.finish(tx, lease)
    return shares


def report(epoch: int, loss: float | None = 0.5) -> Report:
    return Report(epoch=epoch, step=10 * epoch, lr=0.1, values={"train_loss": 0.6, "loss": loss})


def answer(mean: float, *, metric: str = "loss", goal: str = "minimize", optimizer: str = "adamw") -> Answer:
    return Answer(
        initial_lr=3e-3,
        initial_lr_interval=(2e-3, 4e-3),
        safe_band=(1e-3, 6e-3),
        schedule=ScheduleChoice(family="cosine", params={"min_ratio": 0.01}),
        metric=Estimate(name=metric, goal=goal, mean=mean, low=mean - 0.1, high=mean + 0.1, seeds=5),
        verdict="Use it.",
        beats_default=True,
        baselines=[],
        finalists=[],
        importances={"schedule": 0.9, "initial_lr": 0.1},
        cost_full_runs=40.0,
        provenance=Provenance(
            task="digits",
            task_version=1,
            task_digest="0" * 64,
            params={},
            optimizer={"name": optimizer},
            batch_size=64,
            epochs=3,
            steps_per_epoch=10,
            precision="float32",
            device="cpu",
            versions={"torch": "2.13.0"},
        ),
    )
