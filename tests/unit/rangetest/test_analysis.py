from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lrtune.rangetest import CurveTooShort, RangeTestError, analyse, arrays
from lrtune.rangetest.sweep import FloatArray
from lrtune.wire import Mark, Outcome, RangeTest
from tests.unit.rangetest.sweeps import CLEAN, Shape, sweep

NAMES = ("rise", "steepest", "minimum", "divergence")


def decades(mark: Mark | None) -> float:
    assert mark is not None
    return math.log10(mark.lr)


def apart(a: RangeTest, b: RangeTest, name: str) -> float:
    return abs(decades(getattr(a.marks, name)) - decades(getattr(b.marks, name)))


def test_the_marks_of_a_clean_curve_are_where_they_are() -> None:
    found = analyse(*sweep(noise=0, jitter=0))
    assert found.outcome is Outcome.OK
    assert found.reasons == []
    assert decades(found.marks.steepest) == pytest.approx(CLEAN.fall, abs=0.03)
    # A tenth of a logistic drop is gone ln(9) widths before its middle.
    assert decades(found.marks.rise) == pytest.approx(CLEAN.fall - math.log(9) * CLEAN.width, abs=0.05)
    assert decades(found.marks.divergence) == pytest.approx(CLEAN.break_, abs=0.1)
    x = np.linspace(-3, 0, 3001)
    assert decades(found.marks.minimum) == pytest.approx(x[np.argmin(CLEAN(x))], abs=0.05)


@pytest.mark.parametrize("noise", [0.02, 0.1, 0.2])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_noise_moves_the_suggestion_little_and_widens_its_interval(noise: float, seed: int) -> None:
    clean, noisy = analyse(*sweep(noise=0, jitter=0)), analyse(*sweep(noise=noise, rng=seed))
    assert noisy.suggestion is not None
    assert clean.suggested_lr is not None
    assert noisy.outcome is Outcome.OK
    assert abs(math.log10(noisy.suggestion.lr / clean.suggested_lr)) < 0.3
    assert noisy.suggestion.low < noisy.suggestion.lr < noisy.suggestion.high


def test_more_noise_gives_wider_intervals() -> None:
    def width(noise: float) -> float:
        found = analyse(*sweep(noise=noise)).suggestion
        assert found is not None
        return math.log10(found.high / found.low)

    assert width(0.02) < width(0.1) < width(0.2)


def test_the_suggestion_is_the_mean_of_three_marks_and_not_verified() -> None:
    found = analyse(*sweep())
    assert found.suggestion is not None
    assert not found.suggestion.verified
    assert found.suggested_lr == found.suggestion.lr
    marks = found.marks
    middle = (decades(marks.rise) + decades(marks.steepest) + decades(marks.minimum)) / 3
    assert math.log10(found.suggestion.lr) == pytest.approx(middle, abs=1e-9)


def test_bands_touch_and_span_the_sweep() -> None:
    found = analyse(*sweep())
    bands = found.bands
    assert bands.small is not None
    assert bands.medium is not None
    assert bands.large is not None
    assert bands.diverging is not None
    assert bands.small[0] == pytest.approx(1e-7)
    assert bands.small[1] == bands.medium[0]
    assert bands.medium[1] == bands.large[0]
    assert bands.large[1] == bands.diverging[0]
    assert bands.diverging[1] == pytest.approx(10)


@settings(max_examples=8, deadline=None)
@given(
    scale=st.floats(1e-6, 1e6),
    offset=st.floats(-1e3, 1e3),
    noise=st.sampled_from([0.0, 0.05]),
)
def test_the_losss_scale_and_offset_do_not_matter(scale: float, offset: float, noise: float) -> None:
    lr, loss = sweep(noise=noise, per_decade=10)
    plain, moved = analyse(lr, loss), analyse(lr, scale * (loss + offset))
    assert moved.outcome is plain.outcome
    assert all(apart(plain, moved, name) < 0.01 for name in NAMES)


@pytest.mark.parametrize("noise", [0.0, 0.03])
@pytest.mark.parametrize("per_decade", [10, 25])
def test_doubling_the_iterations_does_not_matter(noise: float, per_decade: int) -> None:
    once = analyse(*sweep(noise=noise, per_decade=per_decade, seeds=8))
    twice = analyse(*sweep(noise=noise, per_decade=2 * per_decade, seeds=8))
    assert all(apart(once, twice, name) < 0.1 for name in ("rise", "steepest", "divergence"))
    assert once.suggested_lr is not None
    assert twice.suggested_lr is not None
    assert abs(math.log10(once.suggested_lr / twice.suggested_lr)) < 0.1


@pytest.mark.parametrize("seeds", [3, 10, 30])
def test_the_number_of_seeds_does_not_matter(seeds: int) -> None:
    few, many = analyse(*sweep(seeds=seeds, rng=3)), analyse(*sweep(seeds=64, rng=4))
    assert few.suggested_lr is not None
    assert many.suggested_lr is not None
    assert abs(math.log10(few.suggested_lr / many.suggested_lr)) < 0.1


def test_more_seeds_give_narrower_intervals() -> None:
    few, many = analyse(*sweep(seeds=3)).suggestion, analyse(*sweep(seeds=30)).suggestion
    assert few is not None
    assert many is not None
    assert many.high / many.low < few.high / few.low


def test_spikes_and_one_odd_seed_do_not_matter() -> None:
    lr, loss = sweep()
    plain = analyse(lr, loss)
    odd = loss.copy()
    odd[0, 3] = 50.0
    odd[1, 60] = -5.0
    odd[2, 40:] = np.nan
    found = analyse(lr, odd)
    assert found.outcome is Outcome.OK
    assert all(apart(plain, found, name) < 0.15 for name in ("rise", "steepest", "divergence"))


def test_seeds_of_different_luck_are_aligned() -> None:
    lr, loss = sweep()
    lucky = loss + np.arange(5)[:, None]
    assert apart(analyse(lr, loss), analyse(lr, lucky), "rise") < 0.05


def flat(nan_at: float = np.inf) -> tuple[FloatArray, FloatArray]:
    return sweep(Shape(depth=0.0, nan_at=nan_at))


@pytest.mark.parametrize(
    ("curves", "outcome", "said"),
    [
        (flat(), Outcome.FLAT, "does not fall"),
        (flat(nan_at=0.3), Outcome.FLAT, "does not fall"),
        (sweep(Shape(break_=3)), Outcome.NO_DIVERGENCE, "larger max_lr"),
        (sweep(Shape(fall=0.8, break_=4)), Outcome.OPTIMUM_AT_BOUNDARY, "larger max_lr"),
        (sweep(Shape(fall=-7.2)), Outcome.OPTIMUM_AT_BOUNDARY, "smaller min_lr"),
        (sweep(Shape(nan_at=-9)), Outcome.DIVERGED_AT_START, "not a finite number"),
        (sweep(Shape(break_=-8)), Outcome.DIVERGED_AT_START, "smaller min_lr"),
        (sweep(noise=0.3, jitter=1.0), Outcome.NOISY, "seeds disagree"),
    ],
)
def test_every_other_outcome_says_why_and_what_next(
    curves: tuple[FloatArray, FloatArray], outcome: Outcome, said: str
) -> None:
    found = analyse(*curves)
    assert found.outcome is outcome
    assert said in " ".join(found.reasons)
    assert len(found.reasons) >= 2
    if outcome is not Outcome.NO_DIVERGENCE:
        assert found.suggestion is None
        assert found.suggested_lr is None


def test_a_flat_curve_that_breaks_tells_where() -> None:
    found = analyse(*flat(nan_at=0.3))
    assert decades(found.marks.divergence) == pytest.approx(0.3, abs=0.1)
    assert found.marks.minimum is None
    assert found.bands.diverging is not None


def test_without_divergence_the_fall_still_suggests_roughly() -> None:
    open_, bracketed = analyse(*sweep(Shape(break_=3))).suggested_lr, analyse(*sweep()).suggested_lr
    assert open_ is not None
    assert bracketed is not None
    assert 1 <= open_ / bracketed < 5


@pytest.mark.parametrize("value", [1.0, 0.1, -3.7, 1e20])
def test_a_constant_loss_is_flat_whatever_its_size(value: float) -> None:
    lr, loss = sweep()
    assert analyse(lr, np.full_like(loss, value)).outcome is Outcome.FLAT


def test_one_seed_has_marks_but_no_intervals_over_seeds() -> None:
    lr, loss = sweep(seeds=1)
    found = analyse(lr, loss[0])
    assert found.marks.steepest is not None
    assert found.marks.steepest.low == pytest.approx(lr[0])
    assert found.marks.steepest.high == pytest.approx(lr[-1])
    assert "One seed" in found.reasons[-1]


def test_the_same_curves_give_the_same_result_and_the_curves_come_back() -> None:
    lr, loss = sweep(Shape(nan_at=-1))
    found = analyse(lr, loss, seeds=[7, 8, 9, 10, 11])
    assert found == analyse(lr, loss, seeds=[7, 8, 9, 10, 11])
    assert [curve.seed for curve in found.curves] == [7, 8, 9, 10, 11]
    again_lr, again = arrays(found.curves)
    np.testing.assert_array_equal(again_lr, lr)
    np.testing.assert_array_equal(again, loss)


def test_after_its_first_nan_a_seed_stays_diverged() -> None:
    lr, loss = sweep()
    half, whole = loss.copy(), loss.copy()
    half[:, 150] = np.nan
    whole[:, 150:] = np.nan
    assert analyse(lr, half).marks == analyse(lr, whole).marks


CURVES = st.lists(
    st.one_of(st.floats(width=32), st.floats(0, 10), st.just(math.nan)), min_size=20, max_size=20
)


@settings(max_examples=30, deadline=None)
@given(st.lists(CURVES, min_size=1, max_size=4))
def test_any_losses_give_an_outcome_with_ordered_intervals(rows: list[list[float]]) -> None:
    lr = np.geomspace(1e-4, 1, 20)
    found = analyse(lr, rows)
    for name in NAMES:
        mark = getattr(found.marks, name)
        if mark is not None:
            assert lr[0] * 0.999 <= mark.low <= mark.lr * 1.001
            assert mark.lr <= mark.high * 1.001 <= lr[-1] * 1.002
    assert RangeTest.model_validate_json(found.model_dump_json()) == found


@pytest.mark.parametrize(
    ("lr", "loss", "error", "said"),
    [
        ([1, 2, 3], [1, 1, 1], CurveTooShort, "3 points"),
        (np.geomspace(1, 5, 20), np.ones(20), CurveTooShort, "0.7 decades"),
        (np.geomspace(1e-4, 1, 20), np.ones(19), RangeTestError, "loss"),
        (np.geomspace(1e-4, 1, 20), np.ones((0, 20)), RangeTestError, "loss"),
        (np.geomspace(1, 1e-4, 20), np.ones(20), RangeTestError, "rise strictly"),
        (np.linspace(0, 1, 20), np.ones(20), RangeTestError, "above 0"),
        (np.ones((2, 20)), np.ones(20), RangeTestError, "one list"),
        (["a"] * 20, np.ones(20), RangeTestError, "plain numbers"),
    ],
)
def test_what_is_no_sweep_is_refused(
    lr: object, loss: object, error: type[RangeTestError], said: str
) -> None:
    with pytest.raises(error, match=said):
        analyse(lr, loss)  # type: ignore[arg-type]
