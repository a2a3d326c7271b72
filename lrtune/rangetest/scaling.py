"""How the LR grows with the batch: a power of its size, fitted to sweeps at several batch sizes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from lrtune.rangetest.analysis import aligned, analyse
from lrtune.rangetest.interval import interval, resamples
from lrtune.rangetest.marks import Operators, median_curve, read
from lrtune.rangetest.sweep import FloatArray, Sweep, arrays
from lrtune.wire import Curve, Outcome, Scaling, ScalingRule, Sized

LINEAR, SQUARE_ROOT = 1.0, 0.5

TOLD = (Outcome.OK, Outcome.NO_DIVERGENCE, Outcome.NOISY)
"""Outcomes whose sweep brackets where the loss is lowest."""

READ_FROM = 1e-3
"""An exponent this close to a rule's is that rule's, whatever rounding says."""


@dataclass(frozen=True)
class Batch:
    """Sweeps at one batch size: ``batch_size`` examples a step, in ``accumulate`` of the job's batches."""

    batch_size: int
    accumulate: int
    curves: Sequence[Curve]


def scaling(
    by: Literal["batch_size", "accumulate"],
    batches: Sequence[Batch],
    *,
    batch_size: int,
    left_out: Sequence[str] = (),
    rng: np.random.Generator | None = None,
) -> Scaling:
    """Fit LR proportional to batch^exponent.

    The LR of a batch size is where its sweep's loss is lowest. On a quadratic loss one step improves it for
    LRs up to twice the best one, 2·ε(B) with ε(B) = ε(∞) / (1 + noise scale / B) (McCandlish et al. 2018,
    arXiv:1812.06162, equation 2.6): so that mark moves as the best LR of a step does, linearly with small
    batches and not at all with very large ones. ``rise`` and ``steepest`` depend on the sweep's length too.

    Args:
        by: How the batches are made.
        batches: The same seeds at each size, in any order.
        batch_size: The job's own.
        left_out: Sentences on sizes that were asked for and not swept.
        rng: Source of the bootstrap's randomness; a fixed one by default.

    Returns:
        The exponent with its interval: the seeds are drawn with replacement, the same draw at all sizes, and
        the line is fitted again. Sizes whose sweep shows no minimum are left out of the fit; with fewer than
        two others there is no exponent, and the text says so.

    Raises:
        CurveTooShort, RangeTestError: The curves are no sweeps.
    """
    rng = rng if rng is not None else np.random.default_rng(0)
    rising = sorted(batches, key=lambda batch: batch.batch_size)
    sizes = [_sized(batch, rng) for batch in rising]
    kept = [
        (size.batch_size, batch.curves)
        for size, batch in zip(sizes, rising, strict=True)
        if size.outcome in TOLD and size.marks.minimum is not None
    ]
    lost = [str(size.batch_size) for size in sizes if size.batch_size not in [at for at, _ in kept]]
    notes = list(left_out)
    if lost:
        notes.append(
            f"The sweep at batch size {', '.join(lost)} shows no minimum and is not part of the fit."
        )
    if len(kept) < 2:
        text = " ".join(["Fewer than two batch sizes show where their loss is lowest: no rule.", *notes])
        return Scaling(by=by, rule=ScalingRule.UNDECIDED, text=text, batch_size=batch_size, sizes=sizes)
    slope, level, low, high = _fit(kept, rng)
    rule = rule_of(low, high)
    return Scaling(
        by=by,
        rule=rule,
        text=" ".join([_text(rule, slope, low, high), *notes]),
        exponent=slope,
        low=low,
        high=high,
        batch_size=batch_size,
        lr=10 ** (level + slope * math.log10(batch_size)),
        sizes=sizes,
    )


def rule_of(low: float, high: float) -> ScalingRule:
    """The rule whose exponent alone lies in the interval."""
    linear = low - READ_FROM <= LINEAR <= high + READ_FROM
    root = low - READ_FROM <= SQUARE_ROOT <= high + READ_FROM
    if linear and root:
        return ScalingRule.UNDECIDED
    if linear:
        return ScalingRule.LINEAR
    return ScalingRule.SQUARE_ROOT if root else ScalingRule.NEITHER


def _sized(batch: Batch, rng: np.random.Generator) -> Sized:
    lr, loss = arrays(batch.curves)
    found = analyse(lr, loss, rng=rng, seeds=[curve.seed for curve in batch.curves])
    return Sized(
        batch_size=batch.batch_size,
        accumulate=batch.accumulate,
        outcome=found.outcome,
        reasons=found.reasons,
        suggested_lr=found.suggested_lr,
        marks=found.marks,
        curves=found.curves,
    )


def _fit(kept: Sequence[tuple[int, Sequence[Curve]]], rng: np.random.Generator) -> tuple[float, ...]:
    """Slope and level of log10(LR) against log10(batch), and the slope's 95 % interval."""
    x = np.log10([size for size, _ in kept])
    sweeps = [Sweep.of(*arrays(curves)) for _, curves in kept]
    operators = [Operators.of(sweep.x) for sweep in sweeps]
    losses = [aligned(sweep) for sweep in sweeps]
    seeds = min(sweep.seeds for sweep in sweeps)

    def line(index: Sequence[int] | FloatArray) -> tuple[float, float]:
        lows = [
            read(smooth, median_curve(loss[np.asarray(index, dtype=np.intp)])).minimum
            for smooth, loss in zip(operators, losses, strict=True)
        ]
        if not np.isfinite(lows).all():
            return math.nan, math.nan
        slope, level = np.polyfit(x, lows, 1)
        return float(slope), float(level)

    slope, level = line(range(seeds))
    drawn = np.array([line(index)[0] for index in resamples(seeds, rng)])
    return slope, level, *interval(slope, drawn, seeds)


def _text(rule: ScalingRule, exponent: float, low: float, high: float) -> str:
    measured = f"exponent {exponent:.2f}, 95 % interval {low:.2f} to {high:.2f}"
    factor = f"{2**exponent:.2g}"
    match rule:
        case ScalingRule.LINEAR:
            return f"The LR grows linearly with the batch ({measured}): twice the batch, twice the LR."
        case ScalingRule.SQUARE_ROOT:
            return (
                f"The LR grows with the square root of the batch ({measured}): four times the batch, twice "
                "the LR."
            )
        case ScalingRule.UNDECIDED:
            return (
                f"The interval holds both the linear and the square-root rule ({measured}). More seeds, or "
                "batch sizes further apart, tell them apart."
            )
        case ScalingRule.NEITHER if low <= 0 <= high:
            return f"The LR does not clearly grow with the batch ({measured}): keep it."
        case _:
            return (
                f"Neither the linear nor the square-root rule fits ({measured}): twice the batch, {factor} "
                "times the LR."
            )
