"""Families as a Python function ``factor(step)``: LR over initial LR, for schedulers that take a function."""

from __future__ import annotations

from functools import singledispatch

from lrtune.schedules.families.inverse_sqrt import InverseSqrt
from lrtune.schedules.families.inverse_time import InverseTime
from lrtune.schedules.families.piecewise import Piecewise
from lrtune.schedules.families.polynomial import Polynomial
from lrtune.schedules.families.wsd import Wsd
from lrtune.schedules.family import Shape


def factor(shape: Shape) -> str:
    """Source of ``def factor(step)``; ``step`` counts from the end of the warmup.

    It needs ``math`` where its text says so.
    """
    lines = "".join(f"    {line}\n" for line in _body(shape).splitlines())
    doc = '"""LR over the initial LR, at an optimizer step after the warmup."""'
    return f"def factor(step):\n    {doc}\n{lines}"


@singledispatch
def _body(shape: Shape) -> str:
    raise TypeError(f"no factor is written for {type(shape).__name__}")


@_body.register
def _(shape: InverseTime) -> str:
    return f"return 1 / (1 + {shape.decay!r} * step / {shape.steps})"


@_body.register
def _(shape: InverseSqrt) -> str:
    return f"return math.sqrt({shape.timescale} / ({shape.timescale} + step))"


@_body.register
def _(shape: Polynomial) -> str:
    return (
        f"left = 1 - min(step, {shape.decay_steps}) / {shape.decay_steps}\n"
        f"return {shape.end_ratio!r} + (1 - {shape.end_ratio!r}) * left ** {shape.power!r}"
    )


@_body.register
def _(shape: Piecewise) -> str:
    first, second = shape.boundaries
    _, middle, last = shape.factors
    return f"if step < {first}:\n    return 1.0\nif step < {second}:\n    return {middle!r}\nreturn {last!r}"


_DECAYS = {
    "linear": "1 - part",
    "1-sqrt": "1 - math.sqrt(part)",
    "cosine": "(1 + math.cos(math.pi * part)) / 2",
}


@_body.register
def _(shape: Wsd) -> str:
    return (
        f"part = (step - {shape.stable_steps}) / {shape.decay_steps}\n"
        f"if part < 0:\n    return 1.0\n"
        # The scheduler is stepped once more after the last optimizer step.
        f"part = min(part, 1.0)\n"
        f"return {_DECAYS[shape.shape]}"
    )
