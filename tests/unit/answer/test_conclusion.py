from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from lrtune.answer import NoAnswer
from lrtune.wire import Answer, JobRequest, MetricSpec, Outcome, RangeTest, Setting
from tests.unit.answer.jobs import REQUEST, SETTINGS, answer, confirm, search

CLEAR = {
    "trial 3": [1.00, 1.10, 1.05, 1.02, 1.08],
    "trial 7": [1.20, 1.31, 1.25, 1.22, 1.27],
    "default": [2.00, 2.12, 2.05, 2.03, 2.07],
    "cosine": [1.30, 1.39, 1.36, 1.32, 1.38],
    "one_cycle": [1.40, 1.52, 1.44, 1.43, 1.47],
}


def test_the_best_mean_wins_where_it_is_clear() -> None:
    found = answer(confirm(CLEAR))
    assert (found.initial_lr, found.schedule.family) == (0.01, "cosine")
    assert found.beats_default
    assert [c.name for c in found.finalists] == ["trial 3", "trial 7"]
    assert [c.name for c in found.baselines] == ["default", "cosine", "one_cycle"]


def test_means_and_paired_gains_are_student_intervals() -> None:
    found = answer(confirm(CLEAR))
    own = np.array(CLEAR["trial 3"])
    low, high = stats.t.interval(0.95, 4, own.mean(), stats.sem(own))
    assert (found.metric.mean, found.metric.low, found.metric.high) == pytest.approx((own.mean(), low, high))
    assert found.metric.seeds == 5
    gap = np.array(CLEAR["default"]) - own
    low, high = stats.t.interval(0.95, 4, gap.mean(), stats.sem(gap))
    default = found.baselines[0]
    assert (default.gain, default.gain_low, default.gain_high) == pytest.approx((gap.mean(), low, high))
    assert f"{gap.mean():.3g}" in found.verdict


def test_pairing_sees_a_small_gain_through_large_differences_between_seeds() -> None:
    seeds = np.array([1.0, 2.0, 3.0, 4.0, 5.0])
    noise = np.array([0.001, -0.001, 0.002, 0.0, -0.002])
    values = {"trial 3": list(seeds), "default": list(seeds + 0.05 + noise)}
    assert answer(confirm(values)).beats_default


def test_a_simpler_schedule_within_one_standard_error_wins() -> None:
    values = {"trial 7": [1.0, 1.2, 1.1, 1.3, 1.0], "trial 3": [1.05, 1.15, 1.15, 1.25, 1.05]}
    found = answer(confirm(values))
    assert found.schedule.family == "cosine"
    swapped = {"trial 3": SETTINGS["trial 7"], "trial 7": SETTINGS["trial 3"]}
    assert answer(confirm(values, swapped)).schedule.family == "cosine"


def test_a_simpler_schedule_beyond_one_standard_error_does_not() -> None:
    values = {"trial 7": [1.0, 1.2, 1.1, 1.3, 1.0], "trial 3": [1.1, 1.31, 1.2, 1.42, 1.1]}
    assert answer(confirm(values)).schedule.family == "one_cycle"


def test_the_default_wins_a_tie_and_the_verdict_says_keep_it() -> None:
    values = {"trial 3": [1.0, 1.2, 1.1], "default": [1.05, 1.1, 1.15]}
    found = answer(confirm(values, {**SETTINGS, "trial 3": Setting(schedule="constant", initial_lr=0.01)}))
    assert found.initial_lr == 0.001
    assert not found.beats_default
    assert found.verdict.startswith("Keep adamw's default LR of 0.001")


def test_not_shown_to_beat_says_so() -> None:
    """The finalist is ahead by more than one standard error, but its interval reaches below zero."""
    values = {"trial 3": [1.0, 1.0, 1.0], "default": [1.5, 0.97, 1.4]}
    found = answer(confirm(values))
    assert found.initial_lr == 0.01
    assert not found.beats_default
    assert "not shown to beat" in found.verdict


def test_a_diverged_default_is_beaten_and_named() -> None:
    found = answer(confirm({**CLEAR, "default": [1.0, None, 1.0, 1.0, None]}))
    assert found.beats_default
    assert "diverged on 2 of 5 seeds" in found.verdict
    default = found.baselines[0]
    assert (default.mean, default.gain, default.diverged) == (None, None, 2)
    assert any("Diverged on at least one seed: default" in warning for warning in found.warnings)


def test_a_finalist_that_diverges_once_never_wins() -> None:
    found = answer(confirm({**CLEAR, "trial 3": [0.1, 0.1, 0.1, 0.1, None]}))
    assert found.initial_lr == 0.02


def test_everything_diverged_is_no_answer_with_a_remedy() -> None:
    with pytest.raises(NoAnswer) as caught:
        answer(confirm({"trial 3": [None, 1.0], "default": [None, None]}))
    assert "diverged" in caught.value.detail
    assert caught.value.remedy
    with pytest.raises(NoAnswer):
        answer([])


def test_a_metric_to_maximise() -> None:
    flipped = {name: [-v for v in row] for name, row in CLEAR.items()}
    request = JobRequest(task="t", metric=MetricSpec(name="accuracy", goal="maximize"))
    found, mirror = answer(confirm(flipped), request), answer(confirm(CLEAR))
    assert found.initial_lr == mirror.initial_lr
    assert found.baselines[0].gain == pytest.approx(mirror.baselines[0].gain)
    assert found.metric.goal == "maximize"
    assert "in accuracy" in found.verdict


VALLEY = {10**x: 1.0 + (x + 1.8) ** 2 for x in np.arange(-2.8, -1.0, 0.2)}


def test_the_valley_gives_the_best_lr_and_the_safe_band() -> None:
    found = answer([*search(VALLEY), *confirm(CLEAR, first=100)])
    low, high = found.initial_lr_interval
    assert low <= 10**-1.8 <= high
    assert found.safe_band[0] <= found.initial_lr <= found.safe_band[1]
    error = float(stats.sem(CLEAR["trial 3"]))
    assert math.log10(found.safe_band[1]) == pytest.approx(-1.8 + math.sqrt(error), abs=0.05)
    assert not any("not measured" in warning for warning in found.warnings)


def test_few_trials_near_the_answer_measure_no_band() -> None:
    found = answer(confirm(CLEAR))
    assert found.safe_band == pytest.approx((0.01, 0.01))
    assert any("not measured" in warning for warning in found.warnings)


def test_pruned_and_shorter_trials_do_not_shape_the_valley() -> None:
    strange = [t.model_copy(update={"epochs": 5, "value": 0.0}) for t in search({1e-4: 0.0, 1.0: 0.0})]
    plain = answer([*search(VALLEY), *confirm(CLEAR, first=100)])
    with_strange = answer([*search(VALLEY), *confirm(CLEAR, first=100), *strange])
    assert with_strange.safe_band == plain.safe_band


def test_an_answer_at_the_edge_of_the_search_warns() -> None:
    found = answer([*search({0.01: 1.0, 0.1: 2.0, 1.0: 3.0}), *confirm(CLEAR, first=100)])
    assert any("low edge" in warning for warning in found.warnings)
    found = answer([*search({0.0001: 1.0, 0.001: 2.0, 0.01: 3.0}), *confirm(CLEAR, first=100)])
    assert any("high edge" in warning for warning in found.warnings)


def test_few_seeds_a_poor_range_test_and_ties_warn() -> None:
    poor = RangeTest(outcome=Outcome.FLAT, reasons=["The loss does not fall."])
    values = {"trial 3": [1.0, 1.2], "default": [1.3, 1.0]}
    said = " ".join(answer(confirm(values), range_test=poor).warnings)
    assert "Only 2 confirm seeds" in said
    assert "flat" in said
    assert "within the noise" in said


def test_what_was_measured_is_kept() -> None:
    found = answer(confirm(CLEAR))
    assert found.cost_full_runs == 70.5
    assert found.provenance.task == REQUEST.task
    assert Answer.model_validate_json(found.model_dump_json()) == found


ROW = st.lists(st.one_of(st.none(), st.floats(-1e6, 1e6)), min_size=3, max_size=3)


@settings(max_examples=60, deadline=None)
@given(rows=st.lists(ROW, min_size=1, max_size=5))
def test_any_values_give_an_answer_or_a_reason(rows: list[list[float | None]]) -> None:
    values = dict(zip(SETTINGS, rows, strict=False))
    whole = [row for row in rows if None not in row]
    if not whole:
        with pytest.raises(NoAnswer):
            answer(confirm(values))
        return
    found = answer(confirm(values))
    best = min(float(np.mean([v for v in row if v is not None])) for row in whole)
    assert found.metric.low <= found.metric.mean <= found.metric.high
    assert found.metric.mean >= best - 1e-6 * max(1.0, abs(best))
    assert found.safe_band[0] <= found.initial_lr * 1.001
    assert found.verdict
