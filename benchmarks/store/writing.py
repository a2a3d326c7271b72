"""Trials written a second, with a report an epoch, against Optuna's storages."""

from __future__ import annotations

import multiprocessing
import random
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from benchmarks.store import crowd
from benchmarks.store.filled import job_with_trials
from lrtune.wire import Report, TrialState
from store import Database, trials, units

WORKERS = 16
EPOCHS = 20
LANES = 8
"""Trials that our worker trains side by side, and reports together."""


def ours(url: str, *, lanes: int, seconds: float, available: int) -> float:
    """Trials a second by 16 workers that claim, start, report 20 times, finish; fenced each time."""
    job_with_trials(url, available // lanes, lanes=lanes, epochs=EPOCHS)
    return crowd.run(train, url, processes=WORKERS, threads=1, seconds=seconds)


def train(url: str, worker: int) -> Iterator[float]:
    database = Database(url)
    database.ping()
    yield 0
    while True:
        lease = units.claim(database, f"w{worker}", lease_s=3600)
        if lease is None:
            raise RuntimeError("there were not enough units")
        numbers = lease.payload["numbers"]
        with units.held(database, lease) as tx:
            trials.start(tx, lease.job, numbers)
        for epoch in range(1, EPOCHS + 1):
            with units.held(database, lease) as tx:
                trials.report(tx, lease.job, [(number, _report(epoch)) for number in numbers])
            yield len(numbers) / (EPOCHS + 1)
        with units.held(database, lease) as tx:
            trials.finish(
                tx, lease.job, [(number, TrialState.COMPLETE, random.random()) for number in numbers]
            )
            units.finish(tx, lease)
        yield len(numbers) / (EPOCHS + 1)


def _report(epoch: int) -> Report:
    values = {"train_loss": random.random(), "loss": random.random(), "accuracy": random.random()}
    return Report(epoch=epoch, step=22 * epoch, lr=1e-3, values=dict(values))


def optuna_storage(url: str, *, seconds: float) -> float:
    """Trials a second by 16 workers that ask, report 20 times and tell, through Optuna.

    Args:
        url: A database's URL for its RDB storage, ``journal:FILE`` for its journal, or what ``proxy`` gives.
    """
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    optuna.create_study(storage=_storage(url), study_name="bench")
    return crowd.run(ask_and_tell, url, processes=WORKERS, threads=1, seconds=seconds)


def ask_and_tell(url: str, worker: int) -> Iterator[float]:
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.load_study(
        study_name="bench", storage=_storage(url), sampler=optuna.samplers.RandomSampler(seed=worker)
    )
    yield 0
    while True:
        trial = study.ask()
        trial.suggest_float("initial_lr", 1e-5, 1.0, log=True)
        trial.suggest_float("min_ratio", 0.0, 0.1)
        for epoch in range(1, EPOCHS + 1):
            trial.report(random.random(), epoch)
            yield 1 / (EPOCHS + 1)
        study.tell(trial, random.random())
        yield 1 / (EPOCHS + 1)


@cache
def _storage(url: str) -> Any:
    import optuna
    from optuna.storages.journal import JournalFileBackend

    if url.startswith("grpc:"):
        return optuna.storages.GrpcStorageProxy(host="localhost", port=int(url.removeprefix("grpc:")))
    if url.startswith("journal:"):
        file = JournalFileBackend(url.removeprefix("journal:"))
        return optuna.storages.JournalStorage(file)
    return optuna.storages.RDBStorage(
        url, engine_kwargs={"connect_args": {"timeout": 60}} if "sqlite" in url else {}
    )


@contextmanager
def proxy(url: str) -> Iterator[str]:
    """Optuna's gRPC proxy over its RDB storage at ``url``, in a process of its own; the URL of the proxy."""
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = free.getsockname()[1]
    server = multiprocessing.get_context("spawn").Process(target=_serve, args=(url, port), daemon=True)
    server.start()
    try:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            with socket.socket() as tried:
                if tried.connect_ex(("localhost", port)) == 0:
                    break
            time.sleep(0.1)
        yield f"grpc:{port}"
    finally:
        server.kill()
        server.join()


def _serve(url: str, port: int) -> None:
    import optuna

    optuna.storages.run_grpc_proxy_server(_storage(url), host="localhost", port=port)
