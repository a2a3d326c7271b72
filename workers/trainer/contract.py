"""From a loaded task to a workload: read its data, build its model once, check what the engine relies on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from types import ModuleType
from typing import Any

import torch
from torch import Tensor, nn

from lrtune.optimizers import OPTIMIZERS, check
from lrtune.task import Task, TaskError
from lrtune.wire import OptimizerSpec
from workers.trainer.data import Source, steps_per_epoch
from workers.trainer.errors import UserError, blame
from workers.trainer.evaluation import score
from workers.trainer.examples import read_examples
from workers.trainer.plain import build_optimizer
from workers.trainer.workload import Workload, call_model, scalar


def build_workload(
    task: Task,
    *,
    optimizer: OptimizerSpec,
    batch_size: int | None,
    device: torch.device,
    modules: Sequence[ModuleType] = (),
    budget: int | None = None,
) -> Workload:
    """Read the data, and check the task by a dry run of one batch of training and one of validation.

    Args:
        budget: Bytes above which a data set is streamed.

    Raises:
        TaskError: The task breaks the contract.
        UserError: Its code raised.
        OptimizerError: The optimizer or an option is wrong.
    """
    options = check(optimizer)
    asked = batch_size or task.batch_size
    train = read_examples("train", task.train, task, device, budget)
    valid = read_examples("valid", task.valid, task, device, budget)
    asked = min(asked, train.size)
    if asked % task.accumulate:
        raise TaskError(
            "accumulate",
            f"{asked} examples a step don't part into {task.accumulate} micro-batches",
            "make batch_size a multiple of accumulate",
        )
    workload = Workload(
        task=task,
        optimizer=optimizer.name,
        options=options,
        device=device,
        batch_size=asked,
        steps_per_epoch=steps_per_epoch(train.size, asked),
        train=train,
        valid=valid,
        modules=tuple(modules),
    )
    return replace(workload, idle=_check_model(workload))


def first_batch(source: Source, batch_size: int) -> tuple[Any, Any]:
    """The first batch of a shuffled epoch."""
    batch = source.epoch([(0, 0)], batch_size).batch(0)
    return batch.inputs, batch.targets


def _check_model(workload: Workload) -> frozenset[str]:
    """Run one batch of training and one of validation; returns the parameters that got no gradient."""
    model = _model(workload)
    if OPTIMIZERS[workload.optimizer].step == "closure" and workload.task.precision == "fp16":
        raise TaskError("precision", f"{workload.optimizer} does not run in fp16", "use float32 or bf16")
    try:
        build_optimizer(workload, model)
    except UserError as error:
        raise TaskError(
            "optimizer", f"{workload.optimizer} refuses this model: {error.cause}", "choose another optimizer"
        ) from error
    inputs, targets = first_batch(workload.train, workload.batch_size)
    loss = _loss(workload, model, inputs, targets)
    if not bool(torch.isfinite(loss)):
        raise TaskError(
            "loss",
            f"is {loss.item()} on the first batch, before any step",
            "look for missing values in the data, a log of zero, or a division by zero",
        )
    torch.autograd.backward(loss)
    trained = {name: p.grad for name, p in model.named_parameters() if p.requires_grad}
    idle = frozenset(name for name, grad in trained.items() if grad is None)
    if len(idle) == len(trained):
        raise TaskError("loss", "gives no parameter a gradient", "compute the loss from the model's outputs")
    _check_validation(workload, model)
    return idle


def _model(workload: Workload) -> nn.Module:
    with blame("model"):
        model = workload.task.model()
    if not isinstance(model, nn.Module):
        raise TaskError(
            "model",
            f"built a {type(model).__name__}, not a torch.nn.Module",
            "give a function that returns a fresh module",
        )
    for name, parameter in model.named_parameters():
        if isinstance(parameter, nn.UninitializedParameter):
            raise TaskError("model", f"parameter {name} has no shape yet (a lazy module)", "give its size")
        if not parameter.dtype.is_floating_point:
            raise TaskError(
                "model",
                f"parameter {name} is {parameter.dtype}, not floating point",
                "register what isn't trained by register_buffer",
            )
    trained = [p for p in model.parameters() if p.requires_grad]
    if not trained:
        raise TaskError("model", "has no parameter to train", "at least one needs requires_grad=True")
    if len({p.dtype for p in trained}) > 1:
        raise TaskError("model", "mixes dtypes of trained parameters", "use one dtype for all, e.g. float32")
    with blame("model"):
        other = workload.task.model()
    if other is model or {id(p) for p in other.parameters()} & {id(p) for p in model.parameters()}:
        raise TaskError(
            "model", "gives the same module twice", "build a fresh one on each call, e.g. lambda: MLP(64)"
        )
    return workload.fresh_model(0)


def _loss(workload: Workload, model: nn.Module, inputs: Any, targets: Any) -> Tensor:
    with workload.autocast():
        with blame("model"):
            outputs = call_model(model, inputs)
        with blame("loss"):
            loss = workload.task.loss(outputs, targets)
    if not isinstance(loss, Tensor):
        raise TaskError("loss", f"returned a {type(loss).__name__}, not a tensor", "return a scalar tensor")
    if loss.numel() != 1:
        shape = tuple(loss.shape)
        raise TaskError("loss", f"returned a tensor of shape {shape}, not a scalar", "take the batch's mean")
    if not loss.dtype.is_floating_point:
        raise TaskError("loss", f"returned {loss.dtype}", "return a floating-point tensor")
    if not loss.requires_grad:
        raise TaskError(
            "loss", "carries no gradient", "compute it from the model's outputs, without .detach()"
        )
    return scalar(loss)


@torch.no_grad()
def _check_validation(workload: Workload, model: nn.Module) -> None:
    model.eval()
    inputs, targets = next(iter(workload.valid.in_order(workload.valid_batch_size)))
    with workload.autocast(), blame("model"):
        outputs = call_model(model, inputs)
    score(workload.task, outputs, targets)
