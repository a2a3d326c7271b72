"""A client of external jobs over the app in process; whenever it rests, a worker plans."""

from __future__ import annotations

import math
from datetime import UTC, datetime

import httpx
import numpy as np

import lrtune
from lrtune.wire import Isolation, Setting
from store import Database, units, workers
from tests.api.conftest import Client
from workers import planning

REQUEST = {
    "task": "outside",
    "mode": "external",
    "external": {"steps_per_epoch": 4, "default_lr": 1e-3},
    "batch_size": 32,
    "epochs": 6,
    "range_test": {"min_lr": 1e-5, "max_lr": 10, "steps_per_decade": 10, "seeds": 2},
    "search": {"trials": 12, "schedules": ["constant", "cosine", "plateau"], "sampler": "tpe"},
    "confirm": {"finalists": 2, "seeds": 2},
}


class Transport(httpx.BaseTransport):
    """The app in process, for a client that is not async."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        answer = self._client.request(
            request.method, str(request.url), headers=dict(request.headers), content=request.read()
        )
        return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)


def alive(database: Database, identity: str = "planner") -> None:
    """Say that a worker lives."""
    with database.write() as tx:
        workers.seen(
            tx,
            id=identity,
            host="here",
            pid=1,
            device="cpu",
            version="0",
            started_at=datetime(2026, 1, 1, tzinfo=UTC),
            lease_s=3600.0,
            isolation=Isolation.PROCESS,
        )


def plan(database: Database) -> int:
    """Do the planning that is due, as a worker does; returns how many steps."""
    for done in range(1000):
        lease = units.claim(database, "planner", lease_s=60)
        if lease is None:
            return done
        assert lease.kind == "plan"
        with units.held(database, lease) as tx:
            view = planning.read(tx, lease.job)
            planning.apply(tx, view, planning.next_step(view))
            units.finish(tx, lease)
    raise AssertionError("planning never ends")


def outside(client: Client, database: Database) -> lrtune.Client:
    """lrtune's own client, over the app."""
    alive(database)

    def rest(seconds: float) -> None:
        plan(database)

    return lrtune.Client("http://localhost:8765", transport=Transport(client), sleep=rest, environ={})


def loss_at(lr: float, seed: int) -> float:
    """A sweep's loss: falls from 1e-3 on, NaN from 1 on."""
    if lr > 1:
        return math.nan
    fall = 1 / (1 + math.exp(-3 * (math.log10(lr) + 2.2)))
    return 2.3 - 1.8 * fall + 0.01 * math.sin(7 * math.log10(lr) + seed)


def final_loss(setting: Setting, seed: int) -> float:
    """A training's loss: a parabola around 1e-2, decay is worth something."""
    if setting.initial_lr > 1:
        return math.nan
    noise = 0.003 * float(np.random.default_rng(seed).normal())
    decay = 0.03 if setting.schedule == "constant" else 0.0
    return 0.1 + 0.05 * (math.log10(setting.initial_lr) + 2) ** 2 + decay + noise


def train(trial: lrtune.LoopTrial) -> list[float]:
    """A training that costs nothing; returns the learning rates that it ran with."""
    rates = []
    for step in range(trial.total_steps):
        rates.append(trial.lr(step))
        told = {"train_loss": loss_at(rates[max(step - 1, 0)], trial.seed) if trial.sweep else 0.5}
        if trial.setting is not None and (step + 1) % trial.steps_per_epoch == 0:
            left = 1 - (step + 1) / trial.total_steps
            told["loss"] = final_loss(trial.setting, trial.seed) + left
        if trial.report(step, **told).stop:
            break
    return rates


__all__ = ["REQUEST", "alive", "loss_at", "outside", "plan", "train"]
