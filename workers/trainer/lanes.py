"""Lanes: what the training loop asks of a population, fused or plain."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from torch import Tensor

from workers.trainer.data import Batch


class Lanes(Protocol):
    """A population of trainings that advance together, a lane each.

    Lanes are addressed by position, 0 to ``count - 1``; new lanes go to the end, ``keep`` closes gaps.
    """

    @property
    def count(self) -> int: ...

    def add(self, seeds: Sequence[int]) -> None:
        """Add a lane for each seed: fresh weights, fresh optimizer.

        Raises:
            torch.OutOfMemoryError: They don't fit; the population is as before.
        """

    def keep(self, index: Sequence[int]) -> None:
        """Go on with the lanes at these positions (strictly increasing) only."""

    def step(self, batch: Batch, lr: Sequence[float]) -> Tensor:
        """One optimizer step of every lane at its own LR.

        Returns:
            The training loss of each lane before the step, on the device, shape (count,).
        """

    def losses(self, batch: Batch) -> Tensor:
        """The training loss of each lane without a step (no gradient, training mode), shape (count,)."""

    def evaluate(self, batches: int | None = None) -> list[dict[str, float]]:
        """``loss`` and the task's metrics of each lane over the validation data, in evaluation mode.

        Args:
            batches: Stop after so many validation batches; all when None.
        """

    def state(self) -> dict[str, Any]:
        """All that the lanes are, for ``load_state``: plain values, and the tensors themselves.

        Raises:
            Unsaved: A model keeps more than parameters and buffers.
        """

    def load_state(self, state: dict[str, Any]) -> None:
        """Become the lanes whose ``state`` this is, tensors and all; there are none so far."""
