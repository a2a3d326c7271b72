"""The comment that emitted code begins with."""

from __future__ import annotations

from lrtune.schedules.check import family
from lrtune.schedules.export.piece import comment
from lrtune.schedules.horizon import Horizon
from lrtune.schedules.imported import with_imported
from lrtune.wire import Setting


def heading(setting: Setting, horizon: Horizon, epochs: int) -> str:
    """What the code does, and the run that it is for."""
    title = family(setting.schedule, with_imported(setting.schedule, setting.params)).title
    warmup = f"; the first {horizon.warmup_steps:,} warm up" if horizon.warmup_steps else ""
    run = f"{horizon.total_steps:,} optimizer steps: {epochs:,} epochs of {horizon.steps_per_epoch:,}"
    return comment(
        f"{title}, learning rate {setting.initial_lr!r}, as tuned by lrtune.\n"
        f"For {run}{warmup}.\n"
        "Another number of epochs or batch size needs other numbers, and may need another learning rate."
    )
