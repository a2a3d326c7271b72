"""A running job with very many trials, written through the store as workers write them."""

from __future__ import annotations

import math
import random

from lrtune import schedules
from lrtune.wire import DEFAULT_SCHEDULES, JobRequest, Phase, Report, SearchSpec, Setting, TrialState
from store import Database, Tx, events, jobs, trials, units
from store.trials import NewTrial

BATCH = 500


def job_with_trials(database: Database, task: str, n: int, *, epochs: int, seed: int = 0) -> str:
    """A job of ``task`` in its search, with ``n`` final trials whose loss is best near an LR of 0.01.

    One in twenty has diverged. Every trial has a report an epoch, and an event.
    """
    chance = random.Random(seed)
    job_id = "many"
    with database.write() as tx:
        jobs.submit(tx, JobRequest(task=task, epochs=epochs, search=SearchSpec(trials=n)), job_id=job_id)
    units.claim(database, "bench", lease_s=36_000)
    with database.write() as tx:
        jobs.set_phase(tx, job_id, Phase.SEARCH)
        jobs.plan_phase(tx, job_id, Phase.SEARCH, trainings=n, epochs=n * epochs)
        events.add(tx, job_id, "phase", {"phase": Phase.SEARCH})
    for first in range(0, n, BATCH):
        with database.write() as tx:
            more_trials(tx, job_id, min(BATCH, n - first), epochs=epochs, chance=chance)
    return job_id


def more_trials(tx: Tx, job_id: str, n: int, *, epochs: int, chance: random.Random) -> None:
    """``n`` further final trials."""
    settings = [_setting(chance) for _ in range(n)]
    numbers = trials.add(tx, job_id, [NewTrial(Phase.SEARCH, 0, each, 0, epochs) for each in settings])
    reports, ends = [], []
    for number, setting in zip(numbers, settings, strict=True):
        away = abs(math.log10(setting.initial_lr) + 2)
        value = 0.1 + 0.05 * away**2 + chance.expovariate(30)
        for epoch in range(1, epochs + 1):
            loss = value * (1 + 2 / epoch)
            values = {"train_loss": loss * 0.9, "loss": loss}
            reports.append(
                (number, Report(epoch=epoch, step=epoch * 22, lr=setting.initial_lr, values=values))
            )
        diverged = chance.random() < 0.05
        state = TrialState.DIVERGED if diverged else TrialState.COMPLETE
        ends.append((number, state, None if diverged else value))
    trials.report(tx, job_id, reports)
    trials.finish(tx, job_id, ends)
    for number, state, told in ends:
        events.add(tx, job_id, "trial", {"number": number, "state": state, "value": told})


def _setting(chance: random.Random) -> Setting:
    name = chance.choice(DEFAULT_SCHEDULES)
    params = schedules.check(name, {}) | {"warmup": round(chance.random() * 0.1, 4)}
    return Setting(schedule=name, initial_lr=10 ** chance.uniform(-4, 0), params=params)
