from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lrtune.search import NEVER, pruner
from lrtune.wire import MetricSpec, Setting, Trial, TrialState
from tests.unit.search.families import trial

LOSS = MetricSpec()
SETTING = Setting(schedule="cosine", initial_lr=0.01)


def finished(*finals: float, epochs: int = 9) -> list[Trial]:
    """Trials whose loss is the given one from the first epoch on."""
    return [trial(i, SETTING, v, losses=(v,) * epochs, epochs=epochs) for i, v in enumerate(finals)]


def test_all_but_the_best_third_stop_at_a_rung_and_not_before() -> None:
    judge = pruner(finished(1, 2, 3, 4, 5, 6, epochs=16), 16, LOSS)
    assert not judge.stop([9])
    assert judge.stop([9, 2.5])
    assert not judge.stop([9, 2.0])
    assert not judge.stop([9, 2.0, 9])
    assert judge.stop([9, 2.0, 9, 9])
    assert judge.stop([9] * 8)


def test_a_trial_whose_lr_still_rises_goes_on() -> None:
    judge = pruner(finished(1, 2, 3, 4, epochs=16), 16, LOSS)
    assert judge.stop([9, 9])
    assert not judge.stop([9, 9], rising=True)


def test_few_curves_stop_nobody() -> None:
    assert pruner(finished(1, 2, 3), 9, LOSS) == NEVER
    assert pruner([], 9, LOSS) == NEVER


def test_a_run_of_one_epoch_has_nothing_to_stop() -> None:
    assert pruner(finished(1, 2, 3, 4, epochs=1), 1, LOSS) == NEVER


def test_trials_of_another_length_do_not_judge() -> None:
    assert pruner(finished(1, 2, 3, 4, epochs=3), 9, LOSS) == NEVER


def test_not_a_number_never_stops_a_trial() -> None:
    assert not pruner(finished(1, 2, 3, 4), 9, LOSS).stop([1, 1, math.nan])


def test_nulls_and_unfinished_trials_do_not_count() -> None:
    nulls = [trial(i, SETTING, None, state=TrialState.DIVERGED, losses=(1, None)) for i in range(9)]
    running = [trial(i, SETTING, None, state=TrialState.RUNNING, losses=(1,) * 9) for i in range(9)]
    assert pruner(nulls + running, 9, LOSS) == NEVER


def test_a_metric_to_maximise() -> None:
    rows = [
        t.model_copy(update={"curve": [r.model_copy(update={"values": {"acc": v}}) for r in t.curve]})
        for t, v in zip(finished(1, 2, 3, 4), (0.1, 0.2, 0.3, 0.4), strict=True)
    ]
    judge = pruner(rows, 9, MetricSpec(name="acc", goal="maximize"))
    assert judge.stop([0, 0, -0.25])
    assert not judge.stop([0, 0, -0.35])


@given(st.lists(st.floats(0, 1e6), min_size=4, max_size=30), st.integers(2, 60))
def test_some_of_those_who_set_the_bar_would_go_on(values: list[float], epochs: int) -> None:
    judge = pruner(finished(*values, epochs=epochs), epochs, LOSS)
    stopped = [any(judge.stop([v] * n) for n in range(1, epochs)) for v in values]
    assert sum(stopped) <= len(values) * 2 / 3


@pytest.mark.parametrize("keep", [0.25, 0.75])
def test_keep_is_the_share_that_goes_on(keep: float) -> None:
    judge = pruner(finished(*range(8)), 9, LOSS, keep=keep)
    assert sum(not judge.stop([9, 9, float(v)]) for v in range(8)) == 8 * keep
