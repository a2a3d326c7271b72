"""The task contract: what a user's entry function returns, and what the engine may rely on."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lrtune.schedules import Custom, ScheduleError, with_custom
from lrtune.wire.base import Precision
from lrtune.wire.trial import VALUE_NAME_MAX, VALUES_MAX

if TYPE_CHECKING:
    from torch import Tensor, nn

LOSSES = ("loss", "train_loss")
"""What is reported of every training; no metric can have these names."""

SCHEDULES_MAX = 20
"""Most schedules of its own that a task brings."""

PRECISIONS: tuple[Precision, ...] = ("float32", "bf16", "fp16")


class TaskError(ValueError):
    """A task breaks the contract: which ``field``, what (``detail``), how to mend it (``remedy``)."""

    def __init__(self, field: str, detail: str, remedy: str) -> None:
        super().__init__(f"{field}: {detail}. {remedy}")
        self.field = field
        self.detail = detail
        self.remedy = remedy


@dataclass(frozen=True, kw_only=True)
class Task:
    """What is trained. The engine owns the loop, so that many trainings can share it.

    Args:
        model: Builds a fresh ``nn.Module``; called under the lane's seed, so its initial weights are a
            function of the seed.
        train: Training examples: a map-style data set of ``(inputs, targets)`` pairs, or a pair of tensors
            with the examples on the first axis. A batch is ``batch_size`` examples; the last, smaller batch
            of an epoch is left out, and other examples fall into it each epoch. A data set that fits is read
            once and kept on the device, a larger one is read anew each epoch: so random augmentation belongs
            in the model's ``forward``.
        valid: Validation examples, likewise; read in order, all of them.
        loss: ``loss(outputs, targets)`` returns the mean loss of the batch, a scalar tensor.
        metrics: ``metric(outputs, targets)`` returns a number per batch; the engine averages over the
            validation examples. The name ``loss`` is taken.
        batch_size: Examples a training step sees; a job may ask for another.
        clip_grad_norm: Largest gradient norm over all parameters; larger gradients are scaled down.
        collate: Makes a batch of a list of examples; PyTorch's default when None.
        lr_multipliers: The LR of a parameter is the schedule's times the first entry whose pattern (as of
            ``fnmatch``, e.g. ``"backbone.*"``) matches its name, else times one.
        accumulate: Gradients of so many micro-batches, of ``batch_size / accumulate`` examples each, make one
            step: the same step with less memory.
        precision: ``bf16`` and ``fp16`` run the forward pass under autocast.
        valid_batch_size: Examples a validation batch holds; ``batch_size`` when None.
        schedules: Schedules of your own by name, e.g. ``{"sawtooth": Custom(sawtooth)}``: searched beside
            ours as ``custom:sawtooth``, and measured untuned, too.

    Inputs may be a tensor, a tuple (passed as positional arguments) or a dict (as keyword arguments).

    Raises:
        TaskError: A field is of the wrong type or out of bounds.
    """

    model: Callable[[], nn.Module]
    train: Any
    valid: Any
    loss: Callable[[Any, Any], Tensor]
    metrics: Mapping[str, Callable[[Any, Any], Any]] = field(default_factory=dict)
    batch_size: int = 64
    clip_grad_norm: float | None = None
    collate: Callable[[list[Any]], Any] | None = None
    lr_multipliers: Mapping[str, float] = field(default_factory=dict)
    accumulate: int = 1
    precision: Precision = "float32"
    valid_batch_size: int | None = None
    schedules: Mapping[str, Custom] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _callable("model", self.model, "give a function without arguments, e.g. model=lambda: MLP(64)")
        _callable("loss", self.loss, "give a function, e.g. loss=torch.nn.functional.cross_entropy")
        for name in ("train", "valid"):
            _examples(name, getattr(self, name))
        _metrics(self.metrics)
        _whole("batch_size", self.batch_size, low=1)
        _whole("accumulate", self.accumulate, low=1)
        if self.valid_batch_size is not None:
            _whole("valid_batch_size", self.valid_batch_size, low=1)
        if self.clip_grad_norm is not None:
            _positive("clip_grad_norm", self.clip_grad_norm, "give a number above 0, or None for no clipping")
        if self.collate is not None:
            _callable("collate", self.collate, "give a function of a list of examples, or None")
        if not isinstance(self.lr_multipliers, Mapping):
            raise TaskError("lr_multipliers", "is not a mapping", 'give e.g. {"backbone.*": 0.1}')
        for pattern, factor in self.lr_multipliers.items():
            _positive(
                f"lr_multipliers[{pattern!r}]", factor, "give a number above 0; freeze with requires_grad"
            )
        if self.precision not in PRECISIONS:
            raise TaskError(
                "precision", f"{self.precision!r} is unknown", f"use one of {', '.join(PRECISIONS)}"
            )
        _schedules(self.schedules)


def _callable(name: str, value: Any, remedy: str) -> None:
    if not callable(value):
        raise TaskError(name, f"a {type(value).__name__} can't be called", remedy)


def _examples(name: str, value: Any) -> None:
    remedy = "give a pair of tensors (inputs, targets) or a map-style data set (with __len__ and __getitem__)"
    if isinstance(value, tuple | list):
        if len(value) != 2:
            raise TaskError(
                name, f"a {type(value).__name__} of {len(value)} is not (inputs, targets)", remedy
            )
        lengths = [_length(part) for part in value]
        if None in lengths:
            raise TaskError(name, "holds something without a first axis", remedy)
        if lengths[0] != lengths[1]:
            raise TaskError(
                name,
                f"has {lengths[0]} inputs but {lengths[1]} targets",
                "inputs and targets need the same first axis",
            )
        size: int | None = lengths[0]
    else:
        if not hasattr(value, "__getitem__"):
            raise TaskError(name, f"a {type(value).__name__} has no __getitem__", remedy)
        size = _length(value)
        if size is None:
            raise TaskError(name, f"a {type(value).__name__} has no __len__", remedy)
    if size == 0:
        raise TaskError(name, "is empty", "check the path and the split: there is nothing to train on")


def _length(value: Any) -> int | None:
    try:
        return len(value)
    except TypeError:
        return None


def _metrics(metrics: Any) -> None:
    remedy = 'give a mapping of names to functions, e.g. metrics={"accuracy": accuracy}'
    if not isinstance(metrics, Mapping):
        raise TaskError("metrics", f"a {type(metrics).__name__} is not a mapping", remedy)
    check_metric_names(list(metrics), remedy)
    for name, metric in metrics.items():
        _callable(f"metrics[{name!r}]", metric, remedy)


def check_metric_names(names: Sequence[Any], remedy: str) -> None:
    """Check the names of what is reported beside the losses.

    Raises:
        TaskError: One is no name, too long or taken, or there are too many.
    """
    if len(names) > VALUES_MAX - len(LOSSES):
        raise TaskError(
            "metrics", f"has {len(names)} names", f"report at most {VALUES_MAX - len(LOSSES)} metrics"
        )
    for name in names:
        if not isinstance(name, str) or not name.isprintable() or not 0 < len(name) <= VALUE_NAME_MAX:
            raise TaskError("metrics", f"{str(name)[:VALUE_NAME_MAX]!r} is not a name", remedy)
        if name in LOSSES:
            raise TaskError(
                "metrics", f"the name {name!r} is taken", "the loss is always reported; leave it out"
            )


def _schedules(schedules: Any) -> None:
    if not isinstance(schedules, Mapping):
        raise TaskError("schedules", "is not a mapping", 'give e.g. {"sawtooth": Custom(sawtooth)}')
    if len(schedules) > SCHEDULES_MAX:
        raise TaskError("schedules", f"has {len(schedules)} entries", f"give at most {SCHEDULES_MAX}")
    try:
        with_custom(schedules)
    except ScheduleError as error:
        raise TaskError(error.field, error.detail, error.remedy) from None


def _whole(name: str, value: Any, *, low: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < low:
        raise TaskError(name, f"{value!r} is not a whole number from {low} on", "give a whole number")


def _positive(name: str, value: Any, remedy: str) -> None:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or not math.isfinite(value) or value <= 0:
        raise TaskError(name, f"{value!r} is not a number above 0", remedy)
