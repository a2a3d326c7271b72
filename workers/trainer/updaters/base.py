"""What a population asks of an updater."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from torch import Tensor


class Updater(Protocol):
    """Keeps the optimizer state of every lane and moves the rows.

    ``rows`` is the population's tensor of shape (lanes, width), moved in place; lanes are its positions.
    """

    def add(self, rows: Tensor, count: int) -> None:
        """``rows`` is new: its last ``count`` lanes are fresh, the others as before."""

    def keep(self, rows: Tensor, index: Sequence[int]) -> None:
        """``rows`` is new: it holds the lanes that were at these positions, increasing, the last one repeated
        where it is padded."""

    def step(self, rows: Tensor, grads: Tensor, lr: Tensor) -> None:
        """Move every lane by its gradient at its LR; ``lr`` is float64 on the CPU, shape (lanes,)."""

    def state(self) -> dict[str, Any]:
        """The state of all lanes, for ``load_state``: plain values, and the tensors themselves."""

    def load_state(self, rows: Tensor, state: dict[str, Any]) -> None:
        """Take over a state that ``state`` gave, tensors and all, for these rows."""
