"""Fused lanes: K trainings as one computation over stacked parameters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call, vmap
from torch.utils._pytree import tree_map

from workers.trainer.data import Batch
from workers.trainer.errors import blame
from workers.trainer.evaluation import Scores
from workers.trainer.layout import Layout, stacked
from workers.trainer.substitutes import substitutes
from workers.trainer.updaters import build_updater
from workers.trainer.workload import Workload, call_model, scalar

_CLIP_EPS = 1e-6  # as in torch.nn.utils.clip_grad_norm_


class FusedLanes:
    """A population: the trained parameters of all lanes in one tensor of shape (lanes, width).

    Autograd stays outside vmap: the loss of all lanes is one computation whose sum is differentiated, so
    that operations see all lanes at once in both directions.
    """

    def __init__(self, workload: Workload, *, idle: frozenset[str] = frozenset()) -> None:
        self.workload = workload
        self._model = workload.fresh_model(0)
        self._layout = Layout.of(self._model, idle, workload.multiplier)
        like = next(self._model.parameters())
        self._rows = torch.empty(0, self._layout.width, dtype=like.dtype, device=like.device)
        self._buffers: dict[str, Tensor] = {}
        self._updater = build_updater(workload, self._layout, self._rows)

    @property
    def count(self) -> int:
        return len(self._rows)

    def add(self, seeds: Sequence[int]) -> None:
        models = [self.workload.fresh_model(seed) for seed in seeds]
        fresh = torch.stack([self._layout.pack(model) for model in models])
        held = [self._held(model) for model in models]
        for name in held[0]:
            stack = stacked([tensors[name] for tensors in held])
            self._buffers[name] = torch.cat([self._buffers[name], stack]) if name in self._buffers else stack
        self._rows = torch.cat([self._rows, fresh])
        self._updater.add(self._rows, len(seeds))

    def _held(self, model: nn.Module) -> dict[str, Tensor]:
        """What a lane holds beside its trained parameters: buffers and frozen or idle parameters."""
        frozen = {name: p for name, p in model.named_parameters() if name not in self._layout.names}
        return {**dict(model.named_buffers()), **frozen}

    def keep(self, index: Sequence[int]) -> None:
        picked = list(index)
        self._rows = self._rows[picked]
        self._buffers = {name: tensor[picked] for name, tensor in self._buffers.items()}
        self._updater.keep(self._rows, index)

    def step(self, batch: Batch, lr: Sequence[float]) -> Tensor:
        losses, grads = self.gradients(batch)
        limit = self.workload.task.clip_grad_norm
        if limit is not None:
            norms = torch.linalg.vector_norm(grads, dim=1, keepdim=True)
            grads = grads * (limit / (norms + _CLIP_EPS)).clamp(max=1.0)
        self._updater.step(self._rows, grads, torch.as_tensor(lr, dtype=torch.float64))
        return losses

    def gradients(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Each lane's loss, shape (lanes,), and gradient, shape (lanes, width), of a batch."""
        rows = self._rows.requires_grad_(True)
        try:
            losses = self._forward(rows, batch)
            (grads,) = torch.autograd.grad(losses.sum(), rows)
        finally:
            self._rows.requires_grad_(False)
        return losses.detach(), grads

    @torch.no_grad()
    def losses(self, batch: Batch) -> Tensor:
        return self._forward(self._rows, batch)

    def _forward(self, rows: Tensor, batch: Batch) -> Tensor:
        lanes_axis = None if batch.shared else 0
        with substitutes():
            losses, self._buffers = vmap(
                self._lane_loss, in_dims=(0, 0, lanes_axis, lanes_axis), randomness="different"
            )(rows, self._buffers, batch.inputs, batch.targets)
        return losses

    def _lane_loss(
        self, row: Tensor, buffers: dict[str, Tensor], inputs: Any, targets: Any
    ) -> tuple[Tensor, dict[str, Tensor]]:
        # One dict goes in and comes back: a buffer that forward re-assigns is written into it.
        state = {**self._layout.unpack(row), **buffers}
        outputs = self._call(state, inputs)
        with self.workload.autocast(), blame("loss"):
            loss = scalar(self.workload.task.loss(outputs, targets))
        return loss, {name: state[name].detach() for name in buffers}

    def _call(self, state: dict[str, Tensor], inputs: Any) -> Any:
        with self.workload.autocast(), blame("model"):
            return call_model(lambda *a, **k: functional_call(self._model, state, a, k), inputs)

    @torch.no_grad()
    def evaluate(self) -> list[dict[str, float]]:
        self._model.eval()
        scores = [Scores(self.workload.task) for _ in range(self.count)]
        for inputs, targets in self.workload.valid.in_order(self.workload.valid_batch_size):
            with substitutes():
                outputs = vmap(self._lane_outputs, in_dims=(0, 0, None), randomness="different")(
                    self._rows, self._buffers, inputs
                )
            for lane, score in enumerate(scores):
                score.add(tree_map(lambda x, lane=lane: x[lane], outputs), targets)
        self._model.train()
        return [score.means() for score in scores]

    def _lane_outputs(self, row: Tensor, buffers: dict[str, Tensor], inputs: Any) -> Any:
        return self._call({**self._layout.unpack(row), **buffers}, inputs)
