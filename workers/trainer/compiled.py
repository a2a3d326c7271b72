"""The training step of a chunk of lanes as one compiled function: forward, backward, clipping, optimizer."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.utils._pytree import tree_flatten, tree_leaves, tree_unflatten

from workers.trainer.backward import clip, gradient, micro
from workers.trainer.data import Batch
from workers.trainer.forward import Forward, Held
from workers.trainer.layout import Layout
from workers.trainer.seeds import derive
from workers.trainer.tolerance import SMALL, TOLERANCE, close
from workers.trainer.tracing import NotCompiled, compile_function
from workers.trainer.updaters import Stacked, Updater, build_updater
from workers.trainer.workload import Workload


class CompiledStep:
    """A step of ``lanes`` lanes at once, each with a batch of its own.

    Compiling takes seconds to a minute and holds for one number of lanes: populations come in chunks of it.
    With one lane, the lane runs as it would alone, without vmap.

    Raises:
        NotCompiled: It can't be compiled here.
    """

    def __init__(self, workload: Workload, lanes: int) -> None:
        self.lanes = lanes
        self._workload = workload
        model = workload.fresh_model(0)
        layout = Layout.of(model, workload.idle, workload.multiplier)
        self._forward = Forward(workload, model, layout, alone=lanes == 1)
        rows = torch.stack([layout.pack(model)] * lanes)
        held = {name: torch.stack([tensor] * lanes) for name, tensor in layout.held(model).items()}
        updater = build_updater(workload, layout, rows)
        updater.add(rows, lanes)
        self._updater = updater if isinstance(updater, Stacked) else None
        seeds = torch.tensor([derive(0, "draws")] * lanes, device=rows.device)
        batch = workload.train.epoch([(0, 0)] * lanes, workload.batch_size).batch(0)
        data = self._data(batch)
        self._shapes = _shapes(data)
        self._held_names = list(held)
        self._structure = tree_flatten((batch.inputs, batch.targets))[1]
        examples = [rows, seeds, torch.zeros_like(seeds)]
        examples += self._optimizer(updater, torch.zeros(lanes, dtype=torch.float64), slice(None))
        self._fixed = len(examples)
        examples += [*held.values(), *data]
        self._run = compile_function(self._step, examples, model)
        self._check(examples, layout)

    def takes(self, batch: Batch) -> bool:
        """Whether batches of this shape are what the step was compiled for."""
        return _shapes(tree_leaves((batch.inputs, batch.targets)), shared=batch.shared) == self._shapes

    def step(
        self,
        rows: Tensor,
        held: Held,
        seeds: Tensor,
        ages: Tensor,
        updater: Updater,
        batch: Batch,
        lr: Tensor,
    ) -> Tensor:
        """Move whole chunks of lanes in place, ages, what they hold and the updater's state included.

        Args:
            batch: For as many lanes as are no padding; the padding reads the last lane's.
            lr: float64, shape (lanes,).

        Returns:
            The loss of each lane before the step, shape (lanes,).
        """
        losses, grads = [], []
        shared = self._data(batch) if batch.shared else None
        with torch.no_grad():
            for start in range(0, len(rows), self.lanes):
                part = slice(start, start + self.lanes)
                loss, *grad = self._run(
                    rows[part],
                    seeds[part],
                    ages[part],
                    *self._optimizer(updater, lr, part),
                    *[held[name][part] for name in self._held_names],
                    *(shared or self._data(batch.lanes(part))),
                )
                losses.append(loss)
                grads += grad
            if self._updater is None:
                updater.step(rows, torch.cat(grads), lr)
        return torch.cat(losses) if len(losses) > 1 else losses[0]

    def _optimizer(self, updater: Updater, lr: Tensor, part: slice) -> list[Tensor]:
        """What the optimizer's part of the step needs, nothing if that part isn't compiled."""
        if not isinstance(updater, Stacked):
            return []
        steps, state = updater.tensors
        return [lr[part], steps[part], *[tensor[part] for tensor in state.values()]]

    def _data(self, batch: Batch) -> list[Tensor]:
        """The batch's tensors, the lane axis first, contiguous, padded to a chunk."""
        leaves = tree_leaves((batch.inputs, batch.targets))
        if batch.shared:
            return [leaf.expand(self.lanes, *leaf.shape).contiguous() for leaf in leaves]
        missing = self.lanes - len(leaves[0])
        if missing:
            leaves = [torch.cat([x, x[-1:].expand(missing, *x.shape[1:])]) for x in leaves]
        return [leaf.contiguous() for leaf in leaves]

    def _step(self, rows: Tensor, seeds: Tensor, ages: Tensor, *others: Tensor) -> Sequence[Tensor]:
        """What is compiled: the step on tensors alone."""
        optimizer, others = others[: self._fixed - 3], others[self._fixed - 3 :]
        held = dict(zip(self._held_names, others, strict=False))
        inputs, targets = tree_unflatten(list(others[len(held) :]), self._structure)
        batch = Batch(inputs, targets, shared=False)
        parts = self._workload.task.accumulate
        losses, grads, now = [], [], held
        for part in range(parts):
            data = batch if parts == 1 else micro(batch, part, parts)
            loss, grad, now = gradient(self._forward, rows, now, seeds, ages, data, part)
            losses.append(loss)
            grads.append(grad)
        grad = clip(
            grads[0] if parts == 1 else torch.stack(grads).mean(0), self._workload.task.clip_grad_norm
        )
        for name, tensor in held.items():
            tensor.copy_(now[name])
        ages.add_(1)
        loss = losses[0] if parts == 1 else torch.stack(losses).mean(0)
        if self._updater is None:
            return [loss, grad]
        lr, steps, *state = optimizer
        steps.add_(1)
        self._updater.move(rows, grad, lr, steps, dict(zip(self._updater.names, state, strict=True)))
        return [loss]

    def _check(self, examples: Sequence[Tensor], layout: Layout) -> None:
        """Compare a compiled step with an uncompiled one.

        Raises:
            NotCompiled: They differ.
        """
        compiled, plain = ([tensor.clone() for tensor in examples] for _ in range(2))
        with torch.no_grad():
            ours, theirs = self._run(*compiled), self._step(*plain)
        moved = [*zip(ours[:1], theirs[:1], strict=True)]
        moved += zip(compiled[self._fixed :], plain[self._fixed :], strict=True)
        # Adam scales rounding errors up to whole steps: its moments are compared, not its moves.
        if self._updater is None:
            rows = [(ours[1], theirs[1])]
        elif self._updater.names:
            rows = [(compiled[5], plain[5])]
        else:
            rows = [(compiled[0] - examples[0], plain[0] - examples[0])]
        floor = float(rows[0][1].abs().max()) * SMALL
        tolerance = TOLERANCE[self._workload.task.precision]
        columns = zip(*map(layout.columns, rows[0]), strict=True)
        if not all(close(one, other, tolerance, floor) for one, other in columns) or not all(
            close(one, other, tolerance) for one, other in moved
        ):
            raise NotCompiled("a compiled step and an uncompiled one differ")


def _shapes(leaves: Sequence[Tensor], *, shared: bool = False) -> list[tuple[torch.Size, torch.dtype]]:
    """Shapes of a lane's data and their types."""
    return [(leaf.shape if shared else leaf.shape[1:], leaf.dtype) for leaf in leaves]
