"""A real torch.optim optimizer for each lane: exact for every class, at the cost of a step a lane.

For optimizers whose step is not linear in the LR (ASGD, Rprop) or looks at a whole parameter (Adafactor,
Muon). The gradients are still computed for all lanes at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from workers.trainer.layout import Layout
from workers.trainer.updaters.restoring import restore
from workers.trainer.workload import Workload, optimizer_class


class Single:
    """One lane's optimizer over views of its row."""

    def __init__(self, workload: Workload, layout: Layout, row: Tensor) -> None:
        self._layout = layout
        self._views = layout.views(row.detach())
        factors = [workload.multiplier(name) for name in layout.names]
        groups = [
            {
                "params": [v for v, other in zip(self._views, factors, strict=True) if other == factor],
                "multiplier": factor,
            }
            for factor in dict.fromkeys(factors)
        ]
        row_of_table = workload.row
        self._optimizer = optimizer_class(row_of_table)(
            groups, lr=row_of_table.default_lr, **workload.options
        )

    def step(self, grads: Tensor, lr: float) -> None:
        """Move the lane by its gradient row."""
        for view, grad in zip(self._views, self._layout.views(grads), strict=True):
            view.grad = grad
        for group in self._optimizer.param_groups:
            group["lr"] = lr * group["multiplier"]
        self._optimizer.step()
        self._optimizer.zero_grad()

    def move(self, row: Tensor) -> None:
        """Go on in this row, which holds the same weights."""
        fresh = self._layout.views(row.detach())
        twin = {id(old): new for old, new in zip(self._views, fresh, strict=True)}
        for old, new in zip(self._views, fresh, strict=True):
            if old in self._optimizer.state:
                self._optimizer.state[new] = self._optimizer.state.pop(old)
        for group in self._optimizer.param_groups:
            group["params"] = [twin[id(old)] for old in group["params"]]
        self._views = fresh

    def state(self) -> dict[str, Any]:
        return self._optimizer.state_dict()

    def load_state(self, state: dict[str, Any]) -> None:
        restore(self._optimizer, state)


class Singles:
    """The updater: an optimizer for each lane."""

    def __init__(self, workload: Workload, layout: Layout) -> None:
        self._workload = workload
        self._layout = layout
        self._singles: list[Single] = []

    def add(self, rows: Tensor, count: int) -> None:
        self._place(rows)
        self._singles += [Single(self._workload, self._layout, row) for row in rows[len(rows) - count :]]

    def keep(self, rows: Tensor, index: Sequence[int]) -> None:
        moved = {i: self._singles[i] for i in index}
        self._singles = [
            # A lane that is there twice is padding the second time: any optimizer will do.
            moved.pop(i) if i in moved else Single(self._workload, self._layout, row)
            for i, row in zip(index, rows, strict=True)
        ]
        self._place(rows)

    def _place(self, rows: Tensor) -> None:
        for single, row in zip(self._singles, rows, strict=False):
            single.move(row)

    @torch.no_grad()
    def step(self, rows: Tensor, grads: Tensor, lr: Tensor) -> None:
        for single, grad, rate in zip(self._singles, grads, lr.tolist(), strict=True):
            single.step(grad, rate)

    def state(self) -> dict[str, Any]:
        return {"lanes": [single.state() for single in self._singles]}

    def load_state(self, rows: Tensor, state: dict[str, Any]) -> None:
        self._singles = [Single(self._workload, self._layout, row) for row in rows]
        for single, entry in zip(self._singles, state["lanes"], strict=True):
            single.load_state(entry)
