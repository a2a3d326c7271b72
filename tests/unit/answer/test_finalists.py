from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lrtune.answer import BASELINES, baselines, finalists
from lrtune.answer.finalists import alike
from lrtune.wire import JobRequest, Outcome, Phase, RangeTest, Setting, Trial, TrialState
from tests.unit.answer.jobs import search

REQUEST = JobRequest(task="t")


def test_the_best_distinct_trials_best_first() -> None:
    trials = search({0.01: 1.0, 0.0101: 1.01, 0.03: 1.5, 0.1: 1.2})
    assert [t.initial_lr for t in finalists(trials, 3, "minimize")] == [0.01, 0.1, 0.03]
    assert [t.initial_lr for t in finalists(trials, 2, "maximize")] == [0.03, 0.1]


def test_the_same_lr_with_another_family_or_parameter_is_another_finalist() -> None:
    a, b = search({0.01: 1.0}), search({0.01: 1.1}, "constant")
    c = [a[0].model_copy(update={"number": 9, "params": {"min_ratio": 0.1}, "value": 1.2})]
    assert len(finalists([*a, *b, *c], 5, "minimize")) == 3


def test_only_completed_search_trials_count() -> None:
    (good,) = search({0.01: 1.0})
    others = [
        good.model_copy(update={"number": 1, "initial_lr": 0.1, "state": TrialState.PRUNED, "value": None}),
        good.model_copy(update={"number": 2, "initial_lr": 0.2, "state": TrialState.DIVERGED, "value": None}),
        good.model_copy(update={"number": 3, "initial_lr": 0.4, "phase": Phase.PROBES}),
        good.model_copy(update={"number": 4, "initial_lr": 0.8, "value": float("inf")}),
    ]
    assert finalists([*others, good], 9, "minimize") == [good]


@given(
    st.lists(st.tuples(st.floats(1e-4, 1), st.sampled_from([0.0, 0.5, 1.0]), st.floats(0, 1)), max_size=20),
    st.integers(1, 6),
)
def test_finalists_are_distinct_sorted_and_no_more_than_asked(
    rows: list[tuple[float, float, float]], n: int
) -> None:
    trials = [
        Trial(
            number=i,
            phase=Phase.SEARCH,
            state=TrialState.COMPLETE,
            schedule="cosine",
            initial_lr=lr,
            params={"min_ratio": ratio},
            seed=0,
            epochs=3,
            value=value,
        )
        for i, (lr, ratio, value) in enumerate(rows)
    ]
    found = finalists(trials, n, "minimize")
    values = [t.value or 0.0 for t in found]
    assert len(found) <= n
    assert values == sorted(values)
    assert not any(alike(a, b) for i, a in enumerate(found) for b in found[:i])
    if trials:
        assert values[0] == min(value for *_, value in rows)


def test_lists_and_mixed_parameters_are_compared() -> None:
    (base,) = search({0.01: 1.0}, "multistep")

    def having(drops: object) -> Trial:
        return base.model_copy(update={"params": {"drops": drops, "mode": "rel"}})

    assert alike(having([0.5, 0.75]), having([0.52, 0.76]))
    assert not alike(having([0.5, 0.75]), having([0.5]))
    assert not alike(having([0.5, 0.75]), having(None))


@pytest.mark.parametrize("suggested", [None, 0.02])
def test_baselines_are_what_people_use_without_tuning(suggested: float | None) -> None:
    found = baselines(REQUEST, RangeTest(outcome=Outcome.OK, reasons=[], suggested_lr=suggested), 1e-3)
    labels = [label for label in BASELINES if suggested or label != "constant"]
    assert [label for label, _ in found] == labels
    by_name = dict(found)
    if suggested:
        assert by_name["constant"] == Setting(schedule="constant", initial_lr=suggested)
    assert (by_name["default"].schedule, by_name["default"].initial_lr) == ("constant", 1e-3)
    assert (by_name["cosine"].schedule, by_name["cosine"].initial_lr) == ("cosine", suggested or 1e-3)
    assert (by_name["one_cycle"].schedule, by_name["one_cycle"].initial_lr) == (
        "one_cycle",
        suggested or 1e-3,
    )


def test_no_range_test_at_all() -> None:
    assert [s.initial_lr for _, s in baselines(REQUEST, None, 1e-3)] == [1e-3] * 3
