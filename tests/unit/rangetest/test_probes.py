from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lrtune.rangetest import PROBE_SEEDS, analyse, probe_epochs, probe_settings, verify
from lrtune.rangetest.probes import PROBES
from lrtune.wire import LR_MAX, LR_MIN, MetricSpec, Outcome, Phase, RangeTest, Trial, TrialState
from tests.unit.rangetest.sweeps import Shape, sweep

FOUND = analyse(*sweep())
FLAT = analyse(*sweep(Shape(depth=0.0, nan_at=0.3)))
LOSS = MetricSpec()


def probes(
    loss: Callable[[float, int], float | None], found: RangeTest = FOUND, seeds: int = PROBE_SEEDS
) -> list[Trial]:
    """Final trials whose value is a function of log10(lr) and the seed; None diverged."""
    made = []
    for setting in probe_settings(found, 1e-3):
        for seed in range(seeds):
            value = loss(math.log10(setting.initial_lr), seed)
            made.append(
                Trial(
                    number=len(made),
                    phase=Phase.PROBES,
                    state=TrialState.DIVERGED if value is None else TrialState.COMPLETE,
                    schedule=setting.schedule,
                    initial_lr=setting.initial_lr,
                    seed=seed,
                    epochs=2,
                    value=value,
                )
            )
    return made


def test_probes_are_cosines_around_the_suggestion_below_the_divergence() -> None:
    assert FOUND.suggested_lr is not None
    assert FOUND.marks.divergence is not None
    made = probe_settings(FOUND, 1e-3)
    lrs = [s.initial_lr for s in made]
    assert len(made) == PROBES
    assert {s.schedule for s in made} == {"cosine"}
    assert lrs == sorted(lrs)
    assert lrs[0] < FOUND.suggested_lr < lrs[-1] <= FOUND.marks.divergence.lr * 1.001


def test_without_a_suggestion_they_lie_around_the_default() -> None:
    lrs = [s.initial_lr for s in probe_settings(FLAT, 1e-3)]
    assert lrs[0] == pytest.approx(1e-5)
    assert lrs[-1] == pytest.approx(1e-1)


@given(st.floats(LR_MIN, LR_MAX))
def test_any_default_gives_rising_rates_within_bounds(default: float) -> None:
    lrs = [s.initial_lr for s in probe_settings(FLAT, default)]
    assert all(a < b for a, b in pairwise(lrs))
    assert lrs[0] >= LR_MIN
    assert lrs[-1] <= LR_MAX


@pytest.mark.parametrize(("epochs", "short"), [(1, 1), (8, 1), (20, 2), (100, 12)])
def test_a_probe_is_an_eighth_of_the_run(epochs: int, short: int) -> None:
    assert probe_epochs(epochs) == short


@settings(max_examples=30, deadline=None)
@given(st.floats(-3.0, -2.0), st.sampled_from(["minimize", "maximize"]))
def test_the_floor_of_the_valley_is_found(floor: float, goal: str) -> None:
    sign = 1 if goal == "minimize" else -1
    metric = MetricSpec.model_validate({"goal": goal})
    made = probes(lambda x, seed: sign * (x - floor) ** 2 + 0.1 * seed)
    found = verify(FOUND, made, metric, epochs=made[0].epochs)
    assert found.suggestion is not None
    assert found.suggestion.verified
    assert found.suggested_lr == found.suggestion.lr
    assert math.log10(found.suggestion.lr) == pytest.approx(floor, abs=0.02)
    assert found.suggestion.low < 10**floor < found.suggestion.high


@pytest.mark.parametrize(("epochs", "times"), [(2, 1), (16, 8), (54, 27), (None, 8), (1, 1)])
def test_the_lr_is_corrected_for_the_longer_run(epochs: int | None, times: float) -> None:
    made = probes(lambda x, _: (x + 2.5) ** 2)
    short, found = (verify(FOUND, made, LOSS, epochs=e).suggestion for e in (2, epochs))
    assert short is not None
    assert found is not None
    assert found.lr == pytest.approx(short.lr / times ** (1 / 3))
    assert found.low == pytest.approx(short.low / times ** (2 / 3))
    assert found.high == short.high


def test_noise_between_seeds_widens_the_interval() -> None:
    draw = np.random.default_rng(0).standard_normal((PROBES, PROBE_SEEDS))
    rates = [math.log10(s.initial_lr) for s in probe_settings(FOUND, 1e-3)]

    def width(noise: float) -> float:
        found = verify(
            FOUND,
            probes(
                lambda x, seed: (x + 3) ** 2 + noise * draw[int(np.argmin(np.abs(np.array(rates) - x))), seed]
            ),
            LOSS,
        ).suggestion
        assert found is not None
        return math.log10(found.high / found.low)

    assert width(0.0) < width(0.5)


def test_a_learning_rate_at_which_a_seed_diverged_never_wins() -> None:
    found = verify(FOUND, probes(lambda x, seed: None if x > -3 and seed == 1 else -x), LOSS, epochs=2)
    assert found.suggestion is not None
    assert found.suggestion.lr <= 1e-3
    assert found.suggestion.low <= found.suggestion.lr <= found.suggestion.high


@pytest.mark.parametrize(("sign", "said"), [(1, "smallest"), (-1, "largest")])
def test_a_best_probe_at_an_edge_is_told(sign: int, said: str) -> None:
    found = verify(FOUND, probes(lambda x, _: sign * x), LOSS)
    assert said in found.reasons[-1]


def test_a_flat_range_test_is_ranked_by_probes_and_stays_flat() -> None:
    found = verify(FLAT, probes(lambda x, _: (x + 4) ** 2, FLAT), LOSS, epochs=2)
    assert found.outcome is Outcome.FLAT
    assert found.suggested_lr == pytest.approx(1e-4, rel=0.05)
    assert found.reasons[: len(FLAT.reasons)] == FLAT.reasons


def test_nothing_is_verified_where_every_probe_diverged() -> None:
    found = verify(FOUND, probes(lambda x, _: None), LOSS)
    assert found.suggestion == FOUND.suggestion
    assert "diverged" in found.reasons[-1]
    assert verify(FOUND, [], LOSS).suggestion == FOUND.suggestion


@settings(max_examples=40, deadline=None)
@given(st.lists(st.one_of(st.none(), st.floats(width=32)), min_size=14, max_size=14))
def test_any_values_leave_an_ordered_interval(values: list[float | None]) -> None:
    left = iter(values)
    found = verify(FOUND, probes(lambda *_: next(left)), LOSS).suggestion
    assert found is not None
    assert 0 < found.low <= found.lr <= found.high
