"""Ways to take training steps of one model; each takes a round of steps and tells how many in what time."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable
from dataclasses import dataclass

import optuna
import torch

from benchmarks.engine.models import Subject
from workers.trainer.lanes import Lanes
from workers.trainer.workload import Workload

LR = 1e-3


@dataclass(frozen=True)
class Contender:
    """``round`` takes some steps and returns (lane-steps, CPU seconds)."""

    name: str
    round: Callable[[], tuple[int, float]]


def user_loop(workload: Workload, *, compiled: bool = False) -> Callable[[], None]:
    """The step of the loop a user would write with torch.optim, on shuffled batches of tensors."""
    model = workload.fresh_model(0)
    optimizer = torch.optim.AdamW(model.parameters(), lr=LR)
    called = torch.compile(model) if compiled else model
    inputs, targets = workload.task.train
    batches = torch.split(torch.randperm(len(targets)), workload.batch_size)
    done = 0

    def step() -> None:
        nonlocal done
        rows = batches[done % workload.steps_per_epoch]
        done += 1
        optimizer.zero_grad()
        loss = workload.task.loss(called(inputs[rows]), targets[rows])
        torch.autograd.backward(loss)
        optimizer.step()

    return step


def population(workload: Workload, lanes: Lanes, count: int) -> Callable[[], None]:
    """The step of a population of the engine, batch and all."""
    lanes.add(range(count))
    steps = workload.steps_per_epoch
    feed = workload.train.epoch([(0, 0)] * count, workload.batch_size)
    done = 0

    def step() -> None:
        nonlocal done
        lanes.step(feed.batch(done % steps), [LR] * count)
        done += 1

    return step


def here(name: str, step: Callable[[], None], lanes: int = 1, *, seconds: float) -> Contender:
    """A contender in this process: as many steps as take about ``seconds``, after three to warm up."""
    for _ in range(3):
        step()
    started = time.process_time()
    step()
    count = max(round(seconds / max(time.process_time() - started, 1e-6)), 2)

    def take() -> tuple[int, float]:
        begun = time.process_time()
        for _ in range(count):
            step()
        return count * lanes, time.process_time() - begun

    return Contender(name, take)


def processes(subject: Subject, count: int, *, seconds: float) -> Contender:
    """``count`` processes with a plain loop each, all at once."""

    def take() -> tuple[int, float]:
        context = multiprocessing.get_context("spawn")
        barrier = context.Barrier(count)
        with context.Pool(count, initializer=_meet, initargs=(barrier,)) as pool:
            told = pool.starmap(_alone, [(subject.name, seconds)] * count, chunksize=1)
        return sum(steps for steps, _ in told), sum(cpu for _, cpu in told)

    return Contender(f"{count} processes", take)


def _meet(barrier: object) -> None:
    globals()["_barrier"] = barrier


def _alone(name: str, seconds: float) -> tuple[int, float]:
    from benchmarks.engine.measure import built

    torch.set_num_threads(1)
    contender = here("plain", user_loop(built(name)), seconds=seconds)
    globals()["_barrier"].wait()
    return contender.round()


def optuna_jobs(workload: Workload, jobs: int, *, seconds: float) -> Contender:
    """Optuna's ``n_jobs``: a thread for each trial, each trial a plain loop."""
    probe = here("plain", user_loop(workload), seconds=seconds)
    steps, _ = probe.round()

    def objective(trial: optuna.Trial) -> float:
        trial.suggest_float("lr", 1e-4, 1e-1, log=True)
        step = user_loop(workload)
        for _ in range(steps):
            step()
        return 0.0

    def take() -> tuple[int, float]:
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
        begun = time.process_time()
        study.optimize(objective, n_trials=jobs, n_jobs=jobs)
        return steps * jobs, time.process_time() - begun

    return Contender(f"Optuna n_jobs={jobs}", take)
