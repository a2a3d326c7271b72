"""Our own SGD and Adam(W) over all lanes at once: torch.optim's formulas, an LR and a step count a lane.

A few operations on one (lanes, width) tensor instead of a dozen for each parameter of each lane.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor


class Stacked(ABC):
    """What SGD and Adam share: named state tensors of the rows' shape and a step count a lane.

    ``move`` is the formula alone, on tensors alone, so that it can be compiled.
    """

    names: tuple[str, ...] = ()

    def __init__(self, options: dict[str, Any], multipliers: Tensor | None) -> None:
        self._options = options
        self._multipliers = multipliers
        self._steps = torch.zeros(0, dtype=torch.float64)
        self._state: dict[str, Tensor] = {}

    def add(self, rows: Tensor, count: int) -> None:
        self._steps = torch.cat([self._steps, torch.zeros(count, dtype=torch.float64)])
        for name in self.names:
            fresh = torch.zeros_like(rows[len(rows) - count :])
            self._state[name] = torch.cat([self._state[name], fresh]) if name in self._state else fresh

    def keep(self, rows: Tensor, index: Sequence[int]) -> None:
        self._steps = self._steps[list(index)]
        self._state = {name: tensor[list(index)] for name, tensor in self._state.items()}

    def step(self, rows: Tensor, grads: Tensor, lr: Tensor) -> None:
        self._steps += 1
        self.move(rows, grads, lr, self._steps, self._state)

    @abstractmethod
    def move(self, rows: Tensor, grads: Tensor, lr: Tensor, steps: Tensor, state: dict[str, Tensor]) -> None:
        """Move rows and state in place.

        Args:
            lr: float64, shape (lanes,).
            steps: The number of this step, from 1, float64, shape (lanes,).
        """

    @property
    def tensors(self) -> tuple[Tensor, dict[str, Tensor]]:
        """Steps done, and the state by name: the tensors themselves."""
        return self._steps, self._state

    def state(self) -> dict[str, Any]:
        return {"steps": self._steps, **self._state}

    def load_state(self, rows: Tensor, state: dict[str, Any]) -> None:
        self._steps = state["steps"]
        self._state = {name: state[name] for name in self.names}

    def _column(self, values: Tensor, rows: Tensor) -> Tensor:
        """A value a lane as a column beside the rows, shape (lanes, 1)."""
        return values.to(device=rows.device, dtype=rows.dtype).unsqueeze(1)

    def _rates(self, values: Tensor, rows: Tensor) -> Tensor:
        """Like ``_column``, times the LR multipliers of the columns if there are any."""
        column = self._column(values, rows)
        return column if self._multipliers is None else column * self._multipliers


class StackedSGD(Stacked):
    """torch.optim.SGD without dampening."""

    def __init__(self, options: dict[str, Any], multipliers: Tensor | None) -> None:
        super().__init__(options, multipliers)
        self.names = ("momentum",) if options["momentum"] else ()

    @torch.no_grad()
    def move(self, rows: Tensor, grads: Tensor, lr: Tensor, steps: Tensor, state: dict[str, Tensor]) -> None:
        options = self._options
        if options["weight_decay"]:
            grads = grads.add(rows, alpha=options["weight_decay"])
        if options["momentum"]:
            momentum = state["momentum"].mul_(options["momentum"]).add_(grads)
            grads = grads.add(momentum, alpha=options["momentum"]) if options["nesterov"] else momentum
        rows.addcmul_(grads, self._rates(lr, rows), value=-1)


class StackedAdam(Stacked):
    """torch.optim.Adam and AdamW."""

    def __init__(self, options: dict[str, Any], multipliers: Tensor | None, *, decoupled: bool) -> None:
        super().__init__(options, multipliers)
        self._decoupled = decoupled
        self.names = ("mean", "square", "largest") if options["amsgrad"] else ("mean", "square")

    @torch.no_grad()
    def move(self, rows: Tensor, grads: Tensor, lr: Tensor, steps: Tensor, state: dict[str, Tensor]) -> None:
        options = self._options
        beta1, beta2 = options["betas"]
        correction1 = 1 - beta1**steps
        correction2 = (1 - beta2**steps).sqrt()
        if options["weight_decay"]:
            if self._decoupled:
                rows.mul_(1 - self._rates(lr * options["weight_decay"], rows))
            else:
                grads = grads.add(rows, alpha=options["weight_decay"])
        mean = state["mean"].lerp_(grads, 1 - beta1)
        square = state["square"].mul_(beta2).addcmul_(grads, grads, value=1 - beta2)
        if options["amsgrad"]:
            square = torch.maximum(state["largest"], square, out=state["largest"])
        # mean / (sqrt(square) / c2 + eps) * lr / c1, with the lane's constants gathered in two columns.
        scale = square.sqrt().add_(self._column(options["eps"] * correction2, rows))
        rows.addcmul_(
            torch.div(mean, scale, out=scale), self._rates(lr * correction2 / correction1, rows), value=-1
        )
