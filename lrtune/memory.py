"""The team's memory in a training script: ``lrtune.best("digits-mlp", "adamw").scheduler(optimizer)``."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lrtune.client import Client, NothingMeasured
from lrtune.wire import Answer, Difference, OptimizerSpec, Setting

if TYPE_CHECKING:
    from torch.optim import Optimizer

    from lrtune.scheduler import MeasuredLR


class MeasuredOtherwise(UserWarning):
    """The nearest answer was measured with something else than what was asked for."""


@dataclass(frozen=True)
class Best:
    """The nearest answer that was measured, and the job that measured it.

    Attributes:
        job: Id of the job.
        answer: The confirmed LR and schedule, with their evidence.
        distance: How far it lies from what was asked for, in doublings of the LR (``lrtune.nearness``).
        differences: What differs, the farthest first.
        epochs: Length of the training that was asked for; as measured if None.
    """

    job: str
    answer: Answer
    distance: float = 0.0
    differences: list[Difference] = field(default_factory=list)
    epochs: int | None = None

    @property
    def warnings(self) -> list[str]:
        """What to be careful about: what differs, then what the answer itself warns of."""
        return [*(each.warning for each in self.differences), *self.answer.warnings]

    @property
    def initial_lr(self) -> float:
        """The LR to make the optimizer with, as measured: never scaled to what was asked for."""
        return self.answer.initial_lr

    @property
    def setting(self) -> Setting:
        """Initial LR and schedule."""
        schedule = self.answer.schedule
        return Setting(schedule=schedule.family, initial_lr=self.answer.initial_lr, params=schedule.params)

    def scheduler(
        self, optimizer: Optimizer, *, epochs: int | None = None, steps_per_epoch: int | None = None
    ) -> MeasuredLR:
        """The measured schedule, for an optimizer that was made with ``lr=best.initial_lr``.

        Args:
            optimizer: Whose LR to set.
            epochs: Length of the training; what was asked for, else as measured, if None.
            steps_per_epoch: Optimizer steps of an epoch; as measured if None.

        Raises:
            ValueError: The optimizer has another LR, or another batch size was asked for than was measured
                and ``steps_per_epoch`` is not given.
        """
        from lrtune.scheduler import MeasuredLR  # torch, which nothing else here needs

        measured = self.answer.provenance
        if steps_per_epoch is None and any(each.what == "batch_size" for each in self.differences):
            raise ValueError(
                f"An epoch had {measured.steps_per_epoch} steps at batch size {measured.batch_size}; "
                "at yours it has another number: give steps_per_epoch=len(train_loader)."
            )
        steps = measured.steps_per_epoch if steps_per_epoch is None else steps_per_epoch
        length = next(each for each in (epochs, self.epochs, measured.epochs) if each is not None)
        return MeasuredLR(optimizer, self.setting, total_steps=steps * length, steps_per_epoch=steps)


def best(
    task: str,
    optimizer: str | OptimizerSpec | Mapping[str, Any] | None = None,
    *,
    params: Mapping[str, Any] | None = None,
    batch_size: int | None = None,
    epochs: int | None = None,
    precision: str | None = None,
    client: Client | None = None,
) -> Best:
    """The answer nearest to what is asked for, and the best among equally near ones.

    What differs is shown as a warning (``MeasuredOtherwise``); arguments that are not given are not compared.

    Args:
        task: ``name`` (its newest version is asked for), ``name@3``, or ``name@`` and a digest's start.
        optimizer: Only answers for this optimizer; its options are compared.
        params: Parameters of the task.
        batch_size: Examples a step.
        epochs: Length of a training.
        precision: ``float32``, …
        client: To the server; by ``LRTUNE_URL`` and ``LRTUNE_TOKEN`` if None.

    Raises:
        NothingMeasured: No job has an answer.
        ClientError: As every call of ``Client``.
    """
    if client is None:
        with Client() as own:
            found = _nearest(own, task, optimizer, params, batch_size, epochs, precision)
    else:
        found = _nearest(client, task, optimizer, params, batch_size, epochs, precision)
    for each in found.differences:
        warnings.warn(f"{task}: {each.warning}", MeasuredOtherwise, stacklevel=2)
    return found


def _nearest(
    client: Client,
    task: str,
    optimizer: str | OptimizerSpec | Mapping[str, Any] | None,
    params: Mapping[str, Any] | None,
    batch_size: int | None,
    epochs: int | None,
    precision: str | None,
) -> Best:
    answers = client.best(
        task, optimizer, params=params, batch_size=batch_size, epochs=epochs, precision=precision
    )
    found = next(answers, None)
    if found is None:
        name = optimizer if optimizer is None or isinstance(optimizer, str) else _name(optimizer)
        raise NothingMeasured(task, name)
    return Best(found.job, found.answer, found.distance, found.differences, epochs)


def _name(optimizer: OptimizerSpec | Mapping[str, Any]) -> str:
    return OptimizerSpec.model_validate(optimizer).name
