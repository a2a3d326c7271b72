"""What an LR range test found."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator

from lrtune.wire.base import Interval, LearningRate, Request, Resource, Seed

MAX_POINTS = 2000
MAX_SEEDS = 64
"""What one posted sweep may hold: reading it takes time that grows with the square of its points."""

Loss = Annotated[float, Field(strict=True, allow_inf_nan=False)] | None


class Outcome(StrEnum):
    """How a range test ended. Every outcome but ``ok`` comes with reasons and what to do next."""

    OK = "ok"
    FLAT = "flat"
    NO_DIVERGENCE = "no_divergence"
    NOISY = "noisy"
    DIVERGED_AT_START = "diverged_at_start"
    OPTIMUM_AT_BOUNDARY = "optimum_at_boundary"


class Mark(Resource):
    """One LR on the curve with its 95 % bootstrap interval over seeds."""

    lr: float
    low: float
    high: float


class Marks(Resource):
    """Where the median curve starts to fall, falls fastest, bottoms out, and diverges; null = not seen."""

    rise: Mark | None = None
    steepest: Mark | None = None
    minimum: Mark | None = None
    divergence: Mark | None = None


class Bands(Resource):
    """LR intervals ``[low, high]``; neighbours touch. Null where the curve does not show the band."""

    small: Interval | None = None
    medium: Interval | None = None
    large: Interval | None = None
    diverging: Interval | None = None


class Curve(Resource):
    """One seed's raw loss against LR; ``loss`` is null where it was NaN or infinite."""

    seed: int
    lr: list[float]
    loss: list[float | None]


class Suggestion(Resource):
    """An LR with its interval: a hypothesis until ``verified`` by short decayed trainings (probes)."""

    lr: float
    low: float
    high: float
    verified: bool = False


class Sized(Resource):
    """The range test at one batch size; ``accumulate`` of the job's batches make a step."""

    batch_size: int
    accumulate: int = 1
    outcome: Outcome
    reasons: list[str]
    suggested_lr: float | None = None
    marks: Marks = Field(default_factory=Marks)
    curves: list[Curve] = Field(default_factory=list)


class ScalingRule(StrEnum):
    """How the LR grows with the batch: which exponents the interval holds, of 1 and 1/2."""

    LINEAR = "linear"
    SQUARE_ROOT = "square_root"
    NEITHER = "neither"
    UNDECIDED = "undecided"


class Scaling(Resource):
    """LR(batch) proportional to batch^``exponent``, with a 95 % bootstrap interval over seeds.

    ``exponent`` is null and ``rule`` undecided where fewer than two sizes show where their loss is lowest.
    ``lr`` is the fitted line at ``batch_size``, the job's own. ``sizes`` rise, the job's own among them.
    """

    by: Literal["batch_size", "accumulate"]
    rule: ScalingRule
    text: str
    exponent: float | None = None
    low: float | None = None
    high: float | None = None
    batch_size: int
    lr: float | None = None
    sizes: list[Sized]


class RangeTest(Resource):
    """Body of ``GET /v1/jobs/{id}/range-test``. ``suggested_lr`` repeats ``suggestion.lr``."""

    outcome: Outcome
    reasons: list[str]
    suggested_lr: float | None = None
    suggestion: Suggestion | None = None
    marks: Marks = Field(default_factory=Marks)
    bands: Bands = Field(default_factory=Bands)
    curves: list[Curve] = Field(default_factory=list)
    loss: Literal["training", "validation"] = "training"
    scaling: list[Scaling] = Field(default_factory=list)


class RangeTestRequest(Request):
    """Body of ``POST /v1/range-tests``: a sweep that was run elsewhere.

    ``loss`` holds the raw training losses, one list a seed with one value for each LR; null where a loss was
    NaN or infinite. A single list is one seed. ``seeds`` names them, 0, 1, … by default.
    """

    lr: Annotated[list[LearningRate], Field(max_length=MAX_POINTS)]
    loss: Annotated[
        list[Annotated[list[Loss], Field(max_length=MAX_POINTS)]],
        Field(min_length=1, max_length=MAX_SEEDS),
    ]
    seeds: list[Seed] | None = None

    @field_validator("loss", mode="before")
    @classmethod
    def _one_seed(cls, value: Any) -> Any:
        single = isinstance(value, list) and value and not any(isinstance(row, list) for row in value)
        return [value] if single else value
