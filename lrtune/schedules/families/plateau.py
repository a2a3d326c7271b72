"""Drops when the validation loss stops falling."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lrtune.schedules.family import WARMUP, Family, Param
from lrtune.schedules.horizon import Horizon, whole


@dataclass(frozen=True)
class Plateau:
    """The arguments of ``torch.optim.lr_scheduler.ReduceLROnPlateau``, with ``mode="min"`` and ``eps=0``.

    A loss is better than the best so far if it is below ``best · (1 − min_delta)`` (``rel``) or
    ``best − min_delta`` (``abs``); NaN never is. When more than ``patience`` epochs in a row were not
    better, the LR is multiplied by ``factor``, but kept at ``min_lr`` or above, and the next ``cooldown``
    epochs do not count as bad ones. The first epoch to count is ``first_epoch`` (0-based): the first with a
    step after the warmup.
    """

    initial_lr: float
    factor: float
    patience: int
    min_delta: float
    threshold_mode: str
    cooldown: int
    min_lr: float
    first_epoch: int

    def lr(self, step: int) -> float:
        """The LR as long as nothing was dropped; ``PlateauCourse`` knows the drops."""
        return self.initial_lr


def _lay(lr: float, params: Mapping[str, Any], horizon: Horizon) -> Plateau:
    return Plateau(
        initial_lr=lr,
        factor=params["factor"],
        patience=whole(params["patience"], horizon.epochs, least=0),
        min_delta=params["min_delta"],
        threshold_mode=params["threshold_mode"],
        cooldown=whole(params["cooldown"], horizon.epochs, least=0),
        min_lr=lr * params["min_ratio"],
        first_epoch=horizon.warmup_steps // horizon.steps_per_epoch,
    )


PLATEAU = Family(
    name="plateau",
    title="Reduce on plateau",
    summary="A drop whenever the validation loss has stopped falling.",
    params=(
        Param(
            name="factor",
            kind="float",
            default=0.3,
            low=0.1,
            high=0.7,
            least=1e-6,
            most=0.999,
            doc="What each drop multiplies the LR by.",
        ),
        Param(
            name="patience",
            kind="float",
            default=0.1,
            low=0.02,
            high=0.15,
            least=0.0,
            most=1.0,
            doc="Epochs without a better validation loss that are put up with, as a fraction of all epochs.",
        ),
        Param(
            name="min_delta",
            kind="float",
            default=1e-4,
            low=1e-5,
            high=1e-2,
            log=True,
            least=0.0,
            most=1e6,
            doc="How much lower than the best a loss must be to be better, as threshold_mode says.",
        ),
        Param(
            name="threshold_mode",
            kind="categorical",
            default="rel",
            choices=("rel",),
            allowed=("rel", "abs"),
            doc="Whether min_delta is a part of the best loss (rel) or a difference of losses (abs). Only "
            "rel is searched: it does not depend on the loss's scale. A loss that goes below 0 needs abs.",
        ),
        Param(
            name="cooldown",
            kind="float",
            default=0.0,
            low=0.0,
            high=0.1,
            least=0.0,
            most=1.0,
            doc="Epochs after a drop that do not count as bad, as a fraction of all epochs.",
        ),
        Param(
            name="min_ratio",
            kind="float",
            default=1e-4,
            low=1e-6,
            high=1e-2,
            log=True,
            least=0.0,
            most=1.0,
            doc="Lowest LR, over the initial LR.",
        ),
        WARMUP,
    ),
    simplicity=3,
    lay=_lay,
)
"""The cooldown is 0 to 5 epochs in the sources; here it is the same of a run of 50 epochs."""
