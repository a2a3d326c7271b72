"""Fused lanes: K trainings as one computation over stacked parameters."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import islice
from typing import Any, TypeVar

import torch
from torch import Tensor
from torch.func import vmap
from torch.utils._pytree import tree_map

from workers.trainer.attributes import Attributes
from workers.trainer.backward import clip, gradient, micro
from workers.trainer.compiled import CompiledStep
from workers.trainer.data import Batch
from workers.trainer.errors import UserError
from workers.trainer.evaluation import Means, score
from workers.trainer.forward import Forward, Held
from workers.trainer.layout import Layout
from workers.trainer.room import Room
from workers.trainer.seeds import derive
from workers.trainer.updaters import build_updater
from workers.trainer.workload import Workload

T = TypeVar("T")


class FusedLanes:
    """A population: the trained parameters of all lanes in one tensor of shape (lanes, width).

    Autograd stays outside vmap: the loss of all lanes is one computation whose sum is differentiated, so
    that operations see all lanes at once in both directions.

    Args:
        compiled: The compiled step of a chunk of lanes. All tensors of the population are padded to whole
            chunks by copies of the last lane, so that however many lanes are left, the same kernels run.
    """

    def __init__(self, workload: Workload, compiled: CompiledStep | None = None) -> None:
        self._workload = workload
        self._compiled = compiled
        self._chunk = 1 if compiled is None else compiled.lanes
        alone = compiled is not None and compiled.lanes == 1
        model = workload.fresh_model(0)
        self.layout = Layout.of(model, workload.idle, workload.multiplier)
        self._forward = Forward(workload, model, self.layout, alone=alone)
        like = self.layout.pack(model)
        self._count = 0
        self._rows = like.new_empty(0, self.layout.width)
        self._held: Held = {}
        self._seeds = torch.empty(0, dtype=torch.int64, device=like.device)
        self._ages = torch.empty(0, dtype=torch.int64, device=like.device)
        self._updater = build_updater(workload, self.layout, like)
        self._buffers = [name for name, _ in model.named_buffers()]
        self._room = Room(1 if alone else None)
        self._scores_by_vmap = not alone
        self._attributes = Attributes(model)

    @property
    def count(self) -> int:
        return self._count

    def add(self, seeds: Sequence[int]) -> None:
        models = [self._workload.fresh_model(seed) for seed in seeds]
        held = [self.layout.held(model) for model in models]
        drawn = torch.tensor([derive(seed, "draws") for seed in seeds], device=self._seeds.device)
        if len(self._rows) > self._count:
            self._move(range(self._count))
        rows = torch.cat([self._rows, *(self.layout.pack(model).unsqueeze(0) for model in models)])
        merged = {
            name: torch.cat(
                [*([self._held[name]] if self._held else []), *(h[name].unsqueeze(0) for h in held)]
            )
            for name in held[0]
        }
        try:
            self._updater.add(rows, len(seeds))
        except torch.OutOfMemoryError:
            self._updater.keep(self._rows, range(self.count))
            self._move(self._padded(range(self.count)))
            raise
        self._rows, self._held = rows, merged
        self._seeds = torch.cat([self._seeds, drawn])
        self._ages = torch.cat([self._ages, torch.zeros_like(drawn)])
        self._count += len(seeds)
        if self._count % self._chunk:
            self._move(self._padded(range(self._count)))

    def keep(self, index: Sequence[int]) -> None:
        self._move(self._padded(index))
        self._count = len(index)

    def _padded(self, index: Sequence[T]) -> list[T]:
        """One entry a lane, the last one repeated up to whole chunks."""
        return [*index, *list(index[-1:]) * (-len(index) % self._chunk)]

    def _move(self, index: Sequence[int]) -> None:
        """Hold what is at these positions, padding and all."""
        picked = torch.tensor(list(index), dtype=torch.int64, device=self._rows.device)
        self._rows, self._seeds, self._ages = (
            tensor.index_select(0, picked) for tensor in (self._rows, self._seeds, self._ages)
        )
        self._held = {name: tensor.index_select(0, picked) for name, tensor in self._held.items()}
        self._updater.keep(self._rows, index)

    def state(self) -> dict[str, Any]:
        self._attributes.check()
        return {
            "count": self._count,
            "rows": self._rows,
            "held": self._held,
            "seeds": self._seeds,
            "ages": self._ages,
            "updater": self._updater.state(),
            "room": self._room.lanes,
            "scores_by_vmap": self._scores_by_vmap,
        }

    def load_state(self, state: dict[str, Any]) -> None:
        self._count, self._rows, self._held = state["count"], state["rows"], state["held"]
        self._seeds, self._ages = state["seeds"], state["ages"]
        self._updater.load_state(self._rows, state["updater"])
        self._room.lanes, self._scores_by_vmap = state["room"], state["scores_by_vmap"]

    def step(self, batch: Batch, lr: Sequence[float]) -> Tensor:
        rates = torch.tensor(self._padded(lr), dtype=torch.float64)
        if self._compiled is not None and self._compiled.takes(batch):
            return self._compiled.step(
                self._rows, self._held, self._seeds, self._ages, self._updater, batch, rates
            )[: self._count]
        losses, grads = self.gradients(batch)
        self._updater.step(self._rows, clip(self._fill(grads), self._workload.task.clip_grad_norm), rates)
        self._ages += 1
        return losses

    def _fill(self, tensor: Tensor) -> Tensor:
        """One entry a lane, the last one repeated for the padding."""
        missing = len(self._rows) - len(tensor)
        return torch.cat([tensor, tensor[-1:].expand(missing, *tensor.shape[1:])]) if missing else tensor

    def gradients(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Each lane's loss, shape (lanes,), and gradient, shape (lanes, width), of a batch."""
        parts = self._workload.task.accumulate
        if parts == 1:
            return self._gradients(batch, 0)
        losses, grads = [], []
        for part in range(parts):
            loss, grad = self._gradients(micro(batch, part, parts), part)
            losses.append(loss)
            grads.append(grad)
        return torch.stack(losses).mean(0), torch.stack(grads).mean(0)

    def _gradients(self, batch: Batch, part: int) -> tuple[Tensor, Tensor]:
        def some(lanes: slice) -> tuple[Tensor, Tensor, Held]:
            return gradient(self._forward, *self._lanes(lanes), batch.lanes(lanes), part)

        losses, grads, held = zip(*self._room.run(self.count, some), strict=True)
        self._hold(held)
        return torch.cat(losses), torch.cat(grads)

    @torch.no_grad()
    def losses(self, batch: Batch) -> Tensor:
        parts = self._room.run(
            self.count, lambda lanes: self._forward.losses(*self._lanes(lanes), batch.lanes(lanes))
        )
        losses, held = zip(*parts, strict=True)
        self._hold(held)
        return torch.cat(losses)

    def _lanes(self, part: slice) -> tuple[Tensor, Held, Tensor, Tensor]:
        """What some lanes are: rows, what they hold, seeds, ages."""
        held = {name: tensor[part] for name, tensor in self._held.items()}
        return self._rows[part], held, self._seeds[part], self._ages[part]

    def _hold(self, parts: Sequence[Held]) -> None:
        self._held = {name: self._fill(tensor) for name, tensor in _join(parts).items()}

    def buffers(self) -> Held:
        """The buffers of all lanes by name, the lane axis first."""
        return {name: self._held[name][: self._count] for name in self._buffers}

    @torch.no_grad()
    def evaluate(self, batches: int | None = None) -> list[dict[str, float]]:
        means = Means()
        for part, (inputs, targets) in enumerate(islice(self._workload.validation(), batches)):
            some = partial(self._evaluate, part=part, inputs=inputs, targets=targets)
            scores = self._room.run(self.count, some)
            means.add(_join(scores), targets)
        return means.by_lane()

    def _evaluate(self, lanes: slice, *, part: int, inputs: Any, targets: Any) -> dict[str, Tensor]:
        outputs = self._forward.outputs(*self._lanes(lanes), inputs, part)
        return self._scores(outputs, targets, len(self._seeds[lanes]))

    def _scores(self, outputs: Any, targets: Any, lanes: int) -> dict[str, Tensor]:
        """Score each lane; lane by lane if a metric is more than vmap can take (``.item()``, NumPy)."""
        task = self._workload.task
        if self._scores_by_vmap:
            try:
                return vmap(lambda lane: score(task, lane, targets))(outputs)
            except torch.OutOfMemoryError:
                raise
            except (UserError, RuntimeError):
                self._scores_by_vmap = False
        each = [score(task, tree_map(lambda x, i=i: x[i], outputs), targets) for i in range(lanes)]
        return {name: torch.stack([scores[name] for scores in each]) for name in each[0]}


def _join(parts: Sequence[Any]) -> Any:
    """Chunks of lanes end to end: tensors, or dicts of tensors."""
    if len(parts) == 1:
        return parts[0]
    return tree_map(lambda *tensors: torch.cat(tensors), *parts)
