"""Plain lanes: the loop a user would write, one model and one torch.optim optimizer a lane."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import Any

import torch
from torch import Tensor, nn

from workers.trainer.attributes import Attributes
from workers.trainer.data import Batch, micro_batch
from workers.trainer.dropout import Drawing, drawing
from workers.trainer.errors import blame
from workers.trainer.evaluation import Means, score
from workers.trainer.layout import Layout
from workers.trainer.seeds import derive
from workers.trainer.substitutes import Substitutes
from workers.trainer.updaters.restoring import restore
from workers.trainer.workload import VALIDATION, Workload, call_model, optimizer_class, scalar


class PlainLane:
    """One training."""

    def __init__(self, workload: Workload, seed: int) -> None:
        self._workload = workload
        self.seed = seed
        self.model = workload.fresh_model(seed)
        self.optimizer = build_optimizer(workload, self.model)
        self._parameters = [p for p in self.model.parameters() if p.requires_grad]
        self._seed = torch.tensor(derive(seed, "draws"), device=workload.device)
        self._age = 0
        fp16 = workload.task.precision == "fp16"
        self._scaler = torch.amp.GradScaler(workload.device.type, enabled=fp16)
        self._attributes = Attributes(self.model)

    def step(self, inputs: Any, targets: Any, lr: float) -> Tensor:
        """One optimizer step; returns the loss before it, detached."""
        for group in self.optimizer.param_groups:
            group["lr"] = lr * group["multiplier"]
        if self._workload.row.step == "closure":
            closure: Any = lambda: self._backward(inputs, targets)  # noqa: E731 - torch types it as -> float
            loss = torch.as_tensor(self.optimizer.step(closure))
        else:
            loss = self._backward(inputs, targets)
            self._scaler.step(self.optimizer)
            self._scaler.update()
        self._age += 1
        return loss.detach()

    def state(self) -> dict[str, Any]:
        """All that the lane is: plain values, and the tensors themselves.

        Raises:
            Unsaved: The model keeps more than parameters and buffers.
        """
        self._attributes.check()
        return {
            "seed": self.seed,
            "parameters": {name: parameter.detach() for name, parameter in self.model.named_parameters()},
            "buffers": dict(self.model.named_buffers(remove_duplicate=False)),
            "optimizer": self.optimizer.state_dict(),
            "scaler": self._scaler.state_dict(),
            "age": self._age,
        }

    @torch.no_grad()
    def load_state(self, state: dict[str, Any]) -> None:
        """Go on from a ``state`` of a lane of the same seed; the lane is fresh."""
        for name, parameter in self.model.named_parameters():
            parameter.copy_(state["parameters"][name])
        for name, tensor in state["buffers"].items():
            _put_buffer(self.model, name, tensor)
        restore(self.optimizer, state["optimizer"])
        if state["scaler"]:
            self._scaler.load_state_dict(state["scaler"])
        self._age = state["age"]

    def gradients(self, inputs: Any, targets: Any, layout: Layout) -> tuple[Tensor, Tensor]:
        """The loss and the gradient of a batch as a row, clipped as the task asks."""
        loss = self._backward(inputs, targets).detach()
        grads = {name: parameter.grad for name, parameter in self.model.named_parameters()}
        return loss, layout.row(grads)

    def loss(self, inputs: Any, targets: Any, part: int = 0) -> Tensor:
        """The loss of a batch, or of the micro-batch ``part``."""
        with drawing(self._drawing(part)), self._workload.autocast():
            with blame("model"):
                outputs = call_model(self.model, inputs)
            with blame("loss"):
                return scalar(self._workload.task.loss(outputs, targets))

    def outputs(self, inputs: Any, part: int) -> Any:
        """The outputs for validation batch ``part``; the model is in evaluation mode."""
        with drawing(self._drawing(VALIDATION + part)), self._workload.autocast(), blame("model"):
            return call_model(self.model, inputs)

    def _drawing(self, part: int) -> Drawing:
        return Drawing(self._seed, self._age, part)

    def _backward(self, inputs: Any, targets: Any) -> Tensor:
        self.optimizer.zero_grad()
        parts = self._workload.task.accumulate
        if parts == 1:
            loss = self.loss(inputs, targets)
            torch.autograd.backward(self._scaler.scale(loss))
        else:
            loss = torch.zeros((), device=self._workload.device)
            for part in range(parts):
                micro = self.loss(*micro_batch(inputs, targets, part, parts), part) / parts
                torch.autograd.backward(self._scaler.scale(micro))
                loss = loss + micro.detach()
        self._scaler.unscale_(self.optimizer)
        if self._workload.task.clip_grad_norm is not None:
            nn.utils.clip_grad_norm_(self._parameters, self._workload.task.clip_grad_norm)
        return loss


def _put_buffer(model: nn.Module, name: str, tensor: Tensor) -> None:
    """In place where that is possible: a module may hold the buffer by another name, too."""
    place, _, own = name.rpartition(".")
    buffers = model.get_submodule(place)._buffers
    held = buffers[own]
    if held is not None and held.shape == tensor.shape and held.dtype == tensor.dtype:
        held.copy_(tensor)
    else:
        buffers[own] = tensor


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
        self._workload = workload
        self._lanes: list[PlainLane] = []
        self._substitutes = Substitutes(workload.modules, fused=False)

    @property
    def count(self) -> int:
        return len(self._lanes)

    def add(self, seeds: Sequence[int]) -> None:
        self._lanes += [PlainLane(self._workload, seed) for seed in seeds]

    def keep(self, index: Sequence[int]) -> None:
        self._lanes = [self._lanes[i] for i in index]

    def state(self) -> dict[str, Any]:
        return {"lanes": [lane.state() for lane in self._lanes]}

    def load_state(self, state: dict[str, Any]) -> None:
        self.add([lane["seed"] for lane in state["lanes"]])
        for lane, saved in zip(self._lanes, state["lanes"], strict=True):
            lane.load_state(saved)

    def step(self, batch: Batch, lr: Sequence[float]) -> Tensor:
        with self._substitutes.active():
            return torch.stack([lane.step(*batch.lane(i), lr[i]) for i, lane in enumerate(self._lanes)])

    @torch.no_grad()
    def losses(self, batch: Batch) -> Tensor:
        with self._substitutes.active():
            return torch.stack([lane.loss(*batch.lane(i)) for i, lane in enumerate(self._lanes)])

    def gradients(self, batch: Batch, layout: Layout) -> tuple[Tensor, Tensor]:
        """Each lane's loss, shape (lanes,), and gradient, shape (lanes, width), of a batch."""
        with self._substitutes.active():
            found = [lane.gradients(*batch.lane(i), layout) for i, lane in enumerate(self._lanes)]
        losses, rows = zip(*found, strict=True)
        return torch.stack(losses), torch.stack(rows)

    def buffers(self) -> dict[str, Tensor]:
        """The buffers of all lanes by name, the lane axis first."""
        lanes = [dict(lane.model.named_buffers()) for lane in self._lanes]
        return {name: torch.stack([lane[name] for lane in lanes]) for name in lanes[0]}

    @torch.no_grad()
    def evaluate(self, batches: int | None = None) -> list[dict[str, float]]:
        workload = self._workload
        means = Means()
        for lane in self._lanes:
            lane.model.eval()
        with self._substitutes.active():
            for part, (inputs, targets) in enumerate(islice(workload.validation(), batches)):
                scores = [score(workload.task, lane.outputs(inputs, part), targets) for lane in self._lanes]
                means.add({name: torch.stack([s[name] for s in scores]) for name in scores[0]}, targets)
        for lane in self._lanes:
            lane.model.train()
        return means.by_lane()
