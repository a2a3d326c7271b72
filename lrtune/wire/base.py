"""What every wire model shares: requests refuse what they don't know, resources ignore it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

LR_MIN = 1e-12
"""Smallest learning rate any field accepts: below it a float32 weight of order one no longer moves."""

LR_MAX = 1e4
"""Largest learning rate any field accepts."""

Precision = Literal["float32", "bf16", "fp16"]
"""Of the forward pass: the two others run under autocast."""

LearningRate = Annotated[float, Field(gt=0, ge=LR_MIN, le=LR_MAX, allow_inf_nan=False)]
Seed = Annotated[int, Field(ge=0, le=2**31 - 1)]
Interval = tuple[float, float]
"""A closed interval ``[low, high]``."""


class Request(BaseModel):
    """A body that a client sends: an unknown field is an error, so a typo never passes silently."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Resource(BaseModel):
    """A body that the server sends: a client ignores fields that a newer server added."""

    model_config = ConfigDict(extra="ignore", frozen=True)
