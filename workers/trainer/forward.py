"""The forward pass of all lanes as one computation: vmap over the rows of a population."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call, vmap
from torch.utils._pytree import tree_map

from workers.trainer.data import Batch
from workers.trainer.dropout import Drawing, drawing
from workers.trainer.errors import blame
from workers.trainer.layout import Layout
from workers.trainer.substitutes import Substitutes
from workers.trainer.workload import VALIDATION, Workload, call_model, scalar

Held = dict[str, Tensor]
"""What lanes hold beside their trained parameters (buffers, frozen parameters), the lane axis first."""


class Forward:
    """A model whose parameters and buffers come from outside, for many lanes at once.

    Args:
        model: Lends its structure; its own weights are not used.
        alone: Lanes come one at a time, and each runs without vmap.
    """

    def __init__(self, workload: Workload, model: nn.Module, layout: Layout, *, alone: bool = False) -> None:
        self._workload = workload
        self._model = model
        self._layout = layout
        self._alone = alone
        self._substitutes = Substitutes(workload.modules, fused=not alone)

    def losses(
        self, rows: Tensor, held: Held, seeds: Tensor, ages: Tensor, batch: Batch, part: int = 0
    ) -> tuple[Tensor, Held]:
        """The training loss of each lane, shape (lanes,), and what the lanes hold after it.

        Args:
            rows: Trained parameters, shape (lanes, width).
            seeds: What dropout draws from, int64, shape (lanes,).
            ages: Steps done, int64, shape (lanes,).
            part: The micro-batch's number.
        """

        def lane(
            row: Tensor, held: Held, seed: Tensor, age: Tensor, inputs: Any, targets: Any
        ) -> tuple[Tensor, Held]:
            # One dict goes in and comes back: a buffer that forward re-assigns is written into it.
            state = {**self._layout.unpack(row), **held}
            with drawing(Drawing(seed, age, part)):
                outputs = self._call(state, inputs)
                with self._workload.autocast(), blame("loss"):
                    loss = scalar(self._workload.task.loss(outputs, targets))
            return loss, {name: state[name].detach() for name in held}

        if self._alone:
            with self._substitutes.active():
                losses, after = _alone(lane, rows, held, seeds, ages, *_whole(batch))
            return losses, after
        if len(rows) == 1:
            twice = self.losses(
                _twice(rows), _twice(held), _twice(seeds), _twice(ages), _twice_batch(batch), part
            )
            return twice[0][:1], {name: tensor[:1] for name, tensor in twice[1].items()}
        with self._substitutes.active():
            losses, after = vmap(lane, randomness="different")(
                rows, held, seeds, ages, *_whole(batch, len(rows))
            )
        return losses, after

    def outputs(self, rows: Tensor, held: Held, seeds: Tensor, ages: Tensor, inputs: Any, part: int) -> Any:
        """The outputs of each lane in evaluation mode for validation batch ``part``, the lane axis first."""

        def lane(row: Tensor, held: Held, seed: Tensor, age: Tensor) -> Any:
            with drawing(Drawing(seed, age, VALIDATION + part)):
                return self._call({**self._layout.unpack(row), **held}, inputs)

        if len(rows) == 1 and not self._alone:
            twice = self.outputs(_twice(rows), _twice(held), _twice(seeds), _twice(ages), inputs, part)
            return tree_map(lambda x: x[:1], twice)
        self._model.eval()
        try:
            with self._substitutes.active():
                if self._alone:
                    return _alone(lane, rows, held, seeds, ages)
                return vmap(lane, randomness="different")(rows, held, seeds, ages)
        finally:
            self._model.train()

    def _call(self, state: dict[str, Tensor], inputs: Any) -> Any:
        with self._workload.autocast(), blame("model"):
            return call_model(lambda *a, **k: functional_call(self._model, state, a, k), inputs)


def _alone(lane: Callable[..., Any], *args: Any) -> Any:
    """``vmap(lane)`` for a single lane, without vmap."""
    return tree_map(lambda x: x.unsqueeze(0), lane(*tree_map(lambda x: x[0], args)))


def _whole(batch: Batch, lanes: int = 1) -> tuple[Any, Any]:
    """Inputs and targets with a lane axis.

    Shared ones are expanded, not left without the axis: the same kernels run whether lanes share or not.
    """
    data = batch.inputs, batch.targets
    return tree_map(lambda x: x.expand(lanes, *x.shape), data) if batch.shared else data


def _twice(tree: Any) -> Any:
    """A lone lane beside itself.

    Kernels for one matrix and for a stack of them round differently, so a lone lane runs as two.
    """
    return tree_map(lambda x: torch.cat([x, x]), tree)


def _twice_batch(batch: Batch) -> Batch:
    return batch if batch.shared else Batch(_twice(batch.inputs), _twice(batch.targets), shared=False)
