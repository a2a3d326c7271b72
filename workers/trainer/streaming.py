"""Data sets that don't fit: read by torch's DataLoader batch by batch, once for all lanes of one order.

The batches are those that a resident data set would give: the order is the same function of (seed, epoch).
Only a ``collate`` that looks at its whole list, such as padding to the longest, tells the two apart.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import torch
from torch.utils._pytree import tree_leaves, tree_map
from torch.utils.data import DataLoader, default_collate

from lrtune.task import Task
from workers.trainer.collating import collated
from workers.trainer.data import Batch, Feed, Stream, order, steps_per_epoch
from workers.trainer.errors import blame

SAMPLE = 8
"""Examples read to tell how large one is."""


class Streamed:
    """A map-style data set that is read as it is needed.

    Args:
        name: The task's field, for errors.
        workers: Processes that read ahead; none reads in this process.
    """

    def __init__(self, name: str, examples: Any, task: Task, device: torch.device, *, workers: int) -> None:
        self.size = len(examples)
        self._name = name
        self._examples = examples
        self._collate = task.collate or default_collate
        self._device = device
        self._workers = workers

    def epoch(self, streams: Sequence[Stream], batch_size: int) -> Feed:
        return _StreamedFeed(self, streams, batch_size)

    def in_order(self, batch_size: int) -> Iterable[tuple[Any, Any]]:
        return self.batches(range(self.size), batch_size)

    def batches(self, indices: Iterable[int], batch_size: int) -> Iterator[tuple[Any, Any]]:
        """The examples at these indices as (inputs, targets) on the device, the last batch smaller.

        Raises:
            UserError: The data set raised.
        """
        rows = list(indices)
        loader = DataLoader(
            self._examples,
            batch_sampler=[rows[at : at + batch_size] for at in range(0, len(rows), batch_size)],
            collate_fn=self._collate,
            num_workers=self._workers,
            pin_memory=self._device.type == "cuda",
            # Its own generator: else it would draw from the one that models are built under.
            generator=torch.Generator(),
        )
        read = iter(loader)
        while True:
            with blame(self._name):
                batch = next(read, None)
            if batch is None:
                return
            yield tree_map(lambda x: x.to(self._device, non_blocking=True), tuple(batch))


class _StreamedFeed:
    def __init__(self, source: Streamed, streams: Sequence[Stream], batch_size: int) -> None:
        batch_size = min(batch_size, source.size)
        used = steps_per_epoch(source.size, batch_size) * batch_size
        self._streams = list(streams)
        self._read = {
            stream: source.batches(order(stream, source.size)[:used].tolist(), batch_size)
            for stream in dict.fromkeys(streams)
        }

    def batch(self, step: int) -> Batch:
        told = {stream: next(batches) for stream, batches in self._read.items()}
        if len(told) == 1:
            inputs, targets = told[self._streams[0]]
            return Batch(inputs, targets, shared=True)
        lanes = [told[stream] for stream in self._streams]
        inputs, targets = tree_map(lambda *leaves: torch.stack(leaves), *lanes)
        return Batch(inputs, targets, shared=False)

    def keep(self, index: Sequence[int]) -> None:
        self._streams = [self._streams[i] for i in index]
        self._read = {stream: read for stream, read in self._read.items() if stream in self._streams}


def example_bytes(name: str, examples: Any, task: Task) -> float:
    """Bytes of an example as tensors: the mean of a few, evenly spaced.

    Raises:
        TaskError: They do not stack.
        UserError: The data set raised.
    """
    count = min(len(examples), SAMPLE)
    with blame(name):
        picked = [examples[i * len(examples) // count] for i in range(count)]
    batch = collated(name, picked, task)
    tensors = [leaf for leaf in tree_leaves(batch) if isinstance(leaf, torch.Tensor)]
    return sum(tensor.numel() * tensor.element_size() for tensor in tensors) / count
