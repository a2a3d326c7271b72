"""Warmup, stable, decay: the trapezoid."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lrtune.schedules.family import WARMUP, Family, Param
from lrtune.schedules.horizon import Horizon, whole


@dataclass(frozen=True)
class Wsd:
    """``initial_lr`` for ``stable_steps``, then to 0 within ``decay_steps``.

    Hu et al. 2024 (arXiv:2404.06395); the shapes are those of Hägele et al. 2024 (arXiv:2405.18392). With
    ``part`` of the decay behind, the LR is ``1 − part`` (``linear``), ``1 − √part`` (``1-sqrt``) or
    ``(1 + cos(π · part)) / 2`` (``cosine``) of the initial one.
    """

    initial_lr: float
    stable_steps: int
    decay_steps: int
    shape: str

    def lr(self, step: int) -> float:
        if step < self.stable_steps:
            return self.initial_lr
        part = (step - self.stable_steps) / self.decay_steps
        if self.shape == "linear":
            return self.initial_lr * (1.0 - part)
        if self.shape == "1-sqrt":
            return self.initial_lr * (1.0 - math.sqrt(part))
        return self.initial_lr * 0.5 * (1.0 + math.cos(math.pi * part))


def _lay(lr: float, params: Mapping[str, Any], horizon: Horizon) -> Wsd:
    decay = whole(params["decay_fraction"], horizon.steps)
    return Wsd(lr, horizon.steps - decay, decay, params["shape"])


WSD = Family(
    name="wsd",
    title="Warmup, stable, decay",
    summary="The initial LR for most of the run, then down to 0 (trapezoid).",
    params=(
        Param(
            name="decay_fraction",
            kind="float",
            default=0.2,
            low=0.05,
            high=0.4,
            least=0.001,
            most=1.0,
            doc="Part of the run after the warmup, at its end, in which the LR falls.",
        ),
        Param(
            name="shape",
            kind="categorical",
            default="1-sqrt",
            choices=("linear", "1-sqrt", "cosine"),
            doc="How it falls.",
        ),
        WARMUP,
    ),
    simplicity=2,
    lay=_lay,
)
