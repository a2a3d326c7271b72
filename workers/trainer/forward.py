"""The forward pass of all lanes as one computation: vmap over the rows of a population."""

from __future__ import annotations

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
    """

    def __init__(self, workload: Workload, model: nn.Module, layout: Layout) -> None:
        self._workload = workload
        self._model = model
        self._layout = layout
        self._substitutes = Substitutes(workload.modules, fused=True)

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

        if len(rows) == 1:
            twice = self.losses(
                _twice(rows), _twice(held), _twice(seeds), _twice(ages), _twice_batch(batch), part
            )
            return twice[0][:1], {name: tensor[:1] for name, tensor in twice[1].items()}
        lanes = len(rows)
        data = batch.inputs, batch.targets
        if batch.shared:
            # Expanded, not left without a lane axis: the same kernels run whether lanes share or not.
            data = tree_map(lambda x: x.expand(lanes, *x.shape), data)
        with self._substitutes.active():
            losses, after = vmap(lane, randomness="different")(rows, held, seeds, ages, *data)
        return losses, after

    def outputs(self, rows: Tensor, held: Held, seeds: Tensor, ages: Tensor, inputs: Any, part: int) -> Any:
        """The outputs of each lane in evaluation mode for validation batch ``part``, the lane axis first."""

        def lane(row: Tensor, held: Held, seed: Tensor, age: Tensor) -> Any:
            with drawing(Drawing(seed, age, VALIDATION + part)):
                return self._call({**self._layout.unpack(row), **held}, inputs)

        if len(rows) == 1:
            twice = self.outputs(_twice(rows), _twice(held), _twice(seeds), _twice(ages), inputs, part)
            return tree_map(lambda x: x[:1], twice)
        self._model.eval()
        try:
            with self._substitutes.active():
                return vmap(lane, randomness="different")(rows, held, seeds, ages)
        finally:
            self._model.train()

    def _call(self, state: dict[str, Tensor], inputs: Any) -> Any:
        with self._workload.autocast(), blame("model"):
            return call_model(lambda *a, **k: functional_call(self._model, state, a, k), inputs)


def _twice(tree: Any) -> Any:
    """A lone lane beside itself.

    Kernels for one matrix and for a stack of them round differently, so a lone lane runs as two.
    """
    return tree_map(lambda x: torch.cat([x, x]), tree)


def _twice_batch(batch: Batch) -> Batch:
    return batch if batch.shared else Batch(_twice(batch.inputs), _twice(batch.targets), shared=False)
