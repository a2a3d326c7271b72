"""The page of the search benchmark."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from benchmarks.search.problems import Problem

FloatArray = NDArray[np.float64]

REACH = 0.05
"""The regret whose first reaching is timed."""

GRIDS, TASKSET = "Recorded grids", "TaskSet"
GROUPS = (GRIDS, TASKSET)
RIVAL = "Optuna TPE + Hyperband"


class Scores:
    """Regret of each contender on each table: shape (seeds, full runs spent)."""

    def __init__(self, problems: Sequence[Problem], budgets: Sequence[int], seeds: int) -> None:
        self.tables = [problem.name for problem in problems]
        self.budgets = list(budgets)
        self.seeds = seeds
        self._runs: dict[str, dict[str, FloatArray]] = {}

    def add(self, contender: str, table: str, runs: FloatArray) -> None:
        """Take in the runs of a contender on a table."""
        self._runs.setdefault(contender, {})[table] = runs

    @property
    def contenders(self) -> list[str]:
        """In the order in which they were added."""
        return list(self._runs)

    def group(self, name: str) -> list[str]:
        """The tables of a group."""
        return [table for table in self.tables if table.startswith("taskset") == (name == TASKSET)]

    def medians(self, contender: str, tables: Sequence[str]) -> FloatArray:
        """Median over seeds, averaged over tables, after each full run spent."""
        return np.asarray(np.mean([np.median(self._runs[contender][t], axis=0) for t in tables], axis=0))

    def means(self, contender: str, tables: Sequence[str]) -> FloatArray:
        """Mean over seeds and tables, after each full run spent."""
        return np.asarray(np.mean([self._runs[contender][t].mean(axis=0) for t in tables], axis=0))

    def reached(self, contender: str, tables: Sequence[str], regret: float) -> int | None:
        """Full runs after which the averaged median regret is at most ``regret`` for the first time."""
        at = np.flatnonzero(self.medians(contender, tables) <= regret)
        return int(at[0]) + 1 if len(at) else None


def page(scores: Scores) -> str:
    """The Markdown page."""
    parts = [HEAD.format(seeds=scores.seeds, budget=scores.budgets[-1])]
    for name in GROUPS:
        tables = scores.group(name)
        if tables:
            parts.append(f"## {name}: {len(tables)} tables\n")
            parts.append(_table(scores, tables))
    parts.append("## Goals\n")
    parts.append(_goals(scores))
    return "\n".join(parts)


HEAD = """# Search benchmark

Made by `make bench-search` (`python -m benchmarks.search`, with `LRTUNE_BENCH_DATA` naming the folder of
recorded trainings). Recorded trainings stand for trainings: three grids of 24 initial LRs × 43 schedules
(digits, Fashion-MNIST, MNIST) and six of TaskSet's RNN tasks with 1,000 settings of eight Adam parameters
each. Every contender pays for each epoch it trains; {seeds} seeds, {budget} full runs' worth of epochs each,
on one core.

*Regret* is (test value of the incumbent − best) / (median setting − best): 0 the best, 1 a random draw. The
incumbent is the best trial so far by its last validation value. Numbers are medians over seeds averaged over
tables; in brackets the mean over seeds and tables, which shows bad luck. On the grids differences below 0.03
are noise between seeds.

lrtune's contenders search as a job does: eight trials at a time, told nothing before all of a generation
ended; Optuna's run one trial after another, so they may learn from each at once. lrtune starts from a cosine
(or the one family there is) at the centre of the LR range with default parameters, as a job does from its
range test; here the centre is that of the recorded LRs, and TaskSet's defaults are the middle of each
parameter's range. That start explains most of the difference in the first ten runs. With a *right prior* it
also begins with two settings of the best per cent, as if the team had measured them before
(`search.transfer`); with a *wrong prior* with two of the worst quarter. Neither counts for the goals.
"""


def _table(scores: Scores, tables: Sequence[str]) -> str:
    heads = "".join(f" {b} runs |" for b in scores.budgets)
    lines = [f"| contender |{heads} runs to {REACH} |", "|---|" + "---|" * (len(scores.budgets) + 1)]
    for name in scores.contenders:
        median, mean = scores.medians(name, tables), scores.means(name, tables)
        cells = "".join(f" {median[b - 1]:.3f} ({mean[b - 1]:.3f}) |" for b in scores.budgets)
        lines.append(f"| {name} |{cells} {scores.reached(name, tables, REACH) or '–'} |")
    return "\n".join(lines) + "\n"


def _goals(scores: Scores) -> str:
    ours = [name for name in scores.contenders if name.startswith("lrtune") and "," not in name]
    rivals = [name for name in scores.contenders if not name.startswith("lrtune")]
    lines = []
    for group in GROUPS:
        tables = scores.group(group)
        if not (tables and ours and rivals):
            continue
        for budget in scores.budgets:
            best = min(rivals, key=lambda n: scores.means(n, tables)[budget - 1])
            mine = min(ours, key=lambda n: scores.means(n, tables)[budget - 1])
            a, b = scores.means(mine, tables)[budget - 1], scores.means(best, tables)[budget - 1]
            lines.append(
                f"- {group}, {budget} runs, lowest mean regret: **{'met' if a <= b else 'missed'}** "
                f"({mine} {a:.3f}, {best} {b:.3f})."
            )
        if RIVAL in rivals:
            final = float(scores.medians(RIVAL, tables)[-1])
            for name in ours:
                steps = scores.reached(name, tables, final)
                half = scores.budgets[-1] / 2
                lines.append(
                    f"- {group}, {name} in half the steps of {RIVAL} at its final {final:.3f}: "
                    f"**{'met' if steps is not None and steps <= half else 'missed'}** "
                    f"({f'{steps} runs' if steps else 'not reached'})."
                )
    return "\n".join(lines) + "\n"
