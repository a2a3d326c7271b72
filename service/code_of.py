"""An answer as code, by framework."""

from __future__ import annotations

from lrtune.schedules import EXPORTS
from lrtune.wire import Answer, OptimizerSpec, Setting


def text(answer: Answer, framework: str) -> str:
    """Optimizer and LR scheduler of the answer, whose LR sequence equals the measured one step by step.

    Args:
        answer: What was measured.
        framework: A key of ``EXPORTS``.
    """
    measured = answer.provenance
    setting = Setting(
        schedule=answer.schedule.family, initial_lr=answer.initial_lr, params=answer.schedule.params
    )
    return EXPORTS[framework](
        setting,
        optimizer=OptimizerSpec.model_validate(measured.optimizer),
        total_steps=measured.epochs * measured.steps_per_epoch,
        steps_per_epoch=measured.steps_per_epoch,
        epochs=measured.epochs,
        function=answer.schedule.function,
    )
