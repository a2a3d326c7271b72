"""Fused lanes: K trainings as one computation over stacked parameters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.func import vmap
from torch.utils._pytree import tree_map

from workers.trainer.data import Batch, micro_batch
from workers.trainer.errors import UserError
from workers.trainer.evaluation import Means, score
from workers.trainer.forward import Forward, Held
from workers.trainer.layout import Layout
from workers.trainer.seeds import derive
from workers.trainer.updaters import build_updater
from workers.trainer.workload import Workload

_CLIP_EPS = 1e-6  # as in torch.nn.utils.clip_grad_norm_


class FusedLanes:
    """A population: the trained parameters of all lanes in one tensor of shape (lanes, width).

    Autograd stays outside vmap: the loss of all lanes is one computation whose sum is differentiated, so
    that operations see all lanes at once in both directions.
    """

    def __init__(self, workload: Workload) -> None:
        self._workload = workload
        model = workload.fresh_model(0)
        self._layout = Layout.of(model, workload.idle, workload.multiplier)
        self._forward = Forward(workload, model, self._layout)
        like = self._layout.pack(model)
        self._rows = like.new_empty(0, self._layout.width)
        self._held: Held = {}
        self._seeds = torch.empty(0, dtype=torch.int64, device=like.device)
        self._ages = torch.empty(0, dtype=torch.int64, device=like.device)
        self._updater = build_updater(workload, self._layout, like)
        self._scores_by_vmap = True

    @property
    def count(self) -> int:
        return len(self._rows)

    def add(self, seeds: Sequence[int]) -> None:
        models = [self._workload.fresh_model(seed) for seed in seeds]
        rows = torch.stack([self._layout.pack(model) for model in models])
        held = [self._layout.held(model) for model in models]
        fresh = {name: torch.stack([tensors[name] for tensors in held]) for name in held[0]}
        drawn = torch.tensor([derive(seed, "draws") for seed in seeds], device=self._seeds.device)
        self._held = {
            name: torch.cat([self._held[name], tensor]) if self._held else tensor
            for name, tensor in fresh.items()
        }
        self._rows = torch.cat([self._rows, rows])
        self._seeds = torch.cat([self._seeds, drawn])
        self._ages = torch.cat([self._ages, torch.zeros_like(drawn)])
        self._updater.add(self._rows, len(seeds))

    def keep(self, index: Sequence[int]) -> None:
        picked = torch.tensor(list(index), dtype=torch.int64, device=self._rows.device)
        self._rows, self._seeds, self._ages = (
            tensor.index_select(0, picked) for tensor in (self._rows, self._seeds, self._ages)
        )
        self._held = {name: tensor.index_select(0, picked) for name, tensor in self._held.items()}
        self._updater.keep(self._rows, index)

    def step(self, batch: Batch, lr: Sequence[float]) -> Tensor:
        losses, grads = self.gradients(batch)
        limit = self._workload.task.clip_grad_norm
        if limit is not None:
            norms = torch.linalg.vector_norm(grads, dim=1, keepdim=True)
            grads = grads * (limit / (norms + _CLIP_EPS)).clamp(max=1.0)
        self._updater.step(self._rows, grads, torch.tensor(lr, dtype=torch.float64))
        self._ages += 1
        return losses

    def gradients(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Each lane's loss, shape (lanes,), and gradient, shape (lanes, width), of a batch."""
        parts = self._workload.task.accumulate
        if parts == 1:
            return self._gradients(batch, 0)
        losses, grads = [], []
        for part in range(parts):
            loss, grad = self._gradients(_micro(batch, part, parts), part)
            losses.append(loss)
            grads.append(grad)
        return torch.stack(losses).mean(0), torch.stack(grads).mean(0)

    def _gradients(self, batch: Batch, part: int) -> tuple[Tensor, Tensor]:
        rows = self._rows.requires_grad_(True)
        try:
            losses = self._losses(batch, part)
            (grads,) = torch.autograd.grad(losses.sum(), rows)
        finally:
            rows.requires_grad_(False)
        return losses.detach(), grads

    @torch.no_grad()
    def losses(self, batch: Batch) -> Tensor:
        return self._losses(batch, 0)

    def _losses(self, batch: Batch, part: int) -> Tensor:
        losses, self._held = self._forward.losses(
            self._rows, self._held, self._seeds, self._ages, batch, part
        )
        return losses

    @torch.no_grad()
    def evaluate(self) -> list[dict[str, float]]:
        workload = self._workload
        means = Means()
        for part, (inputs, targets) in enumerate(workload.valid.in_order(workload.valid_batch_size)):
            outputs = self._forward.outputs(self._rows, self._held, self._seeds, self._ages, inputs, part)
            means.add(self._scores(outputs, targets), targets)
        return means.by_lane()

    def _scores(self, outputs: Any, targets: Any) -> dict[str, Tensor]:
        """Score each lane; lane by lane if a metric is more than vmap can take (``.item()``, NumPy)."""
        task = self._workload.task
        if self._scores_by_vmap:
            try:
                return vmap(lambda lane: score(task, lane, targets))(outputs)
            except (UserError, RuntimeError):
                self._scores_by_vmap = False
        lanes = [score(task, tree_map(lambda x, i=i: x[i], outputs), targets) for i in range(self.count)]
        return {name: torch.stack([lane[name] for lane in lanes]) for name in lanes[0]}


def _micro(batch: Batch, part: int, parts: int) -> Batch:
    inputs, targets = micro_batch(batch.inputs, batch.targets, part, parts, axis=0 if batch.shared else 1)
    return Batch(inputs, targets, batch.shared)
