"""The answer: the confirmed settings with their evidence."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from lrtune.wire.base import Interval, Resource
from lrtune.wire.setting import ParamValue, Setting


class ScheduleChoice(Resource):
    """A schedule family and its horizon-relative parameters.

    ``function`` is where the function of a task's own schedule is imported from, ``module:function``; null
    for our families and for a function without a name to import it by.
    """

    family: str
    params: dict[str, ParamValue] = Field(default_factory=dict)
    function: str | None = None


class Estimate(Resource):
    """The job's metric at full horizon over fresh seeds: mean and its 95 % interval."""

    name: str
    goal: str
    mean: float
    low: float
    high: float
    seeds: int


class Contender(Resource):
    """A finalist or a baseline as it did on the confirm seeds.

    ``gain`` is the paired mean by which the answer is better than this contender (positive: better, in the
    metric's unit), with its 95 % interval. All null if it diverged on a seed.
    """

    name: str
    setting: Setting
    mean: float | None
    low: float | None
    high: float | None
    diverged: int = 0
    gain: float | None = None
    gain_low: float | None = None
    gain_high: float | None = None


class StoppedEarly(Resource):
    """A search that ended before its last trial, since more would not have changed the answer.

    ``saved_full_runs``: what the trials left out would have cost, each like the mean of the others.
    """

    trials: int
    asked: int
    saved_full_runs: float


class Provenance(Resource):
    """What was measured, and with what: an answer holds for these and no others."""

    task: str
    task_version: int
    task_digest: str
    params: dict[str, Any]
    optimizer: dict[str, Any]
    batch_size: int
    epochs: int
    steps_per_epoch: int
    precision: str
    accumulate: int = 1
    device: str
    versions: dict[str, str]


class Answer(Resource):
    """Body of ``GET /v1/jobs/{id}/answer``.

    ``safe_band`` is the LR interval around ``initial_lr`` whose loss stays within one standard error of the
    best; ``initial_lr_interval`` is the 95 % interval of the best LR itself. ``verdict`` says in one or two
    sentences what to do and what it beats, or that it beats nothing. ``stopped_early`` is null where
    the search trained all its trials.
    """

    initial_lr: float
    initial_lr_interval: Interval
    safe_band: Interval
    schedule: ScheduleChoice
    metric: Estimate
    verdict: str
    beats_default: bool
    baselines: list[Contender]
    finalists: list[Contender]
    importances: dict[str, float] = Field(default_factory=dict)
    warnings: list[str] = Field(default_factory=list)
    cost_full_runs: float
    stopped_early: StoppedEarly | None = None
    provenance: Provenance


class Difference(Resource):
    """Something in which a measured situation differs from the one asked for.

    ``what`` is ``batch_size``, ``epochs``, ``params/NAME``, ``optimizer/OPTION``, ``task_version`` or
    ``precision``; ``distance`` its share of the whole distance, in doublings of the LR (``lrtune.nearness``);
    ``warning`` says what it may mean.
    """

    what: str
    asked: Any
    measured: Any
    distance: float
    warning: str


class BestAnswer(Resource):
    """An item of ``GET /v1/best``: an answer, the job that measured it, and how far it lies from what was
    asked for."""

    job: str
    answer: Answer
    distance: float = 0.0
    differences: list[Difference] = Field(default_factory=list)

    @property
    def warnings(self) -> list[str]:
        """What differs from what was asked for, in sentences."""
        return [each.warning for each in self.differences]
