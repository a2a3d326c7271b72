"""A measured schedule as a torch LR scheduler. The one module of what users import that imports torch."""

from __future__ import annotations

import math
from typing import Any

from torch import Tensor
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from lrtune.schedules import start
from lrtune.wire import Setting


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
        rates = [float(group["lr"]) for group in optimizer.param_groups]
        if not any(math.isclose(rate, setting.initial_lr, rel_tol=1e-6) for rate in rates):
            raise ValueError(
                f"The optimizer's LR is {', '.join(f'{rate:g}' for rate in rates)}, the measured one is "
                f"{setting.initial_lr:g}: make the optimizer with lr={setting.initial_lr!r}."
            )
        self._ratios = [rate / setting.initial_lr for rate in rates]
        self._course = start(setting, total_steps=total_steps, steps_per_epoch=steps_per_epoch)
        super().__init__(optimizer)

    def get_lr(self) -> list[float | Tensor]:
        """The LR of each parameter group at the step to come."""
        lr = self._course.lr(self.last_epoch)  # torch's name for the number of step() calls so far
        return [ratio * lr for ratio in self._ratios]

    def epoch_end(self, validation_loss: float) -> None:
        """Tell the validation loss after an epoch; takes effect on the epoch to come."""
        self._course.epoch_end(float(validation_loss))
        self._apply()

    def state_dict(self) -> dict[str, Any]:
        """What ``load_state_dict`` needs to go on from here."""
        return {"step": self.last_epoch, "ratios": list(self._ratios), "course": self._course.state_dict()}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from a ``state_dict`` of a scheduler of the same setting and length."""
        self.last_epoch = int(state_dict["step"])
        self._ratios = [float(ratio) for ratio in state_dict["ratios"]]
        self._course.load_state_dict(state_dict["course"])
        self._apply()

    def _apply(self) -> None:
        for group, lr in zip(self.optimizer.param_groups, self.get_lr(), strict=True):
            group["lr"] = lr
        self._last_lr = [group["lr"] for group in self.optimizer.param_groups]
