"""Measures one model in a process of its own: ``python -m benchmarks.engine.measure NAME`` prints JSON."""

from __future__ import annotations

import json
import resource
import statistics
import sys
import time
from typing import Any

import torch

from benchmarks.engine import contenders
from benchmarks.engine.contenders import Contender, here, population, user_loop
from benchmarks.engine.models import SUBJECTS
from lrtune.wire import OptimizerSpec
from workers.protocol import Length
from workers.trainer.compiled import CompiledStep
from workers.trainer.contract import build_workload
from workers.trainer.plain import PlainLanes
from workers.trainer.population import FusedLanes
from workers.trainer.probe import LARGE_OPERATION, probe, take_census
from workers.trainer.workload import Workload

LANES = (1, 8, 64)
FEW = (1, 8)
"""Lanes of the fused, uncompiled populations; fewer where 64 lanes would take gigabytes."""

LONG = Length(epochs=10**9, unit_lanes=8)


def built(name: str) -> Workload:
    """The workload of a model, with AdamW, on the CPU."""
    subject = next(subject for subject in SUBJECTS if subject.name == name)
    torch.manual_seed(0)
    return build_workload(
        subject.task(), optimizer=OptimizerSpec(), batch_size=None, device=torch.device("cpu")
    )


def measure(name: str, *, rounds: int, seconds: float) -> dict[str, Any]:
    """Lane-steps per CPU second of every contender: the median over interleaved rounds."""
    torch.set_num_threads(1)
    subject = next(subject for subject in SUBJECTS if subject.name == name)
    workload = built(name)
    census = take_census(workload)
    small = census.mean_written <= LARGE_OPERATION / 4
    memory = _lane_bytes(workload, 16 if small else 4)
    found: list[Contender] = [
        here("plain", user_loop(workload), seconds=seconds),
        here("engine K=1", population(workload, PlainLanes(workload), 1), seconds=seconds),
    ]
    for lanes in LANES if small else FEW:
        step = population(workload, FusedLanes(workload), lanes)
        found.append(here(f"fused {lanes}", step, lanes, seconds=seconds))
    started = time.process_time()
    found.append(here("plain, compiled", user_loop(workload, compiled=True), seconds=seconds))
    user_compile_s = time.process_time() - started
    started = time.process_time()
    plan = probe(workload, clock=time.process_time, length=LONG)
    compile_s = time.process_time() - started
    outside = None
    if plan.compiled is not None:
        step = population(workload, FusedLanes(workload, plan.compiled), 8)
        found.append(here("chosen", step, 8, seconds=seconds))
        outside = _outside(workload, plan.compiled)
    found.append(contenders.processes(subject, 2, seconds=seconds))
    found.append(contenders.optuna_jobs(workload, 2, seconds=seconds))
    rates: dict[str, list[float]] = {contender.name: [] for contender in found}
    for _ in range(rounds):
        for contender in found:
            steps, cpu = contender.round()
            rates[contender.name].append(steps / cpu)
    # Ratios within a round, so that what slows the machine for a while slows both sides.
    ratios = {
        key: statistics.median(one / plain for one, plain in zip(values, rates["plain"], strict=True))
        for key, values in rates.items()
    }
    return {
        "name": name,
        "title": subject.title,
        "goal": subject.goal,
        "written": census.mean_written,
        "operations": census.operations,
        "choice": plan.choice.model_dump(),
        "reason": plan.reason,
        "plain": statistics.median(rates["plain"]),
        "ratios": ratios,
        "compile_s": compile_s,
        "user_compile_s": user_compile_s,
        "lane_bytes": memory,
        "outside": outside,
    }


def _lane_bytes(workload: Workload, lanes: int) -> float:
    """Peak memory of a fused lane: growth of the process's peak over that of one lane."""
    population(workload, FusedLanes(workload), 1)()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    step = population(workload, FusedLanes(workload), lanes)
    step()
    step()
    return (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024 / (lanes - 1)


def _outside(workload: Workload, compiled: CompiledStep) -> float:
    """Share of a step outside the compiled function: batches, learning rates, Python."""
    lanes = FusedLanes(workload, compiled)
    inside = 0.0
    run = compiled._run

    def timed(*tensors: Any) -> Any:
        nonlocal inside
        begun = time.process_time()
        result = run(*tensors)
        inside += time.process_time() - begun
        return result

    step = population(workload, lanes, compiled.lanes)
    step()
    compiled._run = timed
    begun = time.process_time()
    for _ in range(50):
        step()
    total = time.process_time() - begun
    compiled._run = run
    return 1 - inside / total


if __name__ == "__main__":
    print(json.dumps(measure(sys.argv[1], rounds=int(sys.argv[2]), seconds=float(sys.argv[3]))))
