"""What a setting may not say, and what the error tells."""

from __future__ import annotations

import math
from typing import Any

import pytest

from lrtune.schedules import FAMILIES, ScheduleError, check, lr_sequence, simplicity, start
from lrtune.wire import Setting


@pytest.mark.parametrize(
    ("schedule", "params", "field", "says"),
    [
        ("cosin", {}, "schedule", "did you mean 'cosine'"),
        ("", {}, "schedule", "use one of"),
        ("cosine", {"warmpu": 0.1}, "params.warmpu", "did you mean 'warmup'"),
        ("cosine", {"warmup": -0.1}, "params.warmup", "from 0 to 0.99"),
        ("cosine", {"warmup": 1.0}, "params.warmup", "from 0 to 0.99"),
        ("cosine", {"warmup": math.nan}, "params.warmup", "out of bounds"),
        ("cosine", {"warmup": math.inf}, "params.warmup", "out of bounds"),
        ("cosine", {"warmup": 10**400}, "params.warmup", "a huge number"),
        ("cosine", {"warmup": "0.1"}, "params.warmup", "not a number"),
        ("cosine", {"warmup": True}, "params.warmup", "not a number"),
        ("cosine", {"warmup": None}, "params.warmup", "not a number"),
        ("cosine", {"warmup": [0.1]}, "params.warmup", "not a number"),
        ("step", {"drops": 1.5}, "params.drops", "not a whole number"),
        ("step", {"drops": 0}, "params.drops", "whole number from 1"),
        ("step", {"gamma": 0}, "params.gamma", "out of bounds"),
        ("multistep", {"drops": 0.5}, "params.drops", "not a list"),
        ("multistep", {"drops": []}, "params.drops", "not a list"),
        ("multistep", {"drops": [0.5] * 101}, "params.drops", "1 to 100"),
        ("multistep", {"drops": [0.5, "x"]}, "params.drops", "not a number"),
        ("multistep", {"drops": [0.5, math.nan]}, "params.drops", "out of bounds"),
        ("piecewise", {"drop_1": 0.9, "drop_2": 0.5}, "params.drop_1", "at most as large as drop_2"),
        ("wsd", {"shape": "quadratic"}, "params.shape", "linear, 1-sqrt, cosine"),
        ("wsd", {"shape": ["linear"]}, "params.shape", "not a choice"),
        ("polynomial", {"end_ratio": False}, "params.end_ratio", "not a choice"),
        ("plateau", {"factor": 1.0}, "params.factor", "out of bounds"),
        ("plateau", {"threshold_mode": "relative"}, "params.threshold_mode", "rel, abs"),
    ],
)
def test_refused(schedule: str, params: dict[str, Any], field: str, says: str) -> None:
    with pytest.raises(ScheduleError, match=says) as caught:
        check(schedule, params)
    assert caught.value.field == field
    assert caught.value.detail
    assert caught.value.remedy


def test_filled_in_and_converted() -> None:
    assert check("step", {"drops": 3.0})["drops"] == 3
    assert type(check("step", {"drops": 3.0})["drops"]) is int
    assert type(check("cosine", {"warmup": 0})["warmup"]) is float
    assert check("multistep", {"drops": [0.9, 0.4]})["drops"] == [0.4, 0.9]
    assert check("polynomial", {"end_ratio": 0})["end_ratio"] == 0.0


def test_the_table_is_not_changed_through_a_result() -> None:
    check("multistep", {})["drops"].append(0.1)
    assert check("multistep", {})["drops"] == [0.5, 0.75]
    with pytest.raises(TypeError):
        FAMILIES["mine"] = FAMILIES["cosine"]  # type: ignore[index]


@pytest.mark.parametrize(("total", "per_epoch"), [(0, 1), (10, 0), (-1, 1), (1.5, 1), (True, 1)])
def test_bad_lengths(total: Any, per_epoch: Any) -> None:
    with pytest.raises(ScheduleError, match="whole number from 1"):
        start(Setting(schedule="cosine", initial_lr=0.1), total_steps=total, steps_per_epoch=per_epoch)


def test_unknown_family_has_no_simplicity() -> None:
    with pytest.raises(ScheduleError, match="no schedule"):
        simplicity("mine")


def test_too_few_metrics() -> None:
    setting = Setting(schedule="plateau", initial_lr=0.1)
    with pytest.raises(ScheduleError, match="at least 2"):
        lr_sequence(setting, total_steps=12, steps_per_epoch=4, metrics=[1.0])
