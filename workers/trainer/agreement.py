"""The dry run: do fused lanes do what plain ones do?"""

from __future__ import annotations

import torch
from torch import Tensor

from workers.trainer.errors import UserError
from workers.trainer.plain import PlainLanes
from workers.trainer.population import FusedLanes
from workers.trainer.workload import Workload

TOLERANCE = {"float32": 1e-3, "bf16": 5e-2, "fp16": 5e-2}
"""Largest difference of losses, gradients and buffers, relative to the largest of their kind."""

_SMALL = 1e-3
"""A parameter whose gradients are this small beside the largest of all is compared on that scale: the
gradient of a bias before batch normalisation is zero but for rounding."""

_SEEDS = (0, 1)
_STEPS = 2


def disagreement(workload: Workload) -> str | None:
    """Why lanes of this workload can't be fused, None if they can.

    Two lanes of different seeds train for two steps, fused and plain; losses, gradients and buffers of each
    step and the scores of a validation batch are compared.
    """
    try:
        fused, plain = FusedLanes(workload), PlainLanes(workload)
        for lanes in (fused, plain):
            lanes.add(_SEEDS)
        return _steps(workload, fused, plain)
    except (UserError, RuntimeError) as error:
        return f"can't be fused: {_sentence(error)}"


def _steps(workload: Workload, fused: FusedLanes, plain: PlainLanes) -> str | None:
    rates = [workload.row.default_lr] * len(_SEEDS)
    tolerance = TOLERANCE[workload.task.precision]
    for step in range(min(_STEPS, workload.steps_per_epoch)):
        batch = workload.train.epoch([(seed, 0) for seed in _SEEDS], workload.batch_size).batch(step)
        losses, grads = fused.gradients(batch)
        plain_losses, plain_grads = plain.gradients(batch, fused.layout)
        if not _close(losses, plain_losses, tolerance):
            return "fused lanes and plain ones differ in their losses"
        floor = float(plain_grads.abs().max()) * _SMALL
        for name, one, other in zip(
            fused.layout.names, fused.layout.columns(grads), fused.layout.columns(plain_grads), strict=True
        ):
            if not _close(one, other, tolerance, floor):
                return f"fused lanes and plain ones differ in the gradient of {name}"
        others = plain.buffers()
        for name, one in fused.buffers().items():
            if not _close(one, others[name], tolerance):
                return f"fused lanes and plain ones differ in the buffer {name}"
        fused.step(batch, rates)
        plain.step(batch, rates)
    for one_lane, other_lane in zip(fused.evaluate(batches=1), plain.evaluate(batches=1), strict=True):
        for name, value in one_lane.items():
            # A score may jump where it is discrete (accuracy), so only the loss has to be close.
            if name == "loss" and abs(value - other_lane[name]) > tolerance * max(abs(value), 1e-3):
                return "fused lanes and plain ones differ in evaluation"
    return None


def _close(one: Tensor, other: Tensor, tolerance: float, floor: float = 1e-12) -> bool:
    """Whether the largest difference is small beside the largest entry, or beside ``floor``."""
    if not one.numel():
        return True
    if not one.dtype.is_floating_point:
        return torch.equal(one, other)
    one, other = one.double(), other.double()
    return bool((one - other).abs().max() <= tolerance * other.abs().max().clamp(min=floor))


def _sentence(error: Exception) -> str:
    first = next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
    return first[:300]
