"""A job: the request to tune one task version, and what the server says of it."""

from __future__ import annotations

import math
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, field_validator, model_validator

from lrtune.wire.base import LearningRate, Request, Resource, Seed
from lrtune.wire.label import TagName

DEFAULT_SCHEDULES = (
    "constant",
    "linear",
    "step",
    "exponential",
    "inverse_time",
    "polynomial",
    "cosine",
    "one_cycle",
    "plateau",
)


class JobState(StrEnum):
    """Where a job stands; the last three are final."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def final(self) -> bool:
        return self in (JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELLED)


class Phase(StrEnum):
    """What a job is doing, in this order."""

    RANGE_TEST = "range_test"
    PROBES = "probes"
    SEARCH = "search"
    CONFIRM = "confirm"


class OptimizerSpec(Request):
    """An optimizer by its lower-case torch.optim name, and its options beside it.

    Options are the constructor arguments of that class except the LR, e.g. ``{"name": "sgd",
    "momentum": 0.9, "nesterov": true}``. ``lrtune.optimizers.check`` validates name and options.
    """

    model_config = ConfigDict(extra="allow")

    name: str = "adamw"

    @property
    def options(self) -> dict[str, Any]:
        return dict(self.model_extra or {})


class RangeTestSpec(Request):
    """The LR sweep: exponential from ``min_lr`` to ``max_lr``, once per seed."""

    min_lr: LearningRate = 1e-7
    max_lr: LearningRate = 10.0
    steps_per_decade: Annotated[int, Field(ge=5, le=1000)] = 25
    seeds: Annotated[int, Field(ge=2, le=64)] = 5

    @model_validator(mode="after")
    def _wide_enough(self) -> RangeTestSpec:
        if self.min_lr >= self.max_lr:
            raise ValueError(
                f"the sweep's min_lr ({self.min_lr:g}) must be below its max_lr ({self.max_lr:g})"
            )
        decades = math.log10(self.max_lr / self.min_lr)
        if decades < 2:
            raise ValueError(
                f"the sweep spans {decades:.2g} decades, too narrow to see a rise and a divergence: "
                "give at least 2 decades, e.g. 1e-7 to 10"
            )
        return self

    @property
    def steps(self) -> int:
        """Length of the sweep in optimizer steps, both ends included."""
        return round(math.log10(self.max_lr / self.min_lr) * self.steps_per_decade) + 1


class SearchSpec(Request):
    """The search over initial LR × schedule family × its parameters.

    ``prune`` stops hopeless trials. ``stop_early`` ends the search before its last trial, once more trials
    would not change the answer. ``transfer`` begins with what the team's earlier answers suggest.
    """

    trials: Annotated[int, Field(ge=1, le=10_000)] = 60
    schedules: Annotated[tuple[str, ...], Field(min_length=1, max_length=32)] = DEFAULT_SCHEDULES
    sampler: str = "gp"
    prune: bool = True
    stop_early: bool = True
    transfer: bool = True
    seed: Seed = 0

    @field_validator("schedules")
    @classmethod
    def _distinct(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(value)) != len(value):
            raise ValueError("a schedule family is named twice")
        return value


class ConfirmSpec(Request):
    """How the finalists are told apart: full horizon, fresh seeds, paired."""

    finalists: Annotated[int, Field(ge=1, le=20)] = 3
    seeds: Annotated[int, Field(ge=2, le=64)] = 5


class MetricSpec(Request):
    """What a training is judged by, measured on the validation data after the last epoch.

    ``loss`` is the task's loss; any other name is one of the task's metrics.
    """

    name: Annotated[str, Field(min_length=1, max_length=100)] = "loss"
    goal: Literal["minimize", "maximize"] = "minimize"


class ExternalSpec(Request):
    """What has to be told of a training that stays outside.

    ``default_lr`` is the LR that it would use without tuning; the optimizer's own default when None.
    """

    steps_per_epoch: Annotated[int, Field(ge=1, le=100_000)]
    default_lr: LearningRate | None = None


class JobRequest(Request):
    """Body of ``POST /v1/jobs``. Only ``task`` is required.

    Units of a job with a higher ``priority`` are claimed before all others; only admins may raise it above 0.

    ``network`` asks that the task may use the network while it trains; the server's operator says which
    tasks may ask (docs/security.md).

    With the mode ``external`` the trials are not trained by workers, but by clients that ask for them; then
    ``task`` names what they train, and ``external`` and ``batch_size`` describe it.
    """

    task: Annotated[str, Field(min_length=1, max_length=200)]
    params: dict[str, Any] = Field(default_factory=dict)
    optimizer: OptimizerSpec = Field(default_factory=OptimizerSpec)
    epochs: Annotated[int, Field(ge=1, le=10_000)] = 20
    batch_size: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    metric: MetricSpec = Field(default_factory=MetricSpec)
    range_test: RangeTestSpec = Field(default_factory=RangeTestSpec)
    search: SearchSpec = Field(default_factory=SearchSpec)
    confirm: ConfirmSpec = Field(default_factory=ConfirmSpec)
    max_parallel: Annotated[int, Field(ge=1, le=256)] | None = None
    network: bool = False
    priority: Annotated[int, Field(ge=-10, le=10)] = 0
    mode: Literal["fused", "external"] = "fused"
    external: ExternalSpec | None = None
    tags: Annotated[tuple[TagName, ...], Field(max_length=20)] = ()


class Progress(Resource):
    """Trainings done out of those planned, over all phases; ``eta_s`` is null until it can be told.

    Trainings that share a population end together, so their number moves in jumps: ``share`` and
    ``phase_share`` are the part of the epochs that is done, from 0 to 1, and move with every epoch.
    """

    done: int = 0
    total: int = 0
    share: float = 0.0
    phase_done: int = 0
    phase_total: int = 0
    phase_share: float = 0.0
    eta_s: float | None = None


class JobError(Resource):
    """Why a job failed: a stable code, a sentence, the remedy; the user's file, line and traceback if any."""

    code: str
    detail: str
    remedy: str | None = None
    file: str | None = None
    line: int | None = None
    traceback: str | None = None


class BestSoFar(Resource):
    """The best completed search trial so far; a hypothesis until confirmed."""

    number: int
    schedule: str
    initial_lr: float
    value: float


class Job(Resource):
    """A job as ``GET /v1/jobs/{id}`` shows it; ``author`` is null if it was submitted without accounts."""

    id: str
    author: str | None = None
    task: str
    task_version: int
    task_digest: str
    state: JobState
    phase: Phase | None
    progress: Progress
    best: BestSoFar | None = None
    request: JobRequest
    error: JobError | None = None
    created_at: datetime
    started_at: datetime | None = None
    finished_at: datetime | None = None
    tags: list[str] = Field(default_factory=list)
    note: str | None = None
    archived_at: datetime | None = None
