"""A job: the request to tune one task version, and what the server says of it."""

from __future__ import annotations

import math
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, field_validator, model_validator

from lrtune.wire.base import LearningRate, Precision, Request, Resource, Seed
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

BatchSize = Annotated[int, Field(ge=1, le=1_000_000)]
"""Examples that one optimizer step sees."""


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

    name: Annotated[str, Field(description="The torch.optim class in lower case.")] = "adamw"

    @property
    def options(self) -> dict[str, Any]:
        return dict(self.model_extra or {})


class RangeTestSpec(Request):
    """The LR sweep: exponential from ``min_lr`` to ``max_lr``, once per seed.

    ``loss`` is what is recorded along it: the training loss of the next batch, or the loss over a fixed part
    of the validation data. ``batch_sizes`` are swept beside the job's own, to see how the LR grows with the
    batch; ``accumulate`` likewise, as so many of the job's batches whose gradients make one step.
    """

    min_lr: Annotated[LearningRate, Field(description="Where the sweep begins.")] = 1e-7
    max_lr: Annotated[
        LearningRate, Field(description="Where it ends: at least two decades above where it begins.")
    ] = 10.0
    steps_per_decade: Annotated[
        int, Field(ge=5, le=1000, description="Optimizer steps for each factor of ten.")
    ] = 25
    seeds: Annotated[int, Field(ge=2, le=64, description="Sweeps, one a seed.")] = 5
    loss: Annotated[
        Literal["training", "validation"], Field(description="What is recorded along the sweep.")
    ] = "training"
    batch_sizes: Annotated[
        tuple[BatchSize, ...],
        Field(max_length=8, description="Swept too, e.g. [32, 128]: how does the LR grow?"),
    ] = ()
    accumulate: Annotated[
        tuple[Annotated[int, Field(ge=1, le=1024)], ...],
        Field(max_length=8, description="The same for so many batches a step, e.g. [2, 4]."),
    ] = ()

    @field_validator("batch_sizes", "accumulate")
    @classmethod
    def _each_once(cls, value: tuple[int, ...]) -> tuple[int, ...]:
        if len(set(value)) != len(value):
            raise ValueError("a size is named twice")
        return value

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
    def sweeps(self) -> int:
        """How many there are at most: one at the job's own batch size, and one at each that is asked for."""
        return 1 + len(self.batch_sizes) + len(self.accumulate)

    @property
    def steps(self) -> int:
        """Length of the sweep in optimizer steps, both ends included."""
        return round(math.log10(self.max_lr / self.min_lr) * self.steps_per_decade) + 1


class SearchSpec(Request):
    """The search over initial LR × schedule family × its parameters."""

    trials: Annotated[int, Field(ge=1, le=10_000, description="Settings to try.")] = 60
    schedules: Annotated[
        tuple[str, ...], Field(min_length=1, max_length=32, description="Families to search.")
    ] = DEFAULT_SCHEDULES
    sampler: Annotated[str, Field(description="How the search proposes settings.")] = "gp"
    prune: Annotated[bool, Field(description="Stop hopeless trials.")] = True
    stop_early: Annotated[
        bool,
        Field(description="End the search before its last trial, once more would not change the answer."),
    ] = True
    transfer: Annotated[bool, Field(description="Begin with what the team's earlier answers suggest.")] = True
    seed: Annotated[Seed, Field(description="The same seed gives the same trials.")] = 0

    @field_validator("schedules")
    @classmethod
    def _distinct(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(value)) != len(value):
            raise ValueError("a schedule family is named twice")
        return value


class ConfirmSpec(Request):
    """How the finalists are told apart: full horizon, fresh seeds, paired."""

    finalists: Annotated[int, Field(ge=1, le=20, description="Settings to tell apart.")] = 3
    seeds: Annotated[int, Field(ge=2, le=64, description="Fresh seeds each is trained on.")] = 5


class MetricSpec(Request):
    """What a training is judged by, measured on the validation data after the last epoch."""

    name: Annotated[
        str,
        Field(
            min_length=1,
            max_length=100,
            description="`loss`, which is the task's loss, or one of its metrics.",
        ),
    ] = "loss"
    goal: Annotated[Literal["minimize", "maximize"], Field(description="Which of its values is better.")] = (
        "minimize"
    )


class ExternalSpec(Request):
    """What has to be told of a training that stays outside."""

    steps_per_epoch: Annotated[int, Field(ge=1, le=100_000, description="Optimizer steps of an epoch.")]
    default_lr: Annotated[
        LearningRate | None,
        Field(description="The LR used without tuning; the optimizer's own default unless given."),
    ] = None


class JobRequest(Request):
    """Body of ``POST /v1/jobs``. Only ``task`` is required.

    With the mode ``external`` the trials are not trained by workers, but by clients that ask for them; then
    ``task`` names what they train, and ``external`` and ``batch_size`` describe it.
    """

    task: Annotated[
        str, Field(min_length=1, max_length=200, description="A task's name, or `name@3` for a version.")
    ]
    params: Annotated[dict[str, Any], Field(description="The task's parameters.")] = Field(
        default_factory=dict
    )
    optimizer: OptimizerSpec = Field(default_factory=OptimizerSpec)
    epochs: Annotated[int, Field(ge=1, le=10_000, description="Length of a full training.")] = 20
    batch_size: Annotated[
        BatchSize | None,
        Field(description="Examples a step; the task's own unless given."),
    ] = None
    accumulate: Annotated[
        Annotated[int, Field(ge=1, le=1_000_000)] | None,
        Field(description="Micro-batches whose gradients make one step; the task's own unless given."),
    ] = None
    precision: Annotated[
        Precision | None, Field(description="Of the forward pass; the task's own unless given.")
    ] = None
    metric: MetricSpec = Field(default_factory=MetricSpec)
    range_test: RangeTestSpec = Field(default_factory=RangeTestSpec)
    search: SearchSpec = Field(default_factory=SearchSpec)
    confirm: ConfirmSpec = Field(default_factory=ConfirmSpec)
    max_parallel: Annotated[
        Annotated[int, Field(ge=1, le=256)] | None,
        Field(description="Workers that share the job at most; as many as are free unless given."),
    ] = None
    network: Annotated[
        bool,
        Field(
            description="Whether the task may use the network while it trains; the server's operator says "
            "which tasks may ask."
        ),
    ] = False
    priority: Annotated[
        int,
        Field(ge=-10, le=10, description="The higher is claimed first; only admins may go above 0."),
    ] = 0
    mode: Annotated[
        Literal["fused", "external"], Field(description="Who trains: workers, or clients outside.")
    ] = "fused"
    external: Annotated[ExternalSpec | None, Field(description="The training that stays outside.")] = None
    tags: Annotated[tuple[TagName, ...], Field(max_length=20, description="Words to find it by.")] = ()


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
