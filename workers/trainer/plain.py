"""Plain lanes: the loop a user would write, one model and one torch.optim optimizer a lane."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._pytree import tree_map

from workers.trainer.data import Batch
from workers.trainer.errors import blame
from workers.trainer.evaluation import Scores
from workers.trainer.workload import Workload, call_model, optimizer_class, scalar


class PlainLane:
    """One training."""

    def __init__(self, workload: Workload, seed: int) -> None:
        self.workload = workload
        self.model = workload.fresh_model(seed)
        self.parameters = [p for p in self.model.parameters() if p.requires_grad]
        self.optimizer = build_optimizer(workload, self.model)

    def step(self, inputs: Any, targets: Any, lr: float) -> Tensor:
        """One optimizer step; returns the loss before it, detached."""
        for group in self.optimizer.param_groups:
            group["lr"] = lr * group["multiplier"]
        if self.workload.row.step == "closure":
            closure: Any = lambda: self._backward(inputs, targets)  # noqa: E731 - torch types it as -> float
            return torch.as_tensor(self.optimizer.step(closure)).detach()
        loss = self._backward(inputs, targets)
        self.optimizer.step()
        return loss.detach()

    def loss(self, inputs: Any, targets: Any) -> Tensor:
        """The loss of a batch."""
        with self.workload.autocast():
            with blame("model"):
                outputs = call_model(self.model, inputs)
            with blame("loss"):
                return scalar(self.workload.task.loss(outputs, targets))

    def _backward(self, inputs: Any, targets: Any) -> Tensor:
        self.optimizer.zero_grad()
        parts = self.workload.task.accumulate
        if parts == 1:
            loss = self.loss(inputs, targets)
            torch.autograd.backward(loss)
        else:
            loss = torch.zeros((), device=self.workload.device)
            for part in range(parts):
                micro = self.loss(*_part(inputs, targets, part, parts)) / parts
                torch.autograd.backward(micro)
                loss = loss + micro.detach()
        if self.workload.task.clip_grad_norm is not None:
            nn.utils.clip_grad_norm_(self.parameters, self.workload.task.clip_grad_norm)
        return loss


def _part(inputs: Any, targets: Any, part: int, parts: int) -> tuple[Any, Any]:
    """The micro-batch ``part`` of ``parts`` of a batch."""
    return tree_map(lambda x: x.chunk(parts)[part], inputs), tree_map(lambda x: x.chunk(parts)[part], targets)


def build_optimizer(workload: Workload, model: nn.Module) -> torch.optim.Optimizer:
    """The real torch.optim class over a model, one parameter group for each LR multiplier."""
    groups: dict[float, list[nn.Parameter]] = {}
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            groups.setdefault(workload.multiplier(name), []).append(parameter)
    described = [{"params": parameters, "multiplier": factor} for factor, parameters in groups.items()]
    with blame("optimizer"):
        return optimizer_class(workload.row)(described, lr=workload.row.default_lr, **workload.options)


class PlainLanes:
    """Plain lanes side by side; every batch is read once for all."""

    def __init__(self, workload: Workload) -> None:
        self.workload = workload
        self.lanes: list[PlainLane] = []

    @property
    def count(self) -> int:
        return len(self.lanes)

    def add(self, seeds: Sequence[int]) -> None:
        self.lanes += [PlainLane(self.workload, seed) for seed in seeds]

    def keep(self, index: Sequence[int]) -> None:
        self.lanes = [self.lanes[i] for i in index]

    def step(self, batch: Batch, lr: Sequence[float]) -> Tensor:
        return torch.stack(
            [
                lane.step(*batch.lane(i), rate)
                for i, (lane, rate) in enumerate(zip(self.lanes, lr, strict=True))
            ]
        )

    @torch.no_grad()
    def losses(self, batch: Batch) -> Tensor:
        return torch.stack([lane.loss(*batch.lane(i)).detach() for i, lane in enumerate(self.lanes)])

    @torch.no_grad()
    def evaluate(self) -> list[dict[str, float]]:
        scores = [Scores(self.workload.task) for _ in self.lanes]
        for lane in self.lanes:
            lane.model.eval()
        for inputs, targets in self.workload.valid.in_order(self.workload.valid_batch_size):
            for lane, score in zip(self.lanes, scores, strict=True):
                with self.workload.autocast(), blame("model"):
                    outputs = call_model(lane.model, inputs)
                score.add(outputs, targets)
        for lane in self.lanes:
            lane.model.train()
        return [score.means() for score in scores]
