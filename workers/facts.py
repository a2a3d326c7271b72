"""What a trainer child told of a task when it loaded it, kept with the job for planning and provenance."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import Field

from lrtune.optimizers import OPTIMIZERS
from lrtune.schedules import FAMILIES, Family, FamilyRow
from lrtune.wire import JobRequest, Resource
from store import Tx, jobs
from workers.protocol import Choice, Loaded


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
    compiled: bool = False
    reason: str | None
    timings: dict[str, float]
    device: str
    precision: str
    schedules: list[FamilyRow] = Field(default_factory=list)
    accumulate: int = 1
    versions: dict[str, str]

    @property
    def choice(self) -> Choice:
        """How the job's lanes run."""
        return Choice.model_validate(self.model_dump(include=set(Choice.model_fields)))

    @property
    def families(self) -> Mapping[str, Family]:
        """The schedule families of the job: ours, and the task's own."""
        return {**FAMILIES, **{row.name: row.family() for row in self.schedules}}


def of(loaded: Loaded) -> Facts:
    """The facts in a child's reply."""
    return Facts.model_validate(loaded.model_dump(exclude={"type", "memory"}))


def external(request: JobRequest) -> Facts:
    """The facts of a training that stays outside, as far as its job tells them."""
    if request.external is None or request.batch_size is None:
        raise ValueError("an external job tells its steps per epoch and its batch size")
    default_lr = request.external.default_lr
    return Facts(
        steps_per_epoch=request.external.steps_per_epoch,
        batch_size=request.batch_size,
        train_size=request.external.steps_per_epoch * request.batch_size,
        valid_size=0,
        metrics=[],
        parameters=0,
        default_lr=OPTIMIZERS[request.optimizer.name].default_lr if default_lr is None else default_lr,
        mode="external",
        lanes=1,
        reason=None,
        timings={},
        device="external",
        precision=request.precision or "external",
        versions={},
    )


def facts(tx: Tx, job_id: str) -> Facts | None:
    """The facts kept with a job."""
    found = jobs.engine(tx, job_id)
    return None if found is None else Facts.model_validate(found)
