"""How far what was measured lies from what is asked for.

The unit is a doubling of the learning rate: by how many factors of two the best LR is expected to have moved
between the two situations, as far as anybody has measured that. Shares of several differences add up, because
their errors may all point the same way. What is not asked for is not compared.

| difference | share | why |
| --- | --- | --- |
| batch size | log2 ratio, halved for adaptive optimizers | the best LR of SGD grows linearly with the batch (Goyal et al. 2017, arXiv:1706.02677; Smith and Le 2018, arXiv:1711.00489), that of adaptive optimizers with its square root (Malladi et al. 2022, arXiv:2205.10287) |
| epochs | 0.32 · log2 ratio | the best LR falls with the length of a training to the power 0.32 (Bjorck et al. 2025, arXiv:2409.19913) |
| momentum of SGD | log2 ratio of 1 - momentum | the step in the long run is lr / (1 - momentum) (arXiv:1711.00489) |
| a parameter of the task, both above 0 | log2 ratio, at most 3 | the strongest known dependence is on the width, Adam's best LR ~ 1 / width (Yang et al. 2022, arXiv:2203.03466) |
| any other parameter of the task | 1 | our choice: it may change the network |
| task version | 1 | our choice: it may change anything, usually a little |
| any other option of the optimizer | 0.5 | our choice |
| precision | 0.5 | our choice |
"""  # noqa: E501 - a table

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lrtune.optimizers import OPTIMIZERS
from lrtune.wire import Difference, OptimizerSpec, Provenance

HORIZON_EXPONENT = 0.32
LARGEST_PARAM = 3.0
OTHER_PARAM = 1.0
OTHER_VERSION = 1.0
OTHER_OPTION = 0.5
OTHER_PRECISION = 0.5

LINEAR_IN_BATCH = frozenset({"sgd", "asgd"})
"""Optimizers whose step is not scaled by the gradient's own size."""


@dataclass(frozen=True)
class Situation:
    """What an answer depends on beside the task's name; None where it is not asked for.

    Attributes:
        task_version: Of the task.
        params: Of the task; those that are not named are not compared.
        optimizer: Name and the options that differ from torch's defaults.
        batch_size: Examples a step.
        epochs: Length of a full training.
        precision: ``float32``, …
    """

    task_version: int | None = None
    params: Mapping[str, Any] | None = None
    optimizer: OptimizerSpec | None = None
    batch_size: int | None = None
    epochs: int | None = None
    precision: str | None = None

    @classmethod
    def of(cls, measured: Provenance, defaults: Mapping[str, Any] | None = None) -> Situation:
        """The situation of an answer; ``defaults`` are those of its task's parameters."""
        return cls(
            task_version=measured.task_version,
            params={**(defaults or {}), **measured.params},
            optimizer=OptimizerSpec.model_validate(measured.optimizer),
            batch_size=measured.batch_size,
            epochs=measured.epochs,
            precision=measured.precision,
        )


def differences(asked: Situation, measured: Situation) -> list[Difference]:
    """Everything that differs, the farthest first."""
    found = [
        *_batch_size(asked, measured),
        *_epochs(asked, measured),
        *_params(asked, measured),
        *_options(asked, measured),
        *_version(asked, measured),
        *_precision(asked, measured),
    ]
    return sorted(found, key=lambda each: -each.distance)


def distance(found: Sequence[Difference]) -> float:
    """The distance of a situation: its differences added up, to six digits so that equals are equal."""
    return round(math.fsum(each.distance for each in found), 6)


def lr_factor_of_batch_size(optimizer: str, asked: int, measured: int) -> float:
    """By what the best LR is expected to be multiplied when the batch size changes; see the module."""
    ratio = asked / measured
    return ratio if optimizer in LINEAR_IN_BATCH else math.sqrt(ratio)


def lr_factor_of_epochs(asked: int, measured: int) -> float:
    """By what the best LR is expected to be multiplied when the length changes; see the module."""
    return float((asked / measured) ** -HORIZON_EXPONENT)


def _batch_size(asked: Situation, measured: Situation) -> Iterator[Difference]:
    wanted, had = asked.batch_size, measured.batch_size
    if wanted is None or had is None or wanted == had:
        return
    name = measured.optimizer.name if measured.optimizer else ""
    factor = lr_factor_of_batch_size(name, wanted, had)
    law = "in proportion to it" if name in LINEAR_IN_BATCH else "with its square root"
    yield Difference(
        what="batch_size",
        asked=wanted,
        measured=had,
        distance=abs(math.log2(factor)),
        warning=f"Measured at batch size {had}, not {wanted}: the best LR of {name or 'an optimizer'} "
        f"usually goes {law}, here by a factor of {factor:.2g}.",
    )


def _epochs(asked: Situation, measured: Situation) -> Iterator[Difference]:
    wanted, had = asked.epochs, measured.epochs
    if wanted is None or had is None or wanted == had:
        return
    factor = lr_factor_of_epochs(wanted, had)
    longer = "A longer" if wanted > had else "A shorter"
    yield Difference(
        what="epochs",
        asked=wanted,
        measured=had,
        distance=abs(math.log2(factor)),
        warning=f"Measured over {had} epochs, not {wanted}. {longer} training usually wants "
        f"{'a lower' if wanted > had else 'a higher'} LR, here by a factor of about {factor:.2g}.",
    )


def _params(asked: Situation, measured: Situation) -> Iterator[Difference]:
    for name, wanted in (asked.params or {}).items():
        had = (measured.params or {}).get(name)
        if _same(wanted, had):
            continue
        yield Difference(
            what=f"params/{name}",
            asked=wanted,
            measured=had,
            distance=_share(wanted, had),
            warning=f"Measured with {name} {_told(had)}, not {_told(wanted)}: "
            "another network may want another LR.",
        )


def _share(wanted: Any, had: Any) -> float:
    if not (_positive(wanted) and _positive(had)):
        return OTHER_PARAM
    return min(abs(math.log2(wanted) - math.log2(had)), LARGEST_PARAM)


def _options(asked: Situation, measured: Situation) -> Iterator[Difference]:
    if asked.optimizer is None or measured.optimizer is None:
        return
    name = measured.optimizer.name
    known = OPTIMIZERS.get(name)
    defaults = {option.name: option.default for option in known.options.values()} if known else {}
    had = {**defaults, **measured.optimizer.options}
    for option, wanted in asked.optimizer.options.items():
        if _same(wanted, had.get(option)):
            continue
        share, why = OTHER_OPTION, "this may move the best LR."
        if option == "momentum" and name == "sgd" and _fraction(wanted) and _fraction(had.get(option)):
            factor = (1 - wanted) / (1 - had[option])
            share = abs(math.log2(factor))
            why = f"the best LR usually goes with 1 - momentum, here by a factor of {factor:.2g}."
        yield Difference(
            what=f"optimizer/{option}",
            asked=wanted,
            measured=had.get(option),
            distance=share,
            warning=f"Measured with {name}'s {option} {_told(had.get(option))}, not {_told(wanted)}: {why}",
        )


def _version(asked: Situation, measured: Situation) -> Iterator[Difference]:
    wanted, had = asked.task_version, measured.task_version
    if wanted is not None and had is not None and wanted != had:
        yield Difference(
            what="task_version",
            asked=wanted,
            measured=had,
            distance=OTHER_VERSION,
            warning=f"Measured on version {had} of the task, not {wanted}: its code differs.",
        )


def _precision(asked: Situation, measured: Situation) -> Iterator[Difference]:
    wanted, had = asked.precision, measured.precision
    if wanted is not None and had is not None and wanted != had:
        yield Difference(
            what="precision",
            asked=wanted,
            measured=had,
            distance=OTHER_PRECISION,
            warning=f"Measured in {had}, not {wanted}: lower precision may diverge at a lower LR.",
        )


def _same(one: Any, other: Any) -> bool:
    """Whether two JSON values are the same; true is not 1, a tuple is a list."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(_same, one, other))
    return bool(one == other)


def _positive(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < math.inf


def _fraction(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1


def _told(value: Any) -> str:
    text = f"{value:g}" if isinstance(value, float) else str(value)
    return text if len(text) <= 40 else f"{text[:39]}…"
