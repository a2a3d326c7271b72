"""Code to paste: optimizer and schedule of a setting, whose LR sequence equals ours step by step."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Protocol

from lrtune.schedules.export.keras import keras_code
from lrtune.schedules.export.lightning import lightning_code
from lrtune.schedules.export.plain import plain_code
from lrtune.schedules.export.pytorch import pytorch_code
from lrtune.schedules.export.transformers import transformers_code
from lrtune.wire import OptimizerSpec, Setting

__all__ = [
    "EXPORTS",
    "Export",
    "keras_code",
    "lightning_code",
    "plain_code",
    "pytorch_code",
    "transformers_code",
]


class Export(Protocol):
    """Writes a setting as code.

    ``function`` is where the function of a task's own schedule is imported from, ``module:function``.

    Raises:
        ScheduleError: The setting or a length is wrong.
        OptimizerError: The optimizer or an option of it is wrong.
    """

    def __call__(
        self,
        setting: Setting,
        *,
        optimizer: OptimizerSpec,
        total_steps: int,
        steps_per_epoch: int,
        epochs: int,
        function: str | None = None,
    ) -> str: ...


EXPORTS: Mapping[str, Export] = MappingProxyType(
    {
        "pytorch": pytorch_code,
        "keras": keras_code,
        "lightning": lightning_code,
        "transformers": transformers_code,
        "plain": plain_code,
    }
)
"""Every framework that code is written for, by name."""
