"""How long it takes to ask for the next trials, by how many there are already."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
import sqlalchemy as sa

from benchmarks.store.filled import submitted
from lrtune.search.study import propose
from lrtune.wire import Phase, SearchSpec, Setting, TrialState
from store import Database, trials
from store.trials import NewTrial

GENERATION = 8
ASKS = 3
KNOWN = 64
"""Different settings among the trials that are there, but for their learning rates."""


@dataclass(frozen=True)
class Decades:
    """A prior of four decades."""

    low: float = 1e-4
    center: float = 1e-2
    high: float = 1.0


def ours(url: str, n: int, sampler: str) -> float:
    """Seconds a trial, in a generation of eight: reads ``n`` trials from the database, and proposes."""
    database, rng = Database(url), np.random.default_rng(0)
    known = propose(SearchSpec(sampler="random"), Decades(), [], KNOWN, 0)
    with database.write() as tx:
        job_id = submitted(tx)
        new = [NewTrial(Phase.SEARCH, i // GENERATION, _near(known[i % KNOWN], rng), 0, 20) for i in range(n)]
        numbers = trials.add(tx, job_id, new)
        trials.finish(tx, job_id, [(k, TrialState.COMPLETE, float(rng.uniform(0.1, 1))) for k in numbers])
    spec = SearchSpec(sampler=sampler)
    took = []
    for ask in range(ASKS):
        began = time.perf_counter()
        with database.read() as tx:
            found = trials.for_job(tx, job_id, curves=True)
        propose(spec, Decades(), found, GENERATION, n // GENERATION + ask)
        took.append((time.perf_counter() - began) / GENERATION)
    database.dispose()
    return sorted(took)[ASKS // 2]


def optuna_rdb(url: str, n: int) -> float:
    """Seconds to ask Optuna's TPE for one trial of two parameters through its RDB storage; a median."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    space: dict[str, optuna.distributions.BaseDistribution] = {
        "initial_lr": optuna.distributions.FloatDistribution(1e-4, 1.0, log=True),
        "min_ratio": optuna.distributions.FloatDistribution(0.0, 0.1),
    }
    storage = optuna.storages.RDBStorage(url)
    study = optuna.create_study(storage=storage, sampler=optuna.samplers.TPESampler(seed=0))
    _fill(storage, study._study_id, space, n)
    took = []
    for _ in range(ASKS):
        began = time.perf_counter()
        study.ask(space)
        took.append(time.perf_counter() - began)
    return sorted(took)[ASKS // 2]


def _fill(storage: Any, study_id: int, space: dict[str, Any], n: int) -> None:
    """Complete trials as Optuna would store them; through ``Study.add_trials`` 10,000 take ten minutes."""
    from optuna.distributions import distribution_to_json
    from optuna.storages._rdb import models
    from optuna.trial import TrialState

    rng, at = np.random.default_rng(0), datetime.now(UTC).replace(tzinfo=None)
    params = {
        "initial_lr": 10 ** rng.uniform(-4, 0, n),
        "min_ratio": rng.uniform(0, 0.1, n),
    }
    finite = models.TrialValueModel.TrialValueType.FINITE
    with storage.engine.begin() as connection:
        connection.execute(
            sa.insert(models.TrialModel),
            [
                {
                    "trial_id": i + 1,
                    "number": i,
                    "study_id": study_id,
                    "state": TrialState.COMPLETE,
                    "datetime_start": at,
                    "datetime_complete": at,
                }
                for i in range(n)
            ],
        )
        for name, values in params.items():
            told = {"param_name": name, "distribution_json": distribution_to_json(space[name])}
            connection.execute(
                sa.insert(models.TrialParamModel),
                [told | {"trial_id": i + 1, "param_value": float(values[i])} for i in range(n)],
            )
        connection.execute(
            sa.insert(models.TrialValueModel),
            [
                {"trial_id": i + 1, "objective": 0, "value": float(rng.uniform(0.1, 1)), "value_type": finite}
                for i in range(n)
            ],
        )
        connection.execute(sa.select(sa.func.setval("trials_trial_id_seq", n)))


def _near(setting: Setting, rng: np.random.Generator) -> Setting:
    return setting.model_copy(update={"initial_lr": float(10 ** rng.uniform(-4, 0))})
