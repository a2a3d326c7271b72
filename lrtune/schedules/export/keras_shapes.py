"""The schedule of keras.optimizers.schedules for each family; a function of keras.ops where Keras has none.

Step 0 is the first after the warmup. Keras computes schedules in float32.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import singledispatch

from lrtune.schedules.export.piece import Piece, call
from lrtune.schedules.families.constant import Constant
from lrtune.schedules.families.cosine import Cosine
from lrtune.schedules.families.cyclic import Cyclic
from lrtune.schedules.families.exponential import Exponential
from lrtune.schedules.families.inverse_sqrt import InverseSqrt
from lrtune.schedules.families.inverse_time import InverseTime
from lrtune.schedules.families.linear import Linear
from lrtune.schedules.families.multistep import Multistep
from lrtune.schedules.families.one_cycle import OneCycle
from lrtune.schedules.families.piecewise import Piecewise
from lrtune.schedules.families.polynomial import Polynomial
from lrtune.schedules.families.step import Step
from lrtune.schedules.families.warm_restarts import WarmRestarts
from lrtune.schedules.families.wsd import Wsd
from lrtune.schedules.family import Shape


def _keras(name: str, **kwargs: object) -> Piece:
    return Piece(call(f"keras.optimizers.schedules.{name}", **kwargs))


def _function(*lines: str) -> Piece:
    body = "".join(f"    {line}\n" for line in lines)
    return Piece("decay", f'def decay(step):\n    """LR at an optimizer step after the warmup."""\n{body}')


def _constants(boundaries: Sequence[int], values: Sequence[float]) -> Piece:
    # Keras keeps a value up to and including its boundary.
    return _keras("PiecewiseConstantDecay", boundaries=[b - 1 for b in boundaries], values=list(values))


@singledispatch
def decay(shape: Shape) -> Piece:
    """An expression for a schedule, or the definition of ``decay(step)``, by the type of the shape."""
    raise TypeError(f"no Keras schedule is written for {type(shape).__name__}")


@decay.register
def _(shape: Constant) -> Piece:
    return _function(f"return keras.ops.full_like(step, {shape.initial_lr!r})")


@decay.register
def _(shape: Linear) -> Piece:
    return _keras(
        "PolynomialDecay",
        initial_learning_rate=shape.initial_lr,
        decay_steps=shape.steps,
        end_learning_rate=shape.end_lr,
    )


@decay.register
def _(shape: Step) -> Piece:
    boundaries = [shape.step_size * (i + 1) for i in range(shape.drops)]
    return _constants(boundaries, [shape.lr(step) for step in (0, *boundaries)])


@decay.register
def _(shape: Multistep) -> Piece:
    boundaries = sorted(set(shape.milestones))
    return _constants(boundaries, [shape.lr(step) for step in (0, *boundaries)])


@decay.register
def _(shape: Piecewise) -> Piece:
    boundaries = sorted(set(shape.boundaries))
    return _constants(boundaries, [shape.lr(step) for step in (0, *boundaries)])


@decay.register
def _(shape: Exponential) -> Piece:
    return _keras(
        "ExponentialDecay",
        initial_learning_rate=shape.initial_lr,
        decay_steps=shape.steps,
        decay_rate=shape.final_ratio,
    )


@decay.register
def _(shape: InverseTime) -> Piece:
    return _keras(
        "InverseTimeDecay",
        initial_learning_rate=shape.initial_lr,
        decay_steps=shape.steps,
        decay_rate=shape.decay,
    )


@decay.register
def _(shape: Polynomial) -> Piece:
    return _keras(
        "PolynomialDecay",
        initial_learning_rate=shape.initial_lr,
        decay_steps=shape.decay_steps,
        end_learning_rate=shape.end_lr,
        power=shape.power,
    )


@decay.register
def _(shape: Cosine) -> Piece:
    return _keras(
        "CosineDecay",
        initial_learning_rate=shape.initial_lr,
        decay_steps=shape.steps,
        alpha=shape.min_ratio,
    )


@decay.register
def _(shape: WarmRestarts) -> Piece:
    if shape.t_mult == 1:
        return _keras(
            "CosineDecayRestarts",
            initial_learning_rate=shape.initial_lr,
            first_decay_steps=shape.t_0,
            t_mul=1.0,
            alpha=shape.min_ratio,
        )
    # With longer and longer cosines Keras finds the cosine by a logarithm in float32, which at a restart is
    # as often wrong as right.
    starts = [float(start) for start in shape.starts]
    return _function(
        f"starts = keras.ops.convert_to_tensor({starts!r})",
        "start = keras.ops.max(keras.ops.where(starts <= step, starts, 0.0))",
        f"part = (step - start) / ({shape.t_0} + {shape.t_mult - 1} * start)",
        "height = (1 + keras.ops.cos(math.pi * part)) / 2",
        f"return {shape.min_lr!r} + {shape.initial_lr - shape.min_lr!r} * height",
    )


_SHRINKING = {
    "triangular": (),
    "triangular2": ("height = height * keras.ops.power(0.5, cycle)",),
}


@decay.register
def _(shape: Cyclic) -> Piece:
    shrinking = _SHRINKING.get(
        shape.mode, (f"height = height * keras.ops.power({shape.final_ratio!r}, step / {shape.steps})",)
    )
    return _function(
        f"cycle = keras.ops.floor(step / {2 * shape.step_size})",
        f"at = step - {2 * shape.step_size} * cycle",
        f"height = 1 - keras.ops.abs(at / {shape.step_size} - 1)",
        *shrinking,
        f"return {shape.base_lr!r} + {shape.max_lr - shape.base_lr!r} * height",
    )


@decay.register
def _(shape: OneCycle) -> Piece:
    top = shape.up_steps - 1
    return _function(
        f"up = (1 - keras.ops.cos(math.pi * step / {top})) / 2",
        f"down = (1 + keras.ops.cos(math.pi * (step - {top}) / {shape.steps - 1 - top})) / 2",
        f"rising = {shape.initial_lr!r} + {shape.max_lr - shape.initial_lr!r} * up",
        f"falling = {shape.min_lr!r} + {shape.max_lr - shape.min_lr!r} * down",
        f"return keras.ops.where(step <= {top}, rising, falling)",
    )


@decay.register
def _(shape: InverseSqrt) -> Piece:
    return _function(
        f"return {shape.initial_lr!r} * keras.ops.sqrt({shape.timescale} / ({shape.timescale} + step))"
    )


_DECAYS = {
    "linear": "1 - part",
    "1-sqrt": "1 - keras.ops.sqrt(part)",
    "cosine": "(1 + keras.ops.cos(math.pi * part)) / 2",
}


@decay.register
def _(shape: Wsd) -> Piece:
    return _function(
        f"part = (step - {shape.stable_steps}) / {shape.decay_steps}",
        "part = keras.ops.clip(part, 0.0, 1.0)",
        f"return {shape.initial_lr!r} * ({_DECAYS[shape.shape]})",
    )
