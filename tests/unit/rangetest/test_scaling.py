"""How the LR grows with the batch."""

from __future__ import annotations

import numpy as np
import pytest

from lrtune.rangetest.scaling import Batch, rule_of, scaling
from lrtune.wire import Outcome, ScalingRule
from tests.unit.rangetest.batches import batches, curves
from tests.unit.rangetest.sweeps import Shape


@pytest.mark.parametrize(
    ("exponent", "rule", "said"),
    [
        (1.0, ScalingRule.LINEAR, "twice the batch, twice the LR"),
        (0.5, ScalingRule.SQUARE_ROOT, "four times the batch, twice the LR"),
        (0.0, ScalingRule.NEITHER, "does not clearly grow"),
        (0.25, ScalingRule.NEITHER, "times the LR"),
    ],
)
def test_the_exponent_and_its_rule(exponent: float, rule: ScalingRule, said: str) -> None:
    found = scaling("batch_size", batches(exponent), batch_size=64)
    assert found.exponent == pytest.approx(exponent, abs=0.1)
    assert found.low is not None
    assert found.high is not None
    assert found.low < found.exponent < found.high
    assert found.rule is rule
    assert said in found.text
    assert [size.batch_size for size in found.sizes] == [16, 64, 256]
    own = found.sizes[1].marks.minimum
    assert own is not None
    assert found.lr is not None
    assert abs(np.log10(found.lr / own.lr)) < 0.2


def test_noise_or_sizes_close_together_leave_it_undecided() -> None:
    found = scaling("accumulate", batches(0.75, (56, 64, 72), noise=0.1), batch_size=64)
    assert found.rule is ScalingRule.UNDECIDED
    assert "further apart" in found.text


def test_the_order_of_sizes_does_not_matter() -> None:
    some = batches(0.5)
    one, other = (scaling("batch_size", given, batch_size=64) for given in (some, some[::-1]))
    assert one.exponent == pytest.approx(other.exponent)


def test_a_size_without_a_minimum_is_left_out_and_named() -> None:
    flat = Batch(1024, 1, curves(Shape(depth=0.0)))
    found = scaling("batch_size", [*batches(0.5), flat], batch_size=64, left_out=["One is too large."])
    assert found.sizes[-1].outcome is Outcome.FLAT
    assert found.exponent == pytest.approx(0.5, abs=0.1)
    assert "batch size 1024" in found.text
    assert found.text.endswith("is not part of the fit.")
    assert "One is too large." in found.text


def test_one_size_that_tells_is_no_rule() -> None:
    flat = Batch(1024, 1, curves(Shape(depth=0.0)))
    found = scaling("batch_size", [batches(0.5)[1], flat], batch_size=64)
    assert (found.exponent, found.low, found.lr) == (None, None, None)
    assert found.rule is ScalingRule.UNDECIDED
    assert "no rule" in found.text


@pytest.mark.parametrize(
    ("low", "high", "rule"),
    [
        (0.9, 1.1, ScalingRule.LINEAR),
        (0.3, 0.7, ScalingRule.SQUARE_ROOT),
        (0.4, 1.2, ScalingRule.UNDECIDED),
        (0.6, 0.9, ScalingRule.NEITHER),
        (1.2, 1.4, ScalingRule.NEITHER),
    ],
)
def test_rules(low: float, high: float, rule: ScalingRule) -> None:
    assert rule_of(low, high) is rule
