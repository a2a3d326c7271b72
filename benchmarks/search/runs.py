"""One run of a contender on a problem: it pays for every epoch, and names its incumbent as it goes."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from benchmarks.search.problems import Problem


class BudgetSpent(Exception):  # noqa: N818 (the regular end of a run, not a fault)
    """The run has used all its epochs."""


@dataclass
class Ledger:
    """Epochs spent so far and the incumbent after each change.

    ``budget`` is in epochs. ``trace`` has (epochs spent, key of the incumbent); before the first entry there
    is no incumbent, and the run scores like the median setting.
    """

    problem: Problem
    budget: int
    spent: int = 0
    trials: int = 0
    trace: list[tuple[int, int]] = field(default_factory=list)

    def pay(self, epochs: int) -> None:
        """Charge epochs.

        Raises:
            BudgetSpent: They are more than what is left (what is left is spent).
        """
        if self.spent + epochs > self.budget:
            self.spent = self.budget
            raise BudgetSpent
        self.spent += epochs

    def incumbent(self, key: int) -> None:
        """Name the setting that would be answered now."""
        if not self.trace or self.trace[-1][1] != key:
            self.trace.append((self.spent, key))

    def regret_at(self, full_runs: float) -> float:
        """Regret of the incumbent when ``full_runs`` whole trainings' worth of epochs are spent."""
        limit = full_runs * self.problem.epochs
        key = None
        for spent, candidate in self.trace:
            if spent > limit:
                break
            key = candidate
        return 1.0 if key is None else self.problem.regret(key)

    def curve(self, grid: np.ndarray) -> np.ndarray:
        """Regret at each of the budgets (in full runs) of ``grid``."""
        return np.array([self.regret_at(float(full_runs)) for full_runs in grid])
