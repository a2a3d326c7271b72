"""Every fixed family as the source of a function of the standard library's ``math`` alone."""

from __future__ import annotations

from functools import singledispatch

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


def factor(shape: Shape) -> str:
    """Source of ``def factor(step)``: LR over the setting's ``initial_lr``.

    ``step`` counts from the end of the warmup. The source needs ``math`` where its text says so.
    """
    lines = "".join(f"    {line}\n" for line in _body(shape).splitlines())
    doc = '"""LR over the tuned one, at an optimizer step after the warmup."""'
    return f"def factor(step):\n    {doc}\n{lines}"


@singledispatch
def _body(shape: Shape) -> str:
    raise TypeError(f"no factor is written for {type(shape).__name__}")


@_body.register
def _(shape: Constant) -> str:
    return "return 1.0"


@_body.register
def _(shape: Linear) -> str:
    return f"return 1 + ({shape.end_ratio!r} - 1) * step / {shape.steps}"


@_body.register
def _(shape: Step) -> str:
    return f"return {shape.gamma!r} ** (step // {shape.step_size})"


@_body.register
def _(shape: Multistep) -> str:
    return f"return {shape.gamma!r} ** sum(step >= drop for drop in {list(shape.milestones)!r})"


@_body.register
def _(shape: Piecewise) -> str:
    first, second = shape.boundaries
    _, middle, last = shape.factors
    return f"if step < {first}:\n    return 1.0\nif step < {second}:\n    return {middle!r}\nreturn {last!r}"


@_body.register
def _(shape: Exponential) -> str:
    return f"return {shape.final_ratio!r} ** (step / {shape.steps})"


@_body.register
def _(shape: InverseTime) -> str:
    return f"return 1 / (1 + {shape.decay!r} * step / {shape.steps})"


@_body.register
def _(shape: Polynomial) -> str:
    return (
        f"left = 1 - min(step, {shape.decay_steps}) / {shape.decay_steps}\n"
        f"return {_floor(shape.end_ratio)}left ** {shape.power!r}"
    )


@_body.register
def _(shape: Cosine) -> str:
    return f"return {_floor(shape.min_ratio)}(1 + math.cos(math.pi * step / {shape.steps})) / 2"


@_body.register
def _(shape: WarmRestarts) -> str:
    return (
        f"start, length = 0, {shape.t_0}\n"
        "while step >= start + length:\n"
        f"    start, length = start + length, {shape.t_mult} * length\n"
        "part = (step - start) / length\n"
        f"return {_floor(shape.min_ratio)}(1 + math.cos(math.pi * part)) / 2"
    )


@_body.register
def _(shape: Cyclic) -> str:
    shrinking = {
        "triangular": "",
        "triangular2": "height *= 0.5**cycle\n",
        "exp_range": f"height *= {shape.final_ratio!r} ** (step / {shape.steps})\n",
    }
    return (
        f"cycle, at = divmod(step, {2 * shape.step_size})\n"
        f"height = 1 - abs(at / {shape.step_size} - 1)\n"
        f"{shrinking[shape.mode]}"
        f"return {_floor(shape.base_lr / shape.max_lr)}height"
    )


@_body.register
def _(shape: OneCycle) -> str:
    top, first, last = shape.up_steps - 1, shape.initial_lr / shape.max_lr, shape.min_lr / shape.max_lr
    return (
        f"if step <= {top}:\n"
        f"    return {_floor(first)}(1 - math.cos(math.pi * step / {top})) / 2\n"
        f"part = (step - {top}) / {shape.steps - 1 - top}\n"
        f"return {_floor(last)}(1 + math.cos(math.pi * part)) / 2"
    )


@_body.register
def _(shape: InverseSqrt) -> str:
    return f"return math.sqrt({shape.timescale} / ({shape.timescale} + step))"


_DECAYS = {
    "linear": "1 - part",
    "1-sqrt": "1 - math.sqrt(part)",
    "cosine": "(1 + math.cos(math.pi * part)) / 2",
}


@_body.register
def _(shape: Wsd) -> str:
    return (
        f"part = (step - {shape.stable_steps}) / {shape.decay_steps}\n"
        "if part < 0:\n    return 1.0\n"
        # A scheduler is stepped once more after the last optimizer step.
        "part = min(part, 1.0)\n"
        f"return {_DECAYS[shape.shape]}"
    )


def _floor(ratio: float) -> str:
    """The beginning of ``ratio + (1 - ratio) * …``."""
    return f"{ratio!r} + {1 - ratio!r} * " if ratio else ""
