"""What a trainer child told of a task when it loaded it, kept with the job for planning and provenance."""

from __future__ import annotations

from lrtune.wire import Resource
from store import Tx, jobs
from workers.protocol import Loaded


class Facts(Resource):
    """The task as it trains: sizes, the optimizer's default LR, how lanes run and on what."""

    steps_per_epoch: int
    batch_size: int
    train_size: int
    valid_size: int
    metrics: list[str]
    parameters: int
    default_lr: float
    mode: str
    lanes: int
    reason: str | None
    timings: dict[str, float]
    device: str
    precision: str
    versions: dict[str, str]


def of(loaded: Loaded) -> Facts:
    """The facts in a child's reply."""
    return Facts.model_validate(loaded.model_dump(exclude={"type"}))


def facts(tx: Tx, job_id: str) -> Facts | None:
    """The facts kept with a job."""
    found = jobs.engine(tx, job_id)
    return None if found is None else Facts.model_validate(found)
