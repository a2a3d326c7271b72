"""The training loop: rounds of one epoch for a population that stays full."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Protocol

import torch

from lrtune.wire import Report, Setting, TrialState
from workers.protocol import Continue, Finished, Lane, LaneReport, Reports, Save
from workers.trainer.data import Feed
from workers.trainer.draws import draws, set_draws
from workers.trainer.lanes import Lanes
from workers.trainer.workload import Workload

CHECK_EVERY = 16
"""Steps between looks for diverged lanes: a look waits for the device."""


class Course(Protocol):
    """One training's learning rates, as lrtune.schedules makes them."""

    def lr(self, step: int) -> float: ...

    def epoch_end(self, metric: float) -> None: ...

    def state_dict(self) -> dict[str, Any]: ...

    def load_state_dict(self, state: Mapping[str, Any]) -> None: ...


class Start(Protocol):
    """Begin a course: lrtune.schedules.start."""

    def __call__(self, setting: Setting, *, total_steps: int, steps_per_epoch: int) -> Course: ...


class Run:
    """A lane's training: where it stands."""

    def __init__(self, lane: Lane, start: Start, steps_per_epoch: int) -> None:
        self.number = lane.number
        self.steps_per_epoch = steps_per_epoch
        self.seed = lane.seed
        self.epochs = lane.epochs
        self.course = start(
            lane.setting, total_steps=lane.epochs * steps_per_epoch, steps_per_epoch=steps_per_epoch
        )
        self.epoch = 0
        self.step = 0
        self.values: dict[str, float | None] = {}
        self.lr = 0.0

    @property
    def complete(self) -> bool:
        return self.epoch == self.epochs

    def state(self) -> dict[str, Any]:
        """Where it stands between two epochs."""
        return {"number": self.number, "epoch": self.epoch, "course": self.course.state_dict()}

    def load_state(self, state: Mapping[str, Any]) -> None:
        """Go on from a ``state`` of the same lane."""
        self.epoch = state["epoch"]
        self.step = self.epoch * self.steps_per_epoch
        self.course.load_state_dict(state["course"])

    def report(self) -> LaneReport:
        report = Report(epoch=self.epoch, step=self.step, lr=self.lr, values=self.values)
        return LaneReport(number=self.number, report=report)

    def finished(self, metric: str, *, stopped: bool) -> Finished | None:
        """How the training ended, None if it goes on. Without a finite final value it diverged."""
        if self.complete:
            value = self.values[metric]
            state = TrialState.DIVERGED if value is None else TrialState.COMPLETE
            return Finished(number=self.number, state=state, value=value)
        if stopped:
            return Finished(number=self.number, state=TrialState.PRUNED)
        return None


def train(
    workload: Workload,
    population: Lanes,
    capacity: int,
    lanes: Sequence[Lane],
    metric: str,
    *,
    start: Start,
    finish: Callable[[Finished], None],
    exchange: Callable[[Reports], Continue],
    working: Callable[[str, int, int], None],
    save: Callable[[Save, Callable[[], dict[str, Any]]], None] | None = None,
    resume: Mapping[str, Any] | None = None,
) -> None:
    """Train all lanes, ``capacity`` at once; freed places are taken by the lanes that wait.

    Args:
        finish: Told of each lane that ended.
        exchange: Given a round's reports, answers which lanes to stop.
        working: Told of steps done and to do within a round.
        save: Asked, as the worker's answer to a round has it, to save what it gets from the function: the
            whole state of this order, for ``resume``. Not asked when nothing is left to train.
        resume: Such a state of an order for the same lanes, to go on from.
    """
    waiting = deque(lanes)
    active: list[Run] = []
    if resume is not None:
        asked = {lane.number: lane for lane in lanes}
        capacity, waiting = resume["capacity"], deque(asked[number] for number in resume["waiting"])
        for state in resume["active"]:
            active.append(Run(asked[state["number"]], start, workload.steps_per_epoch))
            active[-1].load_state(state)
        population.load_state(resume["population"])
        set_draws(resume["draws"], workload.device)
    while waiting or active:
        wanted = min(capacity - len(active), len(waiting))
        if wanted > 0:
            admitted = _admit(population, [lane.seed for lane in list(waiting)[:wanted]])
            if admitted < wanted:
                capacity = len(active) + admitted
            while len(active) < population.count:
                active.append(Run(waiting.popleft(), start, workload.steps_per_epoch))
        active = _epoch(workload, population, active, finish, working)
        if not active:
            continue
        _validate(population, active)
        answer = exchange(Reports(rows=[run.report() for run in active]))
        ends = [run.finished(metric, stopped=run.number in answer.stop) for run in active]
        for end in ends:
            if end is not None:
                finish(end)
        active = _keep(population, active, [i for i, end in enumerate(ends) if end is None])
        if save is not None and answer.save is not None and (active or waiting):
            save(answer.save, partial(_state, workload, population, capacity, active, list(waiting)))


def _state(
    workload: Workload, population: Lanes, capacity: int, active: list[Run], waiting: list[Lane]
) -> dict[str, Any]:
    return {
        "capacity": capacity,
        "waiting": [lane.number for lane in waiting],
        "active": [run.state() for run in active],
        "population": population.state(),
        "draws": draws(workload.device),
    }


def _admit(population: Lanes, seeds: Sequence[int]) -> int:
    """Add lanes for these seeds, fewer if they don't fit; returns how many.

    Raises:
        torch.OutOfMemoryError: Not even the first lane fits an empty population.
    """
    count = len(seeds)
    while count:
        try:
            population.add(seeds[:count])
        except torch.OutOfMemoryError:
            torch.cuda.empty_cache()
            if count == 1 and not population.count:
                raise
            count //= 2
        else:
            break
    return count


def _epoch(
    workload: Workload,
    population: Lanes,
    active: list[Run],
    finish: Callable[[Finished], None],
    working: Callable[[str, int, int], None],
) -> list[Run]:
    """Advance every lane by one epoch; returns the lanes that did not diverge."""
    steps = workload.steps_per_epoch
    feed = workload.train.epoch([(run.seed, run.epoch) for run in active], workload.batch_size)
    rates = [[run.course.lr(run.step + i) for i in range(steps)] for run in active]
    totals = torch.zeros(len(active), dtype=torch.float64, device=workload.device)
    for step in range(steps):
        totals += population.step(feed.batch(step), [lane_rates[step] for lane_rates in rates])
        if (step + 1) % CHECK_EVERY == 0 or step + 1 == steps:
            alive = torch.isfinite(totals).nonzero().flatten().tolist()
            if len(alive) < len(active):
                for i in sorted(set(range(len(active))) - set(alive)):
                    finish(Finished(number=active[i].number, state=TrialState.DIVERGED))
                active, rates, totals = _drop(population, feed, active, rates, totals, alive)
                if not active:
                    return []
            working("train", step + 1, steps)
    for run, lane_rates, total in zip(active, rates, totals.tolist(), strict=True):
        run.epoch += 1
        run.step += steps
        run.lr = lane_rates[-1]
        run.values = {"train_loss": total / steps}
    return active


def _drop(
    population: Lanes,
    feed: Feed,
    active: list[Run],
    rates: list[list[float]],
    totals: torch.Tensor,
    alive: list[int],
) -> tuple[list[Run], list[list[float]], torch.Tensor]:
    feed.keep(alive)
    return _keep(population, active, alive), [rates[i] for i in alive], totals[alive]


def _keep(population: Lanes, active: list[Run], index: list[int]) -> list[Run]:
    if len(index) < len(active):
        population.keep(index)
    return [active[i] for i in index]


def _validate(population: Lanes, active: list[Run]) -> None:
    for run, values in zip(active, population.evaluate(), strict=True):
        run.course.epoch_end(values["loss"])
        run.values |= {name: finite(value) for name, value in values.items()}


def finite(value: float) -> float | None:
    """The value, None if it is NaN or infinite."""
    return value if math.isfinite(value) else None
