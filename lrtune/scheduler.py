"""Learning rates as torch LR schedulers. Of what users import only this module and adapters import torch."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from lrtune.optimizers import OPTIMIZERS, check
from lrtune.schedules import start, with_imported
from lrtune.wire import OptimizerSpec, Setting

if TYPE_CHECKING:
    from lrtune.loops import LoopTrial


class MeasuredLR(LRScheduler):
    """Gives the LR of each optimizer step as it was measured; a new one for each training.

    Call ``step()`` after every ``optimizer.step()``, and ``epoch_end(validation_loss)`` after every epoch,
    which only a plateau schedule needs. No LR is overwritten: the optimizer has to be made with the measured
    initial LR, and a parameter group with another LR keeps its ratio to it.

    Args:
        optimizer: Made with ``lr=setting.initial_lr``.
        setting: Initial LR, schedule family and its parameters.
        total_steps: Optimizer steps of the whole training.
        steps_per_epoch: Optimizer steps of an epoch.

    Raises:
        ValueError: No parameter group has the setting's initial LR.
        lrtune.schedules.ScheduleError: The setting or a length is wrong.
    """

    def __init__(
        self, optimizer: Optimizer, setting: Setting, *, total_steps: int, steps_per_epoch: int
    ) -> None:
        self._ratios = ratios(optimizer, setting.initial_lr)
        # What a task's own schedule says only its function knows, which is told clearly at its first step.
        families = with_imported(setting.schedule, setting.params)
        self._course = start(
            setting, total_steps=total_steps, steps_per_epoch=steps_per_epoch, families=families
        )
        super().__init__(optimizer)

    def get_lr(self) -> list[float | Tensor]:
        """The LR of each parameter group at the step to come."""
        lr = self._course.lr(self.last_epoch)  # torch's name for the number of step() calls so far
        return [ratio * lr for ratio in self._ratios]

    def epoch_end(self, validation_loss: float) -> None:
        """Tell the validation loss after an epoch; takes effect on the epoch to come."""
        self._course.epoch_end(float(validation_loss))
        apply(self)

    def state_dict(self) -> dict[str, Any]:
        """What ``load_state_dict`` needs to go on from here."""
        return {"step": self.last_epoch, "ratios": list(self._ratios), "course": self._course.state_dict()}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from a ``state_dict`` of a scheduler of the same setting and length."""
        self.last_epoch = int(state_dict["step"])
        self._ratios = [float(ratio) for ratio in state_dict["ratios"]]
        self._course.load_state_dict(state_dict["course"])
        apply(self)


class TrialLR(LRScheduler):
    """Gives the LRs of a trial, step by step; ``LoopTrial.scheduler`` makes it.

    Args:
        optimizer: Made with ``lr=trial.initial_lr``.
        trial: Whose LRs; it calls ``refresh`` after each epoch that was reported.

    Raises:
        ValueError: No parameter group has the trial's initial LR.
    """

    def __init__(self, optimizer: Optimizer, trial: LoopTrial) -> None:
        self._ratios = ratios(optimizer, trial.initial_lr)
        self._trial = trial
        super().__init__(optimizer)

    def get_lr(self) -> list[float | Tensor]:
        """The LR of each parameter group at the step to come."""
        lr = self._trial.lr(self.last_epoch)
        return [ratio * lr for ratio in self._ratios]

    def refresh(self) -> None:
        """Set the LR of the step to come again: the epoch's loss may have made it drop."""
        apply(self)


def ratios(optimizer: Optimizer, initial_lr: float) -> list[float]:
    """Each parameter group's LR over ``initial_lr``.

    Raises:
        ValueError: No group has that LR.
    """
    rates = [float(group["lr"]) for group in optimizer.param_groups]
    if not any(math.isclose(rate, initial_lr, rel_tol=1e-6) for rate in rates):
        raise ValueError(
            f"The optimizer's LR is {', '.join(f'{rate:g}' for rate in rates)}, the measured one is "
            f"{initial_lr:g}: make the optimizer with lr={initial_lr!r}."
        )
    return [rate / initial_lr for rate in rates]


def apply(scheduler: LRScheduler) -> None:
    """Set the LRs that the scheduler gives for the step to come."""
    groups = scheduler.optimizer.param_groups
    for group, lr in zip(groups, scheduler.get_lr(), strict=True):
        group["lr"] = lr
    scheduler._last_lr = [group["lr"] for group in groups]


def make_optimizer(spec: OptimizerSpec, parameters: Iterable[Any], *, lr: float) -> Optimizer:
    """The torch.optim optimizer of a spec, its options filled in.

    Raises:
        OptimizerError: The name or an option is wrong.
    """
    options = check(spec)
    made: Optimizer = getattr(torch.optim, OPTIMIZERS[spec.name].torch_class)(parameters, lr=lr, **options)
    return made
