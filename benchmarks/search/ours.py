"""lrtune's own search as a contender: generations, its samplers and its pruner, as a job runs them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from benchmarks.search.contenders import Contender
from benchmarks.search.problems import Problem, Training
from benchmarks.search.runs import BudgetSpent, Ledger
from lrtune.search.evidence import Evidence
from lrtune.search.generations import FIRST, SIZE
from lrtune.search.proposers import propose_points
from lrtune.search.pruner import NEVER, Pruner, bars
from lrtune.search.space import Point
from lrtune.search.study import begin_with


def with_lrtune(
    sampler: str,
    *,
    prune: bool = True,
    earlier: Callable[[Problem], Sequence[Point]] = lambda problem: (),
) -> Contender:
    """A job's search: a generation is proposed from the finished ones alone, and pruned by them alone.

    ``earlier`` gives the points that earlier answers told, as ``search.transfer`` does.
    """

    def run(ledger: Ledger, seed: int) -> None:
        problem = ledger.problem
        session = problem.start(seed)
        found: list[Evidence] = []
        best = (math.inf, math.inf)
        generation = 0
        while True:
            rng = np.random.default_rng([seed, generation])
            points = propose_points(sampler, problem.space, found, SIZE if generation else FIRST, rng)
            judge = bars([e.curve for e in found], problem.epochs) if prune else NEVER
            if not generation:
                points = begin_with(earlier(problem), points)
            done = []
            for point in points:
                training = session.train(point)
                try:
                    item = _train(ledger, point, training, judge)
                except BudgetSpent:
                    return
                done.append(item)
                reached = len(item.curve) - (1 if item.diverged else 0)
                rank = (float(-reached), item.curve[reached - 1] if reached else math.inf)
                if not item.diverged and rank < best:
                    best = rank
                    ledger.incumbent(training.key)
            found += done
            generation += 1

    return run


def _train(ledger: Ledger, point: Point, training: Training, judge: Pruner) -> Evidence:
    curve: list[float] = []
    epochs = ledger.problem.epochs
    for epoch, loss in enumerate(training.valid, 1):
        ledger.pay(1)
        curve.append(float(loss))
        if not math.isfinite(curve[-1]):
            return _evidence(ledger, point, math.inf, curve)
        if epoch < epochs and judge.stop(curve):
            return _evidence(ledger, point, None, curve)
    return _evidence(ledger, point, curve[-1], curve)


def _evidence(ledger: Ledger, point: Point, value: float | None, curve: list[float]) -> Evidence:
    ledger.trials += 1
    return Evidence(ledger.trials - 1, point, value, tuple(curve), ledger.problem.epochs)
