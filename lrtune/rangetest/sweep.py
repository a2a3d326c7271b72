"""A sweep: the learning rates it visits, and the losses that the seeds had there."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lrtune.rangetest.errors import CurveTooShort, RangeTestError
from lrtune.wire import LR_MAX, LR_MIN, Curve

FloatArray = NDArray[np.float64]

MIN_POINTS = 8
MIN_DECADES = 1.0

VALIDATION_EXAMPLES = 512
"""So many validation examples, in whole batches, tell the validation loss at each LR, or all there are."""

HUGE = 1e100
"""A loss beyond this counts as infinite: the arithmetic on it would overflow."""


def sweep_lrs(min_lr: float, max_lr: float, steps_per_decade: int) -> FloatArray:
    """The learning rates of a sweep: exponential, both ends included.

    Returns:
        Shape ``(round(decades * steps_per_decade) + 1,)``, strictly increasing; the ends are exact.

    Raises:
        RangeTestError: The ends are not two rising learning rates, or ``steps_per_decade`` is below one.
    """
    if not LR_MIN <= min_lr < max_lr <= LR_MAX:
        raise RangeTestError(
            "min_lr",
            f"a sweep from {min_lr:g} to {max_lr:g} does not rise within [{LR_MIN:g}, {LR_MAX:g}]",
            "give min_lr below max_lr, e.g. 1e-7 to 10",
        )
    if steps_per_decade < 1:
        raise RangeTestError("steps_per_decade", f"{steps_per_decade} is below 1", "give e.g. 25")
    steps = max(round(math.log10(max_lr / min_lr) * steps_per_decade), 1)
    lrs = np.geomspace(min_lr, max_lr, steps + 1, dtype=np.float64)
    lrs[0], lrs[-1] = min_lr, max_lr
    return lrs


@dataclass(frozen=True)
class Sweep:
    """A checked sweep.

    ``x`` is log10 of the LR, strictly increasing, shape (steps,). ``loss`` has shape (seeds, steps) and is
    ``inf`` from each seed's first value on that is not a finite number: a network that blew up stays so.
    """

    x: FloatArray
    loss: FloatArray

    @property
    def seeds(self) -> int:
        return len(self.loss)

    @classmethod
    def of(cls, lr: ArrayLike, loss: ArrayLike) -> Sweep:
        """Check a sweep.

        Args:
            lr: Learning rates, strictly increasing, shape (steps,).
            loss: Raw losses, NaN (or infinite) after divergence, shape (seeds, steps), or (steps,) for one.

        Raises:
            CurveTooShort: Fewer than eight points or less than one decade.
            RangeTestError: Anything else that is no sweep.
        """
        _even(loss)
        rates = _numbers("lr", lr)
        losses = np.atleast_2d(_numbers("loss", loss))
        if rates.ndim != 1:
            raise RangeTestError("lr", f"has shape {rates.shape}", "give one list of learning rates")
        if losses.ndim != 2 or losses.shape[1] != len(rates) or len(losses) == 0:
            raise RangeTestError(
                "loss",
                f"has shape {losses.shape}, but there are {len(rates)} learning rates",
                "give one loss for each learning rate and seed: shape (seeds, steps)",
            )
        if len(rates) < MIN_POINTS:
            raise CurveTooShort(
                "lr", f"{len(rates)} points are too few", f"sweep at least {MIN_POINTS}, better 25 a decade"
            )
        if not ((rates > 0) & (rates < HUGE)).all():
            raise RangeTestError("lr", "holds a value that is not a number above 0", "leave such points out")
        if not (np.diff(rates) > 0).all():
            raise RangeTestError("lr", "does not rise strictly", "sort it, and give each learning rate once")
        x = np.log10(rates)
        if x[-1] - x[0] < MIN_DECADES - 1e-9:
            raise CurveTooShort(
                "lr",
                f"spans {x[-1] - x[0]:.2g} decades",
                "sweep at least one decade, better eight, e.g. 1e-7 to 10",
            )
        bad = ~(np.abs(np.nan_to_num(losses, nan=np.inf)) <= HUGE)
        return cls(x, np.where(np.logical_or.accumulate(bad, axis=1), np.inf, losses))


def _even(loss: ArrayLike) -> None:
    """Refuse seeds of different lengths, which numpy would refuse in words of its own."""
    if not isinstance(loss, list | tuple):
        return
    lengths = [len(row) for row in loss if isinstance(row, list | tuple)]
    for number, length in enumerate(lengths):
        if length != lengths[0]:
            raise RangeTestError(
                "loss",
                f"has {length} values in row {number} but {lengths[0]} in row 0",
                "give every seed one loss for each learning rate, null (NaN) after divergence",
            )


def _numbers(field: str, values: ArrayLike) -> FloatArray:
    try:
        return np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise RangeTestError(field, f"is no array of numbers ({error})", "give plain numbers") from error


def arrays(curves: Sequence[Curve]) -> tuple[FloatArray, FloatArray]:
    """Stored curves as ``(lr, loss)`` with shapes (steps,) and (seeds, steps); null becomes NaN.

    Raises:
        RangeTestError: There is no curve, or the seeds did not sweep the same learning rates.
    """
    if not curves:
        raise RangeTestError("curves", "there is none", "sweep at least one seed")
    lr = np.array(curves[0].lr, dtype=np.float64)
    for curve in curves:
        if len(curve.lr) != len(lr) or len(curve.loss) != len(lr) or not np.allclose(curve.lr, lr, rtol=1e-9):
            raise RangeTestError(
                "curves", f"seed {curve.seed} swept other learning rates", "sweep all seeds alike"
            )
    return lr, np.array([[np.nan if v is None else v for v in c.loss] for c in curves], dtype=np.float64)
