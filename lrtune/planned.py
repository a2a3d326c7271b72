"""What a request asks for in trainings and epochs, as far as it tells before anything has been measured."""

from __future__ import annotations

from typing import NamedTuple

from lrtune.answer import BASELINES
from lrtune.rangetest import PROBE_SEEDS, probe_epochs
from lrtune.rangetest.probes import PROBES
from lrtune.wire import JobRequest, Phase


class Planned(NamedTuple):
    """A phase: its trainings, and the epochs of one of them (0 for a sweep, which counts steps)."""

    trainings: int
    epochs: int


def planned(request: JobRequest) -> dict[Phase, Planned]:
    """Trainings by phase: pruning trains less, and a sweep that must be extended is trained again."""
    contenders = request.confirm.finalists + len(BASELINES)
    return {
        Phase.RANGE_TEST: Planned(request.range_test.seeds * request.range_test.sweeps, 0),
        Phase.PROBES: Planned(PROBES * PROBE_SEEDS, probe_epochs(request.epochs)),
        Phase.SEARCH: Planned(request.search.trials, request.epochs),
        Phase.CONFIRM: Planned(contenders * request.confirm.seeds, request.epochs),
    }


class Cost(NamedTuple):
    """What a job trains at most: pruning and an early end save some of it, an extended sweep adds to it.

    Attributes:
        trainings: Over all phases.
        epochs: Of all trainings together, the sweeps apart.
        sweep_steps: Optimizer steps of the range test.
    """

    trainings: int
    epochs: int
    sweep_steps: int

    def steps(self, steps_per_epoch: int) -> int:
        """Optimizer steps in all."""
        return self.sweep_steps + self.epochs * steps_per_epoch


def cost(request: JobRequest) -> Cost:
    """What the request comes to."""
    phases = planned(request).values()
    return Cost(
        trainings=sum(phase.trainings for phase in phases),
        epochs=sum(phase.trainings * phase.epochs for phase in phases),
        sweep_steps=request.range_test.steps * request.range_test.seeds * request.range_test.sweeps,
    )
