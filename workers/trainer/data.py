"""Batches: data that lives on the device and is indexed there, and what lanes of a round share of it.

The order of the examples is a pure function of (seed, epoch), so a lane's data does not depend on which
lanes it shares a population with. Lanes at the same (seed, epoch) read the same batches.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor
from torch.utils._pytree import tree_flatten, tree_leaves, tree_map, tree_unflatten

from workers.trainer.seeds import derive

BLOCK_BYTES = 2**22
"""Examples gathered at once: enough for the gathering to cost nothing a step, little beside any model."""

Stream = tuple[int, int]
"""(seed, epoch): what decides the order of the examples."""


@dataclass(frozen=True)
class Batch:
    """Inputs and targets, each a tensor or a tuple, list or dict of tensors.

    ``shared``: every lane sees the same examples, shape (batch, …). Otherwise the leading axis is the
    lane's, shape (lanes, batch, …).
    """

    inputs: Any
    targets: Any
    shared: bool

    def lane(self, index: int) -> tuple[Any, Any]:
        """One lane's inputs and targets."""
        if self.shared:
            return self.inputs, self.targets
        return tree_map(lambda x: x[index], self.inputs), tree_map(lambda x: x[index], self.targets)

    def lanes(self, part: slice) -> Batch:
        """The batch for some of the lanes."""
        if self.shared:
            return self
        return Batch(_rows(self.inputs, part), _rows(self.targets, part), shared=False)


class Feed(Protocol):
    """One epoch of batches for the lanes of a round."""

    def batch(self, step: int) -> Batch:
        """The batch of a step of this epoch; steps are asked for in order, from 0."""

    def keep(self, index: Sequence[int]) -> None:
        """Go on with the lanes at these positions only."""


class Source(Protocol):
    """A data set as batches."""

    size: int

    def epoch(self, streams: Sequence[Stream], batch_size: int) -> Feed:
        """A shuffled epoch of full batches, each lane with its own order."""

    def in_order(self, batch_size: int) -> Iterable[tuple[Any, Any]]:
        """All examples in order as (inputs, targets), the last batch smaller."""


def steps_per_epoch(size: int, batch_size: int) -> int:
    """Full batches in an epoch; a data set smaller than a batch makes one batch of all it has."""
    return max(size // batch_size, 1)


def order(stream: Stream, size: int) -> Tensor:
    """The order of the examples in an epoch: a permutation, int64, shape (size,)."""
    seed, epoch = stream
    generator = torch.Generator().manual_seed(derive(seed, "order", epoch))
    return torch.randperm(size, generator=generator)


class Resident:
    """Examples that live on the device, the example axis first in every tensor."""

    def __init__(self, inputs: Any, targets: Any, device: torch.device) -> None:
        self.inputs = tree_map(lambda x: x.to(device), inputs)
        self.targets = tree_map(lambda x: x.to(device), targets)
        self.device = device
        self.size = len(_first_tensor(self.targets))

    def epoch(self, streams: Sequence[Stream], batch_size: int) -> Feed:
        return _ResidentFeed(self, streams, batch_size)

    def in_order(self, batch_size: int) -> list[tuple[Any, Any]]:
        return [
            (_rows(self.inputs, slice(at, at + batch_size)), _rows(self.targets, slice(at, at + batch_size)))
            for at in range(0, self.size, batch_size)
        ]


class _ResidentFeed:
    """Gathers the batches of several steps at once: one indexing a block instead of one a step."""

    def __init__(self, source: Resident, streams: Sequence[Stream], batch_size: int) -> None:
        self._source = source
        self._batch_size = min(batch_size, source.size)
        self._steps = steps_per_epoch(source.size, batch_size)
        distinct = list(dict.fromkeys(streams))
        self._orders = torch.stack([order(stream, source.size) for stream in distinct]).to(source.device)
        self._lane_order = [distinct.index(stream) for stream in streams]
        self._block: list[Batch] = []
        self._begin = 0

    def batch(self, step: int) -> Batch:
        if not self._begin <= step < self._begin + len(self._block):
            self._gather(step)
        return self._block[step - self._begin]

    def keep(self, index: Sequence[int]) -> None:
        self._lane_order = [self._lane_order[i] for i in index]
        self._block = []

    def _gather(self, step: int) -> None:
        """Make the batches from ``step`` on, as many as a block holds."""
        shared = len(set(self._lane_order)) == 1
        lanes = self._lane_order[:1] if shared else self._lane_order
        leaves, structure = tree_flatten((self._source.inputs, self._source.targets))
        example = sum(leaf[0].numel() * leaf.element_size() for leaf in leaves)
        fit = BLOCK_BYTES // max(example * self._batch_size * len(lanes), 1)
        steps = min(max(fit, 1), self._steps - step)
        rows = self._orders[lanes, step * self._batch_size : (step + steps) * self._batch_size]
        picked = rows.view(len(lanes), steps, self._batch_size).transpose(0, 1)
        picked = picked[:, 0] if shared else picked
        by_step = zip(*(_pick(leaf, picked).unbind() for leaf in leaves), strict=True)
        trees = (tree_unflatten(list(batch), structure) for batch in by_step)
        self._block = [Batch(inputs, targets, shared) for inputs, targets in trees]
        self._begin = step


def micro_batch(inputs: Any, targets: Any, part: int, parts: int, axis: int = 0) -> tuple[Any, Any]:
    """The micro-batch ``part`` of ``parts`` of a batch whose examples lie on ``axis``."""
    pick: Callable[[Tensor], Tensor] = lambda x: x.chunk(parts, axis)[part]  # noqa: E731
    return tree_map(pick, inputs), tree_map(pick, targets)


def _pick(x: Tensor, index: Tensor) -> Tensor:
    """Examples at an index of any shape: the index's shape takes the place of the example axis."""
    return x.index_select(0, index.reshape(-1)).view(*index.shape, *x.shape[1:])


def _rows(tree: Any, rows: slice) -> Any:
    pick: Callable[[Tensor], Tensor] = lambda x: x[rows]  # noqa: E731
    return tree_map(pick, tree)


def _first_tensor(tree: Any) -> Tensor:
    return next(leaf for leaf in tree_leaves(tree) if isinstance(leaf, Tensor))
