"""A census of a training step: how many operations it takes and how much they write.

It counts calls and shapes, never time, so it is the same on every run: what is decided by it keeps a search
reproducible from its seed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves


@dataclass(frozen=True)
class Census:
    """Operations of a step, views left out, and the bytes they wrote."""

    operations: int
    written: int

    @property
    def mean_written(self) -> float:
        """Bytes an operation writes on average."""
        return self.written / max(self.operations, 1)


class Counting(TorchDispatchMode):  # type: ignore[no-untyped-call] # torch's __init_subclass__ has no types
    """Counts every operation in this context, those of the backward pass included."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._operations = 0
        self._written = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        if not func.is_view:
            self._operations += 1
            self._written += sum(
                leaf.numel() * leaf.element_size() for leaf in tree_leaves(result) if isinstance(leaf, Tensor)
            )
        return result

    def census(self) -> Census:
        return Census(self._operations, self._written)
