from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lrtune.rangetest import RangeTestError, analyse, arrays, extension, prior, sweep_lrs
from lrtune.rangetest.extension import MOST
from lrtune.wire import LR_MAX, LR_MIN, Curve, RangeTest, RangeTestSpec
from tests.unit.rangetest.sweeps import Shape, sweep

SPEC = RangeTestSpec()


@given(low=st.floats(1e-12, 1), decades=st.floats(0.1, 4), per_decade=st.integers(1, 200))
def test_a_sweep_rises_from_one_exact_end_to_the_other(low: float, decades: float, per_decade: int) -> None:
    high = low * 10**decades
    lrs = sweep_lrs(low, high, per_decade)
    assert lrs[0] == low
    assert lrs[-1] == high
    assert (lrs[1:] > lrs[:-1]).all()
    assert len(lrs) == max(round(math.log10(high / low) * per_decade), 1) + 1


def test_a_sweep_is_as_long_as_the_request_says() -> None:
    assert len(sweep_lrs(SPEC.min_lr, SPEC.max_lr, SPEC.steps_per_decade)) == SPEC.steps


@pytest.mark.parametrize(("low", "high", "per_decade"), [(1, 1, 5), (2, 1, 5), (0, 1, 5), (1e-3, 1, 0)])
def test_no_sweep(low: float, high: float, per_decade: int) -> None:
    with pytest.raises(RangeTestError):
        sweep_lrs(low, high, per_decade)


def test_curves_of_different_sweeps_are_refused() -> None:
    with pytest.raises(RangeTestError, match="seed 1"):
        arrays([Curve(seed=0, lr=[1, 2], loss=[1, 1]), Curve(seed=1, lr=[1, 3], loss=[1, 1])])
    with pytest.raises(RangeTestError, match="at least one"):
        arrays([])


def swept(shape: Shape, low: float = SPEC.min_lr, high: float = SPEC.max_lr) -> RangeTest:
    return analyse(*sweep(shape, low=low, high=high))


def test_a_sweep_that_shows_all_is_not_widened() -> None:
    assert extension(swept(Shape()), SPEC) is None


@pytest.mark.parametrize(
    ("shape", "wider"),
    [
        (Shape(break_=3), (1e-7, 1e3)),
        (Shape(fall=0.8, break_=4), (1e-7, 1e3)),
        (Shape(depth=0.0), (1e-7, 1e3)),
        (Shape(fall=-7.2), (1e-9, 10)),
        (Shape(nan_at=-9), (1e-9, 10)),
        (Shape(break_=-8), (1e-9, 10)),
    ],
)
def test_the_open_end_moves_by_two_decades(shape: Shape, wider: tuple[float, float]) -> None:
    assert extension(swept(shape), SPEC) == pytest.approx(wider)


def test_a_flat_sweep_that_diverged_is_not_widened() -> None:
    assert extension(swept(Shape(depth=0.0, nan_at=0.3)), SPEC) is None


@pytest.mark.parametrize("shape", [Shape(break_=30), Shape(nan_at=-30), Shape(depth=0.0), Shape(fall=-11)])
@pytest.mark.parametrize("ends", [(1e-7, 10.0), (1e-5, LR_MAX), (LR_MIN, 1.0), (1e-6, 1e-4)])
def test_widening_ends(shape: Shape, ends: tuple[float, float]) -> None:
    spec = RangeTestSpec(min_lr=ends[0], max_lr=ends[1])
    low, high = ends
    for made in range(MOST + 1):
        wider = extension(swept(shape, low, high), spec)
        if wider is None:
            break
        assert made < MOST
        assert LR_MIN <= wider[0] <= low
        assert high <= wider[1] <= LR_MAX
        low, high = wider
    assert wider is None


def test_the_prior_lies_around_the_suggestion_and_ends_at_the_divergence() -> None:
    found = swept(Shape())
    made = prior(found, 1e-3)
    assert made.center == found.suggested_lr
    assert made.low <= found.suggested_lr / 10
    assert made.high <= max(found.marks.divergence.high, 1.5 * found.suggested_lr)  # type: ignore[union-attr]
    assert made.low < made.center < made.high


FLAT = swept(Shape(depth=0.0, nan_at=0.3))


@given(default=st.floats(LR_MIN, LR_MAX))
def test_without_a_suggestion_the_prior_lies_around_the_default(default: float) -> None:
    made = prior(FLAT, default)
    assert LR_MIN <= made.low < made.center < made.high <= LR_MAX
    if 1e-9 < default < 100:
        assert made.center == default
        assert made.high / made.low == pytest.approx(1e4)
