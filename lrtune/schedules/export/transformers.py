"""A setting as optimizer and scheduler of a Transformers Trainer."""

from __future__ import annotations

from lrtune.schedules.export.heading import heading
from lrtune.schedules.export.late_plateau import late, late_plateau
from lrtune.schedules.export.piece import blocks, comment
from lrtune.schedules.export.torch_source import torch_source
from lrtune.wire import OptimizerSpec, Setting

# The Trainer steps a plateau after an evaluation, or another scheduler after each step, but not both.
_CALLBACK = """\
class StepPlateau(transformers.TrainerCallback):
    \"\"\"Steps the plateau after each evaluation; the Trainer itself steps the warmup.\"\"\"

    def on_evaluate(self, args, state, control, metrics, **kwargs):
        plateau.step(metrics["eval_loss"])
"""


def transformers_code(
    setting: Setting,
    *,
    optimizer: OptimizerSpec,
    total_steps: int,
    steps_per_epoch: int,
    epochs: int,
    function: str | None = None,
) -> str:
    """Source that makes ``optimizer``, ``scheduler`` and ``callbacks`` for a Trainer of a ``model``.

    Raises:
        ScheduleError: The setting or a length is wrong.
        OptimizerError: The optimizer or an option of it is wrong.
    """
    source = torch_source(
        setting,
        optimizer=optimizer,
        total_steps=total_steps,
        steps_per_epoch=steps_per_epoch,
        function=function,
    )
    plateau = source.plateau
    definitions, schedule, callbacks = source.definitions, source.schedule, "callbacks = []\n"
    both = plateau is not None and source.horizon.warmup_steps > 0
    if plateau is not None and both:
        if plateau.first_epoch:
            definitions, schedule = late_plateau(plateau.first_epoch), late(schedule)
        schedule = schedule.replace("\nscheduler = ", "\nplateau = ").replace("warmup = ", "scheduler = ", 1)
        callbacks = "callbacks = [StepPlateau()]\n"
    return blocks(
        heading(setting, source.horizon, epochs),
        *source.standard,
        "import torch\nimport transformers\n" if both else "import torch\n",
        definitions,
        source.optimizer,
        schedule,
        _CALLBACK if both else "",
        callbacks,
        comment(_usage(epochs, plateau=plateau is not None)),
    )


def _usage(epochs: int, *, plateau: bool) -> str:
    evaluation = '    eval_strategy="epoch",\n    metric_for_best_model="eval_loss",\n' if plateau else ""
    return (
        "arguments = transformers.TrainingArguments(\n"
        '    output_dir="output",\n'
        f"    num_train_epochs={epochs},\n"
        "    per_device_train_batch_size=...,  # the measured one\n"
        "    per_device_eval_batch_size=...,  # a divisor of the validation examples: the rest is dropped\n"
        "    dataloader_drop_last=True,\n"
        "    max_grad_norm=0.0,  # no clipping; else what your task clips at\n"
        f"{evaluation}"
        ")\n"
        "trainer = transformers.Trainer(\n"
        "    model,\n"
        "    arguments,\n"
        "    train_dataset=train,\n"
        "    eval_dataset=valid,\n"
        "    optimizers=(optimizer, scheduler),\n"
        "    callbacks=callbacks,\n"
        ")"
    )
