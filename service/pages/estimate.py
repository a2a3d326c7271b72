"""What a job would cost, as far as that can be told before it runs."""

from __future__ import annotations

import math
from dataclasses import dataclass

from lrtune.planned import cost
from lrtune.wire import JobRequest
from store import Tx, pace


@dataclass(frozen=True)
class Estimate:
    """Trainings and epochs in all, the sweeps' steps apart, and what earlier jobs of the task add to that.

    Attributes:
        trainings: Over all phases.
        epochs: Of all trainings at most: pruning saves some.
        sweep_steps: Optimizer steps of the range test.
        steps: Optimizer steps at most, sweeps included; null before the task's steps are known.
        seconds: At the pace of earlier jobs; null without any.
        jobs: How many earlier jobs that pace is from.
    """

    trainings: int
    epochs: int
    sweep_steps: int
    steps: int | None
    seconds: float | None
    jobs: int


def of(tx: Tx, request: JobRequest) -> Estimate:
    """The estimate of a request, which need not be valid in all its parts."""
    asked = cost(request)
    known = pace.of(tx, request.task.partition("@")[0])
    steps = None
    if known and known.steps_per_epoch and known.batch_size:
        size = request.batch_size or known.batch_size
        steps = asked.steps(math.ceil(known.steps_per_epoch * known.batch_size / size))
    return Estimate(
        trainings=asked.trainings,
        epochs=asked.epochs,
        sweep_steps=asked.sweep_steps,
        steps=steps,
        seconds=known.epoch_s * asked.epochs if known else None,
        jobs=known.jobs if known else 0,
    )
