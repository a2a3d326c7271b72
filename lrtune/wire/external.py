"""Trials of external jobs: what the server and a training that stays outside say to each other."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from lrtune.wire.base import LearningRate, Request, Resource
from lrtune.wire.job import Phase
from lrtune.wire.setting import ParamValue
from lrtune.wire.trial import VALUE_NAME_MAX, VALUES_MAX, TrialState

TRAIN_LOSS = "train_loss"
"""Name of the loss of a training step; the value that every step of a sweep reports."""

LEASE_S = 600.0
STEPS_MOST = 100_000
"""Optimizer steps of the longest external training: its LRs travel one by one."""

Value = Annotated[float, Field(strict=True, allow_inf_nan=False)] | None
Name = Annotated[str, Field(min_length=1, max_length=VALUE_NAME_MAX)]
Token = Annotated[str, Field(pattern=r"^[0-9]{1,18}-[0-9]{1,9}$")]


class TrialAsk(Request):
    """Body of ``POST /v1/jobs/{id}/trials``.

    ``client`` names who asks: its unfinished trial comes back to it. ``lease_s`` is how long it may be silent
    before the trial goes to another. With ``restart`` an unfinished trial begins anew, without its reports.
    """

    client: Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[\x21-\x7e]+$")]
    lease_s: Annotated[float, Field(ge=5, le=7 * 86_400)] = LEASE_S
    restart: bool = False


class ExternalTrial(Resource):
    """A trial in a client's hands.

    A ``sweep`` is a training whose LR rises with every step: it reports each step's ``train_loss``. Any other
    trial reports validation values after each epoch.

    Attributes:
        name: Its name in paths: ``12`` (a trial's number), or ``sweep-34``.
        token: Goes into every report: once the trial is another's, the token is refused.
        lr: The LR of each optimizer step, whole; with ``reactive`` as long as no loss makes it drop: then the
            answer to each report has the LRs of the epoch to come.
        reported: Epochs (of a sweep steps) that were reported already.
    """

    name: str
    number: int | None
    phase: Phase
    sweep: bool
    token: str
    lease_s: float
    seed: int
    epochs: int
    steps_per_epoch: int
    schedule: str | None
    initial_lr: LearningRate
    params: dict[str, ParamValue] = Field(default_factory=dict)
    lr: list[float]
    reactive: bool = False
    reported: list[int] = Field(default_factory=list)


class ExternalReport(Request):
    """What one epoch (from 1 on) or one step of a sweep (from 0 on) gave. Null is NaN or infinite."""

    epoch: Annotated[int, Field(ge=1)] | None = None
    step: Annotated[int, Field(ge=0)] | None = None
    values: Annotated[dict[Name, Value], Field(min_length=1, max_length=VALUES_MAX)]


class ExternalReports(Request):
    """Body of ``POST /v1/jobs/{id}/trials/{n}/reports``. Empty, it says that the client lives."""

    token: Token
    reports: Annotated[list[ExternalReport], Field(max_length=20_000)] = Field(default_factory=list)


class StopReason(StrEnum):
    """Why a trial should stop now.

    ``ended``: it, or its job, has ended. ``lost``: another has it by now (a server says so by the problem
    ``lease_lost``).
    """

    PRUNED = "pruned"
    DIVERGED = "diverged"
    SWEPT = "swept"
    ENDED = "ended"
    LOST = "lost"


class Verdict(Resource):
    """The answer to reports.

    ``reported`` counts the epochs (steps) that are there without a gap. ``lr`` has the LRs of the next
    epoch's steps where the schedule reacts to losses.
    """

    stop: bool
    reason: StopReason | None = None
    reported: int
    lr: list[float] | None = None


class TrialFinish(Request):
    """Body of ``POST /v1/jobs/{id}/trials/{n}/finish``.

    Without ``state`` it follows from the reports. ``released`` hands the trial back unfinished; ``failed``
    fails the job with ``detail``.
    """

    token: Token
    state: Literal["complete", "pruned", "diverged", "released", "failed"] | None = None
    detail: Annotated[str, Field(max_length=2000)] | None = None


class TrialEnd(Resource):
    """How a trial ended; the value of a complete one. ``waiting``: handed back, or its job failed."""

    name: str
    state: TrialState
    value: float | None = None
