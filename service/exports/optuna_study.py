"""A job as Optuna studies: its search, and its confirmation, for optuna-dashboard and Optuna's own analyses.

Optuna is imported where it is used: it takes longer than everything else a server does until it listens.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import sqlalchemy as sa

from lrtune.schedules import FAMILIES
from lrtune.wire import Job, Phase, Trial, TrialState

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution
    from optuna.storages import BaseStorage

PHASES = (Phase.SEARCH, Phase.CONFIRM)


Read = Callable[[Phase, bool], Iterable[Sequence[Trial]]]
"""Reads a phase's trials in batches, with or without their curves; asked for more than once."""


def database(job: Job, read: Read, path: Path) -> None:
    """Write the studies into a new SQLite file, as ``optuna-dashboard sqlite:///FILE`` opens it."""
    from optuna.storages import RDBStorage

    storage = RDBStorage(f"sqlite:///{path}")

    @sa.event.listens_for(storage.engine, "connect")
    def connect(connection: Any, record: Any) -> None:
        # The file is new and nobody else's: nothing is lost if this process falls, and a trial takes a tenth.
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("PRAGMA journal_mode = MEMORY")

    storage.engine.dispose()
    try:
        _fill(storage, job, read)
    finally:
        storage.engine.dispose()


def journal(job: Job, read: Read, path: Path) -> None:
    """Write the studies into a new file for Optuna's ``JournalFileBackend``."""
    from optuna.storages import JournalStorage
    from optuna.storages.journal import BaseJournalBackend

    class Lines(BaseJournalBackend):
        """The file; what Optuna has read back of it is not kept. It reads each line once, in their order."""

        def __init__(self, file: TextIO) -> None:
            self.file = file
            self.unread: list[dict[str, Any]] = []

        def read_logs(self, log_number_from: int) -> list[dict[str, Any]]:
            found, self.unread = self.unread, []
            return found

        def append_logs(self, logs: list[dict[str, Any]]) -> None:
            for log in logs:
                line = json.dumps(log, separators=(",", ":"))
                self.file.write(f"{line}\n")
                self.unread.append(json.loads(line))

    with path.open("w") as file:
        _fill(JournalStorage(Lines(file)), job, read)


def _fill(storage: BaseStorage, job: Job, read: Read) -> None:
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    for phase in PHASES:
        study = optuna.create_study(
            storage=storage,
            study_name=f"{job.task}@{job.task_version} {job.id} {phase.value}",
            direction=job.request.metric.goal,
        )
        study.set_user_attr("metric", job.request.metric.name)
        study.set_user_attr("lrtune", job.request.model_dump(mode="json"))
        known, distributions = _known(trial for batch in read(phase, False) for trial in batch)
        for batch in read(phase, True):
            mine = [trial for trial in batch if trial.number in known and trial.state.final]
            study.add_trials([_trial(job, trial, distributions) for trial in mine])


def _trial(job: Job, trial: Trial, distributions: Mapping[str, BaseDistribution]) -> Any:
    from optuna.trial import TrialState as State
    from optuna.trial import create_trial

    params = {name: value for name, value in _flat(trial).items() if name in distributions}
    metric = job.request.metric.name
    states = {TrialState.COMPLETE: State.COMPLETE, TrialState.PRUNED: State.PRUNED}
    made = create_trial(
        state=states.get(trial.state, State.FAIL),
        value=trial.value,
        params=params,
        distributions={name: distributions[name] for name in params},
        user_attrs={
            "lrtune_number": trial.number,
            "seed": trial.seed,
            "generation": trial.generation,
            "lrtune_state": trial.state.value,
            **({"label": trial.label} if trial.label else {}),
            **{name: value for name, value in _flat(trial).items() if name not in distributions},
        },
        intermediate_values={report.epoch: _number(report.values.get(metric)) for report in trial.curve},
    )
    # Optuna orders its pictures by these; lrtune keeps the job's only.
    made.datetime_start = _local(job.started_at or job.created_at)
    made.datetime_complete = _local(job.finished_at or job.started_at or job.created_at)
    return made


def _flat(trial: Trial) -> dict[str, Any]:
    """A setting as Optuna's flat parameters: those of a schedule bear its name."""
    named = {f"{trial.schedule}.{name}": value for name, value in trial.params.items()}
    return {"initial_lr": trial.initial_lr, "schedule": trial.schedule, **named}


def _known(trials: Iterable[Trial]) -> tuple[set[int], dict[str, BaseDistribution]]:
    """Numbers of the trials, and a distribution a parameter: what the search looks at, widened to theirs.

    A parameter that Optuna's distributions cannot hold (a list) has none, and becomes a user attribute.
    """
    from optuna.distributions import CategoricalDistribution

    numbers: set[int] = set()
    seen: dict[str, dict[str, Any]] = {}
    for trial in trials:
        numbers.add(trial.number)
        for name, value in _flat(trial).items():
            # Of equal kind and value once: JSON tells 1 from true and 1.0.
            seen.setdefault(name, {})[json.dumps(value)] = value
    found: dict[str, BaseDistribution] = {}
    for name, distinct in seen.items():
        values = list(distinct.values())
        if all(isinstance(v, int | float) and not isinstance(v, bool) for v in values):
            found[name] = _range(name, values)
        elif not any(isinstance(v, list) for v in values):
            found[name] = CategoricalDistribution(sorted(set(values), key=lambda v: (str(type(v)), str(v))))
    return numbers, found


def _range(name: str, values: Sequence[float]) -> BaseDistribution:
    from optuna.distributions import FloatDistribution, IntDistribution

    family, _, param = name.partition(".")
    known = (
        next((p for p in FAMILIES[family].params if p.name == param), None) if family in FAMILIES else None
    )
    low, high = min(values), max(values)
    if known is not None and known.low is not None and known.high is not None:
        low, high = min(low, known.low), max(high, known.high)
    log = (name == "initial_lr" or (known is not None and known.log)) and low > 0
    if all(isinstance(value, int) for value in values) and (known is None or known.kind == "int"):
        return IntDistribution(int(low), int(high), log=log)
    return FloatDistribution(low, high, log=log)


def _number(value: float | None) -> float:
    return math.nan if value is None else value


def _local(at: datetime) -> datetime:
    """Optuna's moments are naive and local."""
    return at.astimezone(UTC).astimezone().replace(tzinfo=None)
