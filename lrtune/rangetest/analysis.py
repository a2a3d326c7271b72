"""Reading a range test: marks with intervals, bands, a first suggestion, and how it ended."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from lrtune.rangetest.errors import RangeTestError
from lrtune.rangetest.interval import interval, resamples
from lrtune.rangetest.marks import Operators, Shape, median_curve, read
from lrtune.rangetest.outcome import judge
from lrtune.rangetest.sweep import FloatArray, Sweep
from lrtune.wire import Bands, Curve, Mark, Marks, Outcome, RangeTest, Suggestion

NAMES = ("rise", "steepest", "minimum", "divergence")


def analyse(
    lr: ArrayLike,
    loss: ArrayLike,
    *,
    rng: np.random.Generator | None = None,
    seeds: Sequence[int] | None = None,
) -> RangeTest:
    """Read an LR range test: your own, or one that the engine swept.

    The slope is taken against log10(lr): the sweep is exponential, and a slope against lr itself favours its
    small end (Smith 2017, arXiv:1506.01186, section 3.3).

    Args:
        lr: Learning rates of the sweep, strictly increasing, shape (steps,).
        loss: Raw training loss per seed, NaN after divergence, shape (seeds, steps); (steps,) for one seed,
            whose marks then have no intervals over seeds (the reasons say so).
        rng: Source of the bootstrap's randomness; a fixed one by default, so the same curves give the same
            result.
        seeds: Names of the rows of ``loss``; 0, 1, … by default.

    Returns:
        Outcome, reasons, marks, bands, a suggestion (not verified: short trainings must confirm it), curves.

    Raises:
        CurveTooShort: Fewer than eight points or less than one decade.
        RangeTestError: The arrays are no sweep.
    """
    sweep = Sweep.of(lr, loss)
    if seeds is not None and len(seeds) != sweep.seeds:
        raise RangeTestError(
            "seeds", f"names {len(seeds)} of {sweep.seeds} rows of loss", "name each row once"
        )
    operators = Operators.of(sweep.x)
    shape = read(operators, median_curve(aligned(sweep)))
    drawn = _drawn(sweep, operators, rng if rng is not None else np.random.default_rng(0))
    marks = Marks(**{name: _mark(sweep, shape, drawn, name) for name in NAMES})
    guess = _mark(sweep, shape, drawn, "suggestion")
    outcome, reasons = judge(sweep, shape, marks, guess)
    suggestion = None
    if guess is not None and outcome in (Outcome.OK, Outcome.NO_DIVERGENCE):
        suggestion = Suggestion(lr=guess.lr, low=guess.low, high=guess.high)
    return RangeTest(
        outcome=outcome,
        reasons=reasons,
        suggested_lr=suggestion.lr if suggestion else None,
        suggestion=suggestion,
        marks=marks,
        bands=bands(sweep, marks),
        curves=_curves(sweep, lr, seeds),
    )


def aligned(sweep: Sweep) -> FloatArray:
    """The losses with each seed shifted to the common start level, shape (seeds, steps).

    Initial weights that are luckier than others would otherwise look like a step where their seed diverges.
    """
    head = sweep.x <= max(sweep.x[0] + 0.5, sweep.x[2])
    starts = np.array([_median(row[head & np.isfinite(row)]) for row in sweep.loss])
    known = np.isfinite(starts)
    if not known.any():
        return sweep.loss
    shift = np.where(known, starts - np.median(starts[known]), 0.0)
    return np.asarray(sweep.loss - shift[:, None], dtype=np.float64)


def _median(values: FloatArray) -> float:
    return float(np.median(values)) if len(values) else math.nan


def _drawn(sweep: Sweep, operators: Operators, rng: np.random.Generator) -> list[Shape]:
    """The curve read again for each resample of the seeds."""
    losses = aligned(sweep)
    return [read(operators, median_curve(losses[index])) for index in resamples(sweep.seeds, rng)]


def _mark(sweep: Sweep, shape: Shape, drawn: Sequence[Shape], name: str) -> Mark | None:
    """One of the shape's places with its interval, kept within the sweep; None where it was not seen."""
    estimate = float(getattr(shape, name))
    if math.isnan(estimate):
        return None
    low, high = interval(estimate, np.array([getattr(s, name) for s in drawn]), sweep.seeds)
    first, last = float(sweep.x[0]), float(sweep.x[-1])
    return Mark(lr=10**estimate, low=10 ** max(low, first), high=10 ** min(high, last))


def bands(sweep: Sweep, marks: Marks) -> Bands:
    """Small up to where the loss starts to fall, medium up to its minimum, large up to divergence."""
    first, last = 10 ** float(sweep.x[0]), 10 ** float(sweep.x[-1])
    rise = marks.rise.lr if marks.rise else None
    minimum = marks.minimum.lr if marks.minimum else None
    divergence = marks.divergence.lr if marks.divergence else None
    return Bands(
        small=(first, rise) if rise and rise > first else None,
        medium=(rise or first, minimum) if minimum and minimum > (rise or first) else None,
        large=(minimum, divergence or last) if minimum and (divergence or last) > minimum else None,
        diverging=(divergence, last) if divergence and divergence < last else None,
    )


def _curves(sweep: Sweep, lr: ArrayLike, seeds: Sequence[int] | None) -> list[Curve]:
    names = list(seeds) if seeds is not None else list(range(sweep.seeds))
    rates = [float(v) for v in np.asarray(lr, dtype=np.float64)]
    return [
        Curve(seed=name, lr=rates, loss=[float(v) if math.isfinite(v) else None for v in row])
        for name, row in zip(names, sweep.loss, strict=True)
    ]
