"""Keras code of a setting."""

from __future__ import annotations

from lrtune.schedules.export.heading import heading
from lrtune.schedules.export.imported_source import imported_factor
from lrtune.schedules.export.keras_optimizer import keras_optimizer
from lrtune.schedules.export.keras_plateau import plateau_callback
from lrtune.schedules.export.keras_shapes import decay
from lrtune.schedules.export.piece import blocks, comment
from lrtune.schedules.families.constant import Constant
from lrtune.schedules.families.plateau import Plateau
from lrtune.schedules.family import Shape
from lrtune.schedules.horizon import Horizon
from lrtune.schedules.imported import Imported, with_imported
from lrtune.schedules.laid import laid
from lrtune.wire import OptimizerSpec, Setting


def keras_code(
    setting: Setting,
    *,
    optimizer: OptimizerSpec,
    total_steps: int,
    steps_per_epoch: int,
    epochs: int,
    function: str | None = None,
) -> str:
    """Source that makes ``learning_rate`` (a number or a LearningRateSchedule) and ``optimizer``.

    Plateau has a callback in ``callbacks`` instead of a schedule: Keras refuses to reduce a schedule. Where
    Keras has no equal of the optimizer, no ``optimizer`` is made and a comment says so.

    Raises:
        ScheduleError: The setting or a length is wrong.
        OptimizerError: The optimizer or an option of it is wrong.
    """
    shape, horizon = laid(
        setting,
        total_steps=total_steps,
        steps_per_epoch=steps_per_epoch,
        families=with_imported(setting.schedule, setting.params, function),
    )
    fit = f"model.fit(x, y, epochs={epochs}, validation_data=validation"
    if isinstance(shape, Plateau):
        rate = f"learning_rate = {shape.initial_lr!r}\n"
        above, callbacks = plateau_callback(shape, horizon)
        fit += ", callbacks=callbacks"
    elif isinstance(shape, Imported):
        above, rate, callbacks = imported_factor(shape, horizon.warmup_steps), _table(shape, horizon), ""
    else:
        above, rate, callbacks = "", _rate(shape, horizon), ""
    body = f"{above}\n{rate}\n{callbacks}"
    return blocks(
        heading(setting, horizon, epochs),
        "import math\n\nimport keras\n" if "math." in body else "import keras\n",
        above,
        rate,
        keras_optimizer(optimizer),
        callbacks,
        comment(f"model.compile(optimizer=optimizer, loss=...)\n{fit})"),
    )


def _rate(shape: Shape, horizon: Horizon) -> str:
    if isinstance(shape, Constant) and not horizon.warmup_steps:
        return f"learning_rate = {shape.initial_lr!r}\n"
    piece = decay(shape)
    if not horizon.warmup_steps and not piece.above:
        return f"learning_rate = {piece.expression}\n"
    body = piece.above or f"decay = {piece.expression}\n"
    return blocks(body, _schedule(shape, horizon), "learning_rate = Schedule()")


def _table(shape: Imported, horizon: Horizon) -> str:
    """Keras calls a schedule with a tensor, which a function of Python numbers does not take: look it up."""
    return (
        f"RATES = [{shape.base_lr!r} * factor(step) for step in range({horizon.total_steps})]\n\n\n"
        '@keras.saving.register_keras_serializable(package="lrtune")\n'
        "class Schedule(keras.optimizers.schedules.LearningRateSchedule):\n"
        '    """The LR of each optimizer step; after the last one, that of the last one."""\n\n'
        "    def __call__(self, step):\n"
        f'        step = keras.ops.minimum(keras.ops.cast(step, "int32"), {horizon.total_steps - 1})\n'
        '        return keras.ops.take(keras.ops.convert_to_tensor(RATES, dtype="float32"), step)\n\n'
        "    def get_config(self):\n"
        "        return {}\n\n\n"
        "learning_rate = Schedule()\n"
    )


def _schedule(shape: Shape, horizon: Horizon) -> str:
    steps = horizon.warmup_steps
    if steps:
        doc = f"{steps} steps up to {shape.initial_lr!r}, then decay."
        call = (
            f"        rising = {shape.initial_lr!r} * (step + 1) / {steps + 1}\n"
            f"        falling = decay(keras.ops.maximum(step - {steps}, 0))\n"
            f"        return keras.ops.where(step < {steps}, rising, falling)\n"
        )
    else:
        doc, call = "The decay, as Keras takes it.", "        return decay(step)\n"
    return (
        '@keras.saving.register_keras_serializable(package="lrtune")\n'
        "class Schedule(keras.optimizers.schedules.LearningRateSchedule):\n"
        f'    """{doc}"""\n\n'
        "    def __call__(self, step):\n"
        '        step = keras.ops.cast(step, "float32")\n'
        f"{call}\n"
        "    def get_config(self):\n"
        "        return {}\n"
    )
