"""What the team measured earlier, as the first settings of a new search."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lrtune.nearness import lr_factor_of_batch_size, lr_factor_of_epochs
from lrtune.wire import LR_MAX, LR_MIN, BestAnswer, Setting

MOST = 2
"""Earlier settings that a search begins with: a quarter of its first generation, so wrong ones are cheap."""

FAR = 4.0
"""Answers further away than this, in doublings of the LR, say too little to be worth a training."""


@dataclass(frozen=True)
class Transferred:
    """A setting to begin with, and the job whose answer it was."""

    job: str
    setting: Setting


def transferred(
    answers: Sequence[BestAnswer], *, optimizer: str, batch_size: int, epochs: int, schedules: Sequence[str]
) -> list[Transferred]:
    """At most ``MOST`` settings out of earlier answers, the nearest first.

    The LR is moved by the laws of ``lrtune.nearness`` to this batch size and horizon; the parameters of
    schedules are parts of the run and stay as they are. Nothing is believed of them: they are trained like
    every other setting of the first generation, and the model learns from how they do.

    Args:
        answers: Nearest first, with their distances, all for this optimizer.
        optimizer: Its name.
        batch_size: Examples a step of the new job.
        epochs: Horizon of the new job.
        schedules: Families that the new job searches; answers with others are left out.
    """
    found: list[Transferred] = []
    for each in answers:
        answer, measured = each.answer, each.answer.provenance
        if each.distance > FAR or answer.schedule.family not in schedules:
            continue
        factor = lr_factor_of_batch_size(optimizer, batch_size, measured.batch_size)
        factor *= lr_factor_of_epochs(epochs, measured.epochs)
        lr = min(max(answer.initial_lr * factor, LR_MIN), LR_MAX)
        setting = Setting(schedule=answer.schedule.family, initial_lr=lr, params=answer.schedule.params)
        if all(setting != other.setting for other in found):
            found.append(Transferred(each.job, setting))
        if len(found) == MOST:
            break
    return found
