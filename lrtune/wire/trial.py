"""A trial: one training at one setting."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from lrtune.wire.base import Resource
from lrtune.wire.job import Phase
from lrtune.wire.setting import ParamValue, Setting

VALUES_MAX = 64
"""Values of one report: the losses and the metrics."""

VALUE_NAME_MAX = 100
"""Characters of a metric's name."""


class TrialState(StrEnum):
    """Where a trial stands; ``diverged`` (NaN or infinite loss) is a result, not an error."""

    WAITING = "waiting"
    RUNNING = "running"
    COMPLETE = "complete"
    PRUNED = "pruned"
    DIVERGED = "diverged"

    @property
    def final(self) -> bool:
        return self in (TrialState.COMPLETE, TrialState.PRUNED, TrialState.DIVERGED)


class Report(Resource):
    """One trial after one epoch.

    ``values`` holds ``train_loss``, ``loss`` (validation) and the task's metrics.
    ``epoch`` counts from 1 (epochs finished); ``step`` is the number of optimizer steps done; ``lr`` is the
    LR of the last step. A value that is NaN or infinite is null.
    """

    epoch: int
    step: int
    lr: float
    values: dict[str, float | None]


class Trial(Resource):
    """An item of ``GET /v1/jobs/{id}/trials``.

    ``value`` is the job's metric after the last epoch, null unless ``complete``. ``curve`` is one report per
    epoch, oldest first.
    """

    number: int
    phase: Phase
    generation: int = 0
    state: TrialState
    schedule: str
    initial_lr: float
    params: dict[str, ParamValue] = Field(default_factory=dict)
    seed: int
    epochs: int
    label: str | None = None
    value: float | None = None
    curve: list[Report] = Field(default_factory=list)

    @property
    def setting(self) -> Setting:
        return Setting(schedule=self.schedule, initial_lr=self.initial_lr, params=self.params)
