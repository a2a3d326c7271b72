"""The dry run: do fused lanes do what plain ones do?"""

from __future__ import annotations

from workers.trainer.compiled import CompiledStep
from workers.trainer.errors import UserError
from workers.trainer.plain import PlainLanes
from workers.trainer.population import FusedLanes
from workers.trainer.tolerance import SMALL, TOLERANCE, close
from workers.trainer.workload import Workload

_SEEDS = (0, 1)
_STEPS = 2


def disagreement(workload: Workload, compiled: CompiledStep | None = None) -> str | None:
    """Why lanes of this workload can't be fused (or run by a compiled step), None if they can.

    Two lanes of different seeds train for two steps, so and plain; losses, gradients and buffers of each
    step and the scores of a validation batch are compared.
    """
    try:
        fused, plain = FusedLanes(workload, compiled), PlainLanes(workload)
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
        if not close(losses, plain_losses, tolerance):
            return "fused lanes and plain ones differ in their losses"
        floor = float(plain_grads.abs().max()) * SMALL
        for name, one, other in zip(
            fused.layout.names, fused.layout.columns(grads), fused.layout.columns(plain_grads), strict=True
        ):
            if not close(one, other, tolerance, floor):
                return f"fused lanes and plain ones differ in the gradient of {name}"
        others = plain.buffers()
        for name, one in fused.buffers().items():
            if not close(one, others[name], tolerance):
                return f"fused lanes and plain ones differ in the buffer {name}"
        stepped, plain_stepped = fused.step(batch, rates), plain.step(batch, rates)
        if not close(stepped, plain_stepped, tolerance):
            return "a step of fused lanes and one of plain lanes differ in their losses"
    for one_lane, other_lane in zip(fused.evaluate(batches=1), plain.evaluate(batches=1), strict=True):
        for name, value in one_lane.items():
            # A score may jump where it is discrete (accuracy), so only the loss has to be close.
            if name == "loss" and abs(value - other_lane[name]) > tolerance * max(abs(value), 1e-3):
                return "fused lanes and plain ones differ in evaluation"
    return None


def _sentence(error: Exception) -> str:
    first = next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
    return first[:300]
