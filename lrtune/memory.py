"""The team's memory in a training script: ``lrtune.best("digits-mlp", "adamw").scheduler(optimizer)``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lrtune.client import Client, NothingMeasured
from lrtune.wire import Answer, Setting

if TYPE_CHECKING:
    from torch.optim import Optimizer

    from lrtune.scheduler import MeasuredLR


@dataclass(frozen=True)
class Best:
    """The best answer that was measured, and the job that measured it."""

    job: str
    answer: Answer

    @property
    def initial_lr(self) -> float:
        """The LR to make the optimizer with."""
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
            epochs: Length of the training; as measured if None. Another one wants another measurement.
            steps_per_epoch: Optimizer steps of an epoch; as measured if None.

        Raises:
            ValueError: The optimizer has another LR.
        """
        from lrtune.scheduler import MeasuredLR  # torch, which nothing else here needs

        measured = self.answer.provenance
        steps = measured.steps_per_epoch if steps_per_epoch is None else steps_per_epoch
        total = steps * (measured.epochs if epochs is None else epochs)
        return MeasuredLR(optimizer, self.setting, total_steps=total, steps_per_epoch=steps)


def best(task: str, optimizer: str | None = None, *, client: Client | None = None) -> Best:
    """The best answer that any job has measured for a task.

    Args:
        task: The task's name.
        optimizer: Only answers for this optimizer.
        client: To the server; by ``LRTUNE_URL`` and ``LRTUNE_TOKEN`` if None.

    Raises:
        NothingMeasured: No job has an answer.
        ClientError: As every call of ``Client``.
    """
    if client is None:
        with Client() as own:
            return best(task, optimizer, client=own)
    found = next(client.best(task, optimizer), None)
    if found is None:
        raise NothingMeasured(task, optimizer)
    return Best(found.job, found.answer)
