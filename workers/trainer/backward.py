"""The gradient of a batch for all lanes at once."""

from __future__ import annotations

import torch
from torch import Tensor

from workers.trainer.data import Batch, micro_batch
from workers.trainer.forward import Forward, Held

_CLIP_EPS = 1e-6  # as in torch.nn.utils.clip_grad_norm_


def gradient(
    forward: Forward, rows: Tensor, held: Held, seeds: Tensor, ages: Tensor, batch: Batch, part: int = 0
) -> tuple[Tensor, Tensor, Held]:
    """Each lane's loss, shape (lanes,), its gradient, shape (lanes, width), and what it holds after.

    The arguments are those of ``Forward.losses``.
    """
    rows = rows.detach().requires_grad_(True)
    with torch.enable_grad():
        losses, after = forward.losses(rows, held, seeds, ages, batch, part)
        (grads,) = torch.autograd.grad(losses.sum(), rows)
    return losses.detach(), grads, after


def micro(batch: Batch, part: int, parts: int) -> Batch:
    """The micro-batch ``part`` of ``parts``."""
    inputs, targets = micro_batch(batch.inputs, batch.targets, part, parts, axis=0 if batch.shared else 1)
    return Batch(inputs, targets, batch.shared)


def clip(grads: Tensor, limit: float | None) -> Tensor:
    """Gradients of shape (lanes, width), each lane's scaled down to this norm if there is a limit."""
    if limit is None:
        return grads
    norms = torch.linalg.vector_norm(grads, dim=1, keepdim=True)
    clipped: Tensor = grads * (limit / (norms + _CLIP_EPS)).clamp(max=1.0)
    return clipped
