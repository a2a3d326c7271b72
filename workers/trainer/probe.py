"""The probe: can lanes be fused without changing a number, does it pay, and how many at once?

Mode and number of lanes change the last bits of a training, and a search amplifies bits. So both follow from
a dry run and a census of the step, which are the same on every run; the clock only reports what they are
worth (docs/decisions/0007-lanes-and-bits.md).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

import torch

from workers.trainer.agreement import disagreement
from workers.trainer.census import Census, Counting
from workers.trainer.lanes import Lanes
from workers.trainer.plain import PlainLane, PlainLanes
from workers.trainer.population import FusedLanes
from workers.trainer.workload import Workload

Clock = Callable[[], float]

MAX_LANES = 64
LARGE_OPERATION = 384 * 1024
"""Bytes. On a CPU, operations that write more than this on average leave nothing to save by fusing: their
own work takes many times what it costs to start them, and K lanes of it no longer fit the caches.
docs/decisions/0007-lanes-and-bits.md has the measurements on both sides of it."""

_CACHED = 2**20
"""Bytes that K lanes of an average operation may write: about what the caches next to a core keep."""

_HELD_BYTES = 2**30
_BYTES_A_WEIGHT = 20
_PLAIN_LANES = 8


@dataclass(frozen=True)
class Plan:
    """How lanes run: the mode, how many at once, why not fused, and lane-steps/s by mode and lanes."""

    mode: Literal["fused", "sequential"]
    lanes: int
    reason: str | None = None
    timings: dict[str, float] = field(default_factory=dict)

    def build(self, workload: Workload) -> Lanes:
        """An empty population of this plan."""
        return FusedLanes(workload) if self.mode == "fused" else PlainLanes(workload)


def probe(workload: Workload, *, clock: Clock) -> Plan:
    """Choose how a workload's lanes run.

    Args:
        clock: Seconds from anywhere; the process's CPU time is steadier than the wall's on a busy CPU.
    """
    census = take_census(workload)
    reason = _why_plain(workload, census)
    plain = {"plain:1": _rate(workload, PlainLanes(workload), 1, clock)}
    if reason is not None:
        return Plan("sequential", _plain_lanes(workload), reason, plain)
    lanes = fused_lanes(workload, census)
    try:
        rate = _rate(workload, FusedLanes(workload), lanes, clock)
    except torch.OutOfMemoryError:
        # Training halves the lanes likewise, and goes on.
        torch.cuda.empty_cache()
        return Plan("fused", lanes, None, plain)
    return Plan("fused", lanes, None, {**plain, f"fused:{lanes}": rate})


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


def _why_plain(workload: Workload, census: Census) -> str | None:
    if workload.row.step == "closure":
        return f"{workload.optimizer} evaluates the loss itself, so lanes run one at a time"
    if workload.device.type == "cpu" and census.mean_written > LARGE_OPERATION:
        size = census.mean_written / 1024
        return (
            f"operations are large (they write {size:.0f} KiB on average): on a CPU fusing would gain nothing"
        )
    return disagreement(workload)


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


def _plain_lanes(workload: Workload) -> int:
    """Plain lanes side by side read each batch once; large models go one by one."""
    weights = sum(p.numel() for p in workload.fresh_model(0).parameters())
    return _PLAIN_LANES if weights * _BYTES_A_WEIGHT * _PLAIN_LANES < _HELD_BYTES else 1
