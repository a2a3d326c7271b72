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
from torch.utils._pytree import tree_leaves, tree_map

from workers.trainer.seeds import derive

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
    def __init__(self, source: Resident, streams: Sequence[Stream], batch_size: int) -> None:
        self._source = source
        self._batch_size = min(batch_size, source.size)
        distinct = list(dict.fromkeys(streams))
        self._orders = torch.stack([order(stream, source.size) for stream in distinct]).to(source.device)
        self._lane_order = [distinct.index(stream) for stream in streams]

    def batch(self, step: int) -> Batch:
        rows = slice(step * self._batch_size, (step + 1) * self._batch_size)
        shared = len(set(self._lane_order)) == 1
        picked = self._orders[self._lane_order[0], rows] if shared else self._orders[self._lane_order, rows]
        return Batch(
            inputs=tree_map(lambda x: _pick(x, picked), self._source.inputs),
            targets=tree_map(lambda x: _pick(x, picked), self._source.targets),
            shared=shared,
        )

    def keep(self, index: Sequence[int]) -> None:
        self._lane_order = [self._lane_order[i] for i in index]


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
