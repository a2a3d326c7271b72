"""The contenders: functions that search a problem until their ledger is spent."""

from __future__ import annotations

import math
from collections.abc import Callable

import optuna
from optuna.pruners import BasePruner, HyperbandPruner, NopPruner
from optuna.samplers import BaseSampler, CmaEsSampler, GPSampler, RandomSampler, TPESampler
from optuna.trial import TrialState

from benchmarks.search.problems import Problem
from benchmarks.search.runs import BudgetSpent, Ledger
from lrtune.search.optuna_sampler import suggest_point

optuna.logging.set_verbosity(optuna.logging.ERROR)

Contender = Callable[[Ledger, int], None]


def with_optuna(
    sampler: Callable[[int], BaseSampler], pruner: Callable[[Problem], BasePruner] = lambda _: NopPruner()
) -> Contender:
    """Optuna as its users run it: one trial after another, its own best trial as the incumbent.

    While no trial is complete, the incumbent is the pruned one that got furthest (the better of equals).
    A diverged trial is told the worst value there is: told as failed, it would teach the sampler nothing.
    """

    def run(ledger: Ledger, seed: int) -> None:
        problem = ledger.problem
        session = problem.start(seed)
        study = optuna.create_study(sampler=sampler(seed), pruner=pruner(problem))
        best = (math.inf, math.inf)
        while True:
            trial = study.ask()
            training = session.train(suggest_point(problem.space, trial))
            value, state, reached = math.nan, TrialState.COMPLETE, 0
            for epoch, loss in enumerate(training.valid, 1):
                try:
                    ledger.pay(1)
                except BudgetSpent:
                    return
                reached, value = epoch, float(loss)
                if not math.isfinite(value):
                    value, state = 1e6, TrialState.COMPLETE
                    break
                trial.report(value, epoch)
                if epoch < problem.epochs and trial.should_prune():
                    state = TrialState.PRUNED
                    break
            ledger.trials += 1
            study.tell(trial, None if state is TrialState.PRUNED else value, state=state)
            rank = (float(-reached), value)
            if value < 1e6 and rank < best:
                best = rank
                ledger.incumbent(training.key)

    return run


def hyperband(problem: Problem) -> BasePruner:
    return HyperbandPruner(min_resource=1, max_resource=problem.epochs, reduction_factor=3)


CMA_ES = "Optuna CMA-ES"

OPTUNA: dict[str, Contender] = {
    "random": with_optuna(lambda seed: RandomSampler(seed=seed)),
    "Optuna TPE": with_optuna(lambda seed: TPESampler(seed=seed)),
    "Optuna TPE + Hyperband": with_optuna(lambda seed: TPESampler(seed=seed), hyperband),
    CMA_ES: with_optuna(lambda seed: CmaEsSampler(seed=seed, warn_independent_sampling=False)),
    "Optuna GP": with_optuna(lambda seed: GPSampler(seed=seed, warn_independent_sampling=False)),
}
