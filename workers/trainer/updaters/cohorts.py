"""Real torch.optim classes over cohorts: lanes of one age move by one call at lr=1.

The step of these optimizers is linear in the LR and their state does not depend on it. So the class runs
once at lr=1 on the rows of all lanes that started together, and each lane goes its own LR's share of the
way. Lanes that started later are another cohort, since torch counts steps per parameter.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from workers.trainer.layout import Layout
from workers.trainer.updaters.restoring import restore
from workers.trainer.workload import Workload, optimizer_class


class Cohort:
    """Lanes ``start`` to ``stop`` of the rows and their torch optimizer."""

    def __init__(self, workload: Workload, rows: Tensor) -> None:
        self.size = len(rows)
        self._weights = rows.detach()
        self._optimizer = optimizer_class(workload.row)([self._weights], lr=1.0, **workload.options)

    def step(self, grads: Tensor, rates: Tensor) -> None:
        """Move by the gradients, shape (size, width), at rates of shape (size, 1) or (size, width)."""
        before = self._weights.clone()
        self._weights.grad = grads
        self._optimizer.step()
        self._weights.grad = None
        torch.lerp(before, self._weights, rates, out=self._weights)

    def move(self, rows: Tensor, index: Sequence[int] | None = None) -> None:
        """Go on with these rows, which hold the lanes that were at ``index`` (all when None)."""
        old, new = self._weights, rows.detach()
        state = self._optimizer.state.pop(old, {})
        if index is not None:
            picked = list(index)
            state = {
                name: value[picked] if isinstance(value, Tensor) and value.shape == old.shape else value
                for name, value in state.items()
            }
        if state:
            self._optimizer.state[new] = state
        self._optimizer.param_groups[0]["params"] = [new]
        self._weights, self.size = new, len(rows)

    def state(self) -> dict[str, Any]:
        return {"size": self.size, "optimizer": self._optimizer.state_dict()}

    def load_state(self, state: dict[str, Any]) -> None:
        restore(self._optimizer, state["optimizer"])


class Cohorts:
    """The updater: neighbouring lanes of one age form a cohort."""

    def __init__(self, workload: Workload, layout: Layout) -> None:
        self._workload = workload
        self._layout = layout
        self._cohorts: list[Cohort] = []

    def add(self, rows: Tensor, count: int) -> None:
        self._place(rows)
        self._cohorts.append(Cohort(self._workload, rows[len(rows) - count :]))

    def keep(self, rows: Tensor, index: Sequence[int]) -> None:
        start, to, kept = 0, 0, []
        for cohort in self._cohorts:
            own = [i - start for i in index if start <= i < start + cohort.size]
            start += cohort.size
            if own:
                cohort.move(rows[to : to + len(own)], own)
                to += len(own)
                kept.append(cohort)
        self._cohorts = kept

    def _place(self, rows: Tensor) -> None:
        start = 0
        for cohort in self._cohorts:
            cohort.move(rows[start : start + cohort.size])
            start += cohort.size

    @torch.no_grad()
    def step(self, rows: Tensor, grads: Tensor, lr: Tensor) -> None:
        rates = lr.to(device=rows.device, dtype=rows.dtype).unsqueeze(1)
        multipliers = self._layout.multipliers(rows)
        if multipliers is not None:
            rates = rates * multipliers
        start = 0
        for cohort in self._cohorts:
            lanes = slice(start, start + cohort.size)
            cohort.step(grads[lanes], rates[lanes])
            start += cohort.size

    def state(self) -> dict[str, Any]:
        return {"cohorts": [cohort.state() for cohort in self._cohorts]}

    def load_state(self, rows: Tensor, state: dict[str, Any]) -> None:
        self._cohorts, start = [], 0
        for entry in state["cohorts"]:
            cohort = Cohort(self._workload, rows[start : start + entry["size"]])
            cohort.load_state(entry)
            self._cohorts.append(cohort)
            start += entry["size"]
