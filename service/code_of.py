"""An answer as code, by framework."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from lrtune import schedules
from lrtune.wire import Answer, OptimizerSpec, Setting

WRITERS: Mapping[str, Callable[..., str]] = {
    "pytorch": schedules.pytorch_code,
    "keras": schedules.keras_code,
}
"""Frameworks that code is written for."""


def text(answer: Answer, framework: str) -> str:
    """Optimizer and LR scheduler of the answer, whose LR sequence equals the measured one step by step.

    Args:
        answer: What was measured.
        framework: A key of ``WRITERS``.
    """
    measured = answer.provenance
    setting = Setting(
        schedule=answer.schedule.family, initial_lr=answer.initial_lr, params=answer.schedule.params
    )
    return WRITERS[framework](
        setting,
        optimizer=OptimizerSpec.model_validate(measured.optimizer),
        total_steps=measured.epochs * measured.steps_per_epoch,
        steps_per_epoch=measured.steps_per_epoch,
        epochs=measured.epochs,
    )
