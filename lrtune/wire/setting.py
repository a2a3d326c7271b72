"""A setting: what one training runs with, as far as the learning rate is concerned."""

from __future__ import annotations

from pydantic import Field

from lrtune.wire.base import LearningRate, Resource

ParamValue = float | int | str | bool | None | list[float]


class Setting(Resource):
    """An initial LR and a schedule with its horizon-relative parameters.

    ``schedule`` is a family name of ``lrtune.schedules``; ``params`` holds that family's parameters,
    the warmup fraction (``warmup``, 0 when absent) among them.
    """

    schedule: str
    initial_lr: LearningRate
    params: dict[str, ParamValue] = Field(default_factory=dict)
