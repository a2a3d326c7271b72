"""Lines over a run: the learning rate of schedules, and losses of trainings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from lrtune import schedules
from lrtune.wire import Report, Setting
from service.pages.data.brief import brief, thin
from service.pages.data.families import colour

STEPS = 300
"""Steps at which a schedule is drawn."""

EPOCHS = 120
"""Epochs at which a curve is drawn."""


@dataclass(frozen=True)
class Contender:
    """A line's name and setting, and the reports of the trainings behind it, by seed.

    ``baseline`` is what the answer is compared with, ``chosen`` the answer itself.
    """

    name: str
    setting: Setting
    runs: Sequence[Sequence[Report]] = ()
    chosen: bool = False
    baseline: bool = False

    def line(self, **drawn: Any) -> dict[str, Any]:
        kind = "chosen" if self.chosen else "baseline" if self.baseline else "finalist"
        return {"name": self.name, "kind": kind, "colour": colour(self.setting.schedule), **drawn}


def every(epochs: int) -> int:
    """How far apart the epochs are that are drawn."""
    return max(1, -(-epochs // EPOCHS))


def courses(contenders: Sequence[Contender], *, epochs: int, steps_per_epoch: int) -> dict[str, Any]:
    """The LR of each contender over the run, by step.

    A plateau's LR hangs on the losses it saw, and a task's own schedule runs in the task alone: of these the
    LRs of the first training are shown, as it reported them.
    """
    total = epochs * steps_per_epoch
    steps = thin(range(total), STEPS)
    lines = []
    for each in contenders:
        found = _course(each, steps, total, steps_per_epoch)
        if found is not None:
            lines.append(each.line(values=found))
    return {
        "label": "Learning rate by optimizer step of " + ", ".join(line["name"] for line in lines),
        "x": steps,
        "x_name": "optimizer step",
        "lines": lines,
    }


def shares(contenders: Sequence[tuple[Contender, int, int]]) -> dict[str, Any]:
    """The LR of answers over runs of different lengths, by percent of the run.

    Args:
        contenders: Each with its epochs and the optimizer steps of one. A plateau without its losses, and a
            task's own schedule, cannot be drawn and are left out.
    """
    percents = [round(100 * place / (STEPS - 1), 2) for place in range(STEPS)]
    shown = []
    for each, epochs, steps_per_epoch in contenders:
        total = epochs * steps_per_epoch
        steps = [min(total - 1, round(percent / 100 * (total - 1))) for percent in percents]
        found = _course(each, steps, total, steps_per_epoch)
        if found is not None:
            shown.append(each.line(values=found))
    return {
        "label": "Learning rate over the run of " + ", ".join(line["name"] for line in shown),
        "x": percents,
        "x_name": "percent of the run",
        "lines": shown,
    }


def curves(contenders: Sequence[Contender], value: str) -> dict[str, Any]:
    """A value of each contender by epoch: the mean over its trainings that have it."""
    epochs = sorted({report.epoch for each in contenders for run in each.runs for report in run})
    lines = []
    for each in contenders:
        by_epoch: dict[int, list[float]] = {}
        for run in each.runs:
            for report in run:
                found = report.values.get(value)
                if found is not None:
                    by_epoch.setdefault(report.epoch, []).append(found)
        if by_epoch:
            lines.append(each.line(values=[_mean(by_epoch, epoch) for epoch in epochs]))
    return {
        "label": f"{value} by epoch of " + ", ".join(line["name"] for line in lines),
        "x": epochs,
        "x_name": "epoch",
        "lines": lines,
    }


def names(contenders: Sequence[Contender]) -> list[str]:
    """Names of the values that the contenders' trainings reported, the losses first."""
    found = {
        name: None for each in contenders for run in each.runs for report in run for name in report.values
    }
    return sorted(found, key=lambda name: (name != "loss", name != "train_loss", name))


def _mean(values: Mapping[int, Sequence[float]], epoch: int) -> float | None:
    return brief(fmean(values[epoch])) if epoch in values else None


def _course(
    each: Contender, steps: Sequence[int], total: int, steps_per_epoch: int
) -> list[float | None] | None:
    known = each.setting.schedule in schedules.FAMILIES and each.setting.schedule != "plateau"
    if known:
        course = schedules.start(each.setting, total_steps=total, steps_per_epoch=steps_per_epoch)
        return [brief(course.lr(step)) for step in steps]
    if not each.runs or not each.runs[0]:
        return None
    # The LR of the last step of each epoch holds for the whole of it.
    reports = list(each.runs[0])
    found: list[float | None] = []
    for step in steps:
        while len(reports) > 1 and reports[0].step <= step:
            reports.pop(0)
        found.append(brief(reports[0].lr))
    return found
