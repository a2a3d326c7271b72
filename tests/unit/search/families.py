"""A small table of families for tests: every kind of parameter, none of the real ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lrtune.wire import Phase, Report, Setting, Trial, TrialState


@dataclass(frozen=True)
class Param:
    name: str
    kind: str
    low: Any = None
    high: Any = None
    log: bool = False
    choices: Any = None
    default: Any = None


@dataclass(frozen=True)
class Family:
    params: tuple[Param, ...]


@dataclass(frozen=True)
class Prior:
    center: float
    low: float
    high: float


WARMUP = Param("warmup", "float", 0.0, 0.1, default=0.0)

FAMILIES = {
    "constant": Family((WARMUP,)),
    "cosine": Family((Param("min_ratio", "float", 0.0, 0.1, default=0.0), WARMUP)),
    "exponential": Family((Param("final_ratio", "float", 1e-4, 0.5, log=True, default=0.01), WARMUP)),
    "multistep": Family(
        (
            Param("gamma", "float", 0.1, 0.7, default=0.1),
            Param("drops", "list", 0.3, 0.95, default=(0.5, 0.75)),
        )
    ),
    "plateau": Family(
        (
            Param("factor", "float", 0.1, 0.7, default=0.1),
            Param("cooldown", "int", 0, 5, default=0),
            Param("mode", "categorical", choices=("rel", "abs"), default="rel"),
        )
    ),
}

PRIOR = Prior(1e-2, 1e-4, 1.0)


def trial(
    number: int,
    setting: Setting,
    value: float | None,
    *,
    state: TrialState = TrialState.COMPLETE,
    losses: tuple[float | None, ...] = (),
    epochs: int = 9,
    generation: int = 0,
) -> Trial:
    return Trial(
        number=number,
        phase=Phase.SEARCH,
        generation=generation,
        state=state,
        schedule=setting.schedule,
        initial_lr=setting.initial_lr,
        params=setting.params,
        seed=0,
        epochs=epochs,
        value=value,
        curve=[
            Report(epoch=epoch, step=epoch * 10, lr=setting.initial_lr, values={"loss": loss})
            for epoch, loss in enumerate(losses, 1)
        ],
    )
