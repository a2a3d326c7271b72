"""The probe: how do lanes run fastest without changing a number, and how many at once?

How lanes run changes the last bits of a training, and a search amplifies bits. So it follows from a dry run,
a census of the step and the length of the job, which are the same on every run; the clock only reports what
the choice is worth (docs/decisions/0007-lanes-and-bits.md and its successor).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import torch

from workers.protocol import Choice, Length, Mode
from workers.trainer.agreement import disagreement
from workers.trainer.census import Census, Counting
from workers.trainer.compiled import CompiledStep
from workers.trainer.lanes import Lanes
from workers.trainer.plain import PlainLane, PlainLanes
from workers.trainer.population import FusedLanes
from workers.trainer.tracing import NotCompiled
from workers.trainer.workload import Workload

Clock = Callable[[], float]

MAX_LANES = 64
LARGE_OPERATION = 384 * 1024
"""Bytes. On a CPU, operations that write more than this on average leave nothing to save by fusing: their
own work takes many times what it costs to start them, and K lanes of it no longer fit the caches.
docs/decisions/0007-lanes-and-bits.md has the measurements on both sides of it."""

SMALL_OPERATION = 16 * 1024
"""Bytes. On a CPU, a compiled step of several lanes pays where operations write less than this on average: a
single compiled lane has no starting costs left to save, and its data stays in the caches."""

_CACHED = 2**20
"""Bytes that K lanes of an average operation may write: about what the caches next to a core keep."""

_HELD_BYTES = 2**30
_BYTES_A_WEIGHT = 20
_PLAIN_LANES = 8


@dataclass(frozen=True)
class Plan:
    """How lanes run, how many at once, why so, and lane-steps/s by mode and lanes.

    ``compiled`` is the compiled step of a chunk of lanes: of all lanes (``fused``) or of one.
    """

    mode: Mode
    lanes: int
    reason: str | None = None
    timings: dict[str, float] = field(default_factory=dict)
    compiled: CompiledStep | None = None

    @property
    def choice(self) -> Choice:
        """The plan as other children of the job follow it."""
        return Choice(mode=self.mode, lanes=self.lanes, compiled=self.compiled is not None)

    def build(self, workload: Workload) -> Lanes:
        """An empty population of this plan."""
        if self.mode == "fused" or self.compiled is not None:
            return FusedLanes(workload, self.compiled)
        return PlainLanes(workload)


def probe(workload: Workload, *, clock: Clock, length: Length, choice: Choice | None = None) -> Plan:
    """Choose how a workload's lanes run.

    Args:
        clock: Seconds from anywhere; the process's CPU time is steadier than the wall's on a busy CPU.
        length: How much the job will train, which decides whether compiling pays.
        choice: As another child of the job chose; it is followed as far as this machine can.
    """
    census = take_census(workload)
    if choice is None:
        plan = _choose(workload, census, length)
        return _timed(workload, plan, clock)
    if not choice.compiled:
        return Plan(choice.mode, choice.lanes)
    try:
        chunk = choice.lanes if choice.mode == "fused" else 1
        return Plan(choice.mode, choice.lanes, compiled=CompiledStep(workload, chunk))
    except NotCompiled as why:
        return Plan(choice.mode, choice.lanes, f"steps are not compiled: {why}")


def _choose(workload: Workload, census: Census, length: Length) -> Plan:
    if workload.row.step == "closure":
        reason = f"{workload.optimizer} evaluates the loss itself, so lanes run one at a time"
        return Plan("sequential", plain_lanes(workload), reason)
    if workload.task.precision == "fp16":
        reason = "each lane scales its own losses in fp16, so lanes run one at a time"
        return Plan("sequential", plain_lanes(workload), reason)
    why_not = None
    if compiling_pays(workload, census, length):
        try:
            return _compiled(workload, census, length)
        except NotCompiled as why:
            why_not = f"steps are not compiled: {why}"
    if workload.device.type == "cpu" and census.mean_written > LARGE_OPERATION:
        size = f"{census.mean_written / 1024:.0f} KiB on average"
        reason = f"operations are large (they write {size}): on a CPU fusing would gain nothing"
    else:
        different = disagreement(workload)
        if different is None:
            return Plan("fused", fused_lanes(workload, census), why_not)
        reason = different
    return Plan("sequential", plain_lanes(workload), "; ".join(filter(None, [reason, why_not])))


def _compiled(workload: Workload, census: Census, length: Length) -> Plan:
    """The plan with a compiled step: of all lanes of a unit where operations are small, else of one lane.

    Raises:
        NotCompiled: It can't be, or its numbers are others than plain lanes'.
    """
    small = census.mean_written <= SMALL_OPERATION
    reason = None if small else "one compiled training at a time is faster than several fused"
    if small:
        reason = disagreement(workload)
    chunk = 1 if reason else min(fused_lanes(workload, census), length.unit_lanes)
    compiled = CompiledStep(workload, chunk)
    different = disagreement(workload, compiled)
    if different is not None:
        raise NotCompiled(different)
    if chunk > 1:
        return Plan("fused", chunk, compiled=compiled)
    return Plan("sequential", plain_lanes(workload), reason, compiled=compiled)


def compiling_pays(workload: Workload, census: Census, length: Length) -> bool:
    """Whether a compiled step saves the job at least twice the time that compiling takes.

    Both are estimates from the census, low for the gain and high for the cost, so that no clock has a say:
    what was measured is in docs/decisions.
    """
    operations = census.operations * workload.task.accumulate
    if workload.device.type != "cpu" or operations > _COMPILE_OPERATIONS:
        return False
    saved_s = census.operations * (_SAVED_S + census.mean_written / _SAVED_BYTES_A_S)
    cost_s = _COMPILE_S + _COMPILE_OPERATION_S * operations
    return length.epochs * workload.steps_per_epoch * saved_s > 2 * cost_s


_SAVED_S = 7e-6
_SAVED_BYTES_A_S = 10e9
"""What an operation of a step that is not compiled costs more: starting it, and writing its result."""

_COMPILE_S = 3.0
_COMPILE_OPERATION_S = 0.25
"""What compiling costs, and for each operation of the plain step."""

_COMPILE_OPERATIONS = 2000
"""A step of more operations would take many minutes to compile."""


def _timed(workload: Workload, plan: Plan, clock: Clock) -> Plan:
    """The plan with lane-steps/s: of a plain lane, and of the plan's population."""
    timings = {"plain:1": _rate(workload, PlainLanes(workload), 1, clock)}
    lanes = 1 if plan.mode == "sequential" else plan.lanes
    if plan.mode == "fused" or plan.compiled is not None:
        name = f"{'compiled' if plan.compiled else 'fused'}:{lanes}"
        try:
            timings[name] = _rate(workload, plan.build(workload), lanes, clock)
        except torch.OutOfMemoryError:
            # Training halves the lanes likewise, and goes on.
            torch.cuda.empty_cache()
    return replace(plan, timings=timings)


def fused_lanes(workload: Workload, census: Census) -> int:
    """How many lanes at once: the largest power of two that pays and fits.

    On a CPU lane-steps/s rise with the lanes until an operation of all lanes outgrows the caches.
    """
    lanes = MAX_LANES
    while lanes > 2 and not (_fits(workload, census, lanes) and _cached(workload, census, lanes)):
        lanes //= 2
    return lanes


def _cached(workload: Workload, census: Census, lanes: int) -> bool:
    return workload.device.type != "cpu" or lanes <= 4 or lanes * census.mean_written <= _CACHED


def take_census(workload: Workload) -> Census:
    """The census of one plain training step, forward and backward."""
    lane = PlainLane(workload, 0)
    inputs, targets = workload.train.epoch([(0, 0)], workload.batch_size).batch(0).lane(0)
    counting = Counting()
    with counting:
        torch.autograd.backward(lane.loss(inputs, targets))
    return counting.census()


def _fits(workload: Workload, census: Census, lanes: int) -> bool:
    weights = sum(p.numel() for p in workload.fresh_model(0).parameters())
    needed = lanes * (census.written + _BYTES_A_WEIGHT * weights)
    if workload.device.type == "cuda":
        return bool(needed < 0.8 * torch.cuda.mem_get_info(workload.device)[0])
    return needed < _HELD_BYTES


def _rate(workload: Workload, population: Lanes, lanes: int, clock: Clock) -> float:
    """Lane-steps per second: the better of three steps, after one to warm up."""
    population.add([0] * lanes)
    feed = workload.train.epoch([(0, 0)] * lanes, workload.batch_size)
    batch = feed.batch(0)
    times = []
    for _ in range(4):
        started = clock()
        population.step(batch, [workload.row.default_lr] * lanes)
        if workload.device.type == "cuda":
            torch.cuda.synchronize(workload.device)
        times.append(clock() - started)
    return lanes / max(min(times[1:]), 1e-9)


def plain_lanes(workload: Workload) -> int:
    """Plain lanes side by side read each batch once; large models go one by one."""
    weights = sum(p.numel() for p in workload.fresh_model(0).parameters())
    return _PLAIN_LANES if weights * _BYTES_A_WEIGHT * _PLAIN_LANES < _HELD_BYTES else 1
