"""Courses: one training's learning rates, step by step."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lrtune.schedules import Course, lr_sequence, start
from lrtune.wire import Setting
from tests.unit.schedules import cases


def plateau(epochs: int = 20, steps: int = 1, **params: float | str) -> Course:
    given = {"factor": 0.5, "patience": 0.1, "min_delta": 0.01, "min_ratio": 0.0, **params}
    setting = Setting.model_validate({"schedule": "plateau", "initial_lr": 1.0, "params": given})
    return start(setting, total_steps=epochs * steps, steps_per_epoch=steps)


def after(course: Course, *losses: float) -> float:
    for loss in losses:
        course.epoch_end(loss)
    return course.lr(0)


def test_drops_after_more_than_patience_bad_epochs() -> None:
    course = plateau()  # patience 2 of 20 epochs
    assert after(course, 1.0, 1.0, 1.0) == 1.0
    assert after(course, 1.0) == 0.5
    assert after(course, 1.0, 1.0) == 0.5
    assert after(course, 1.0) == 0.25


def test_a_better_loss_starts_the_count_again() -> None:
    assert after(plateau(), 1.0, 1.0, 1.0, 0.9, 1.0, 1.0) == 1.0


def test_min_delta_is_relative_or_absolute() -> None:
    falling = [100.0, 99.8, 99.6, 99.4, 99.2]
    assert after(plateau(), *falling[:4]) == 0.5  # never 1 % below the first
    assert after(plateau(threshold_mode="abs"), *falling) == 1.0


def test_negative_losses_need_abs() -> None:
    worse = [-1.0, -0.9, -0.8, -0.7, -0.6]
    # As in torch, a relative threshold lies above a negative best and takes a worse loss for a better one …
    assert after(plateau(min_delta=0.5), *worse) == 1.0
    # … which an absolute one does not.
    assert after(plateau(min_delta=0.5, threshold_mode="abs"), *worse) == 0.5


def test_bad_epochs_in_the_cooldown_do_not_count() -> None:
    course = plateau(patience=0.0, cooldown=0.1)
    assert after(course, 1.0, 1.0) == 0.5
    assert after(course, 1.0, 1.0) == 0.5
    assert after(course, 1.0) == 0.25


def test_never_below_min_lr() -> None:
    assert after(plateau(patience=0.0, min_ratio=0.3), *[1.0] * 9) == 0.3


def test_nan_is_bad_and_does_not_stick() -> None:
    course = plateau()
    assert after(course, math.nan, math.inf) == 1.0
    assert after(course, 1.0, 1.0, 1.0) == 1.0
    assert after(course, math.nan) == 0.5


def test_epochs_of_the_warmup_do_not_count() -> None:
    course = plateau(epochs=20, steps=10, warmup=0.1, patience=0.0)  # 20 steps: epochs 0 and 1
    for loss in (1.0, 2.0):
        course.epoch_end(loss)
    assert course.lr(20) == 1.0
    course.epoch_end(2.0)  # the first that counts, so the best so far
    assert course.lr(30) == 1.0
    course.epoch_end(2.0)
    assert course.lr(40) == 0.5


@given(cases.settings("plateau"), st.lists(cases.LOSSES, min_size=12, max_size=12), st.integers(0, 12))
def test_goes_on_from_its_state(setting: Setting, losses: list[float], at: int) -> None:
    first = start(setting, total_steps=24, steps_per_epoch=2)
    for loss in losses[:at]:
        first.epoch_end(loss)
    second = start(setting, total_steps=24, steps_per_epoch=2)
    second.load_state_dict(first.state_dict())
    for loss in losses[at:]:
        first.epoch_end(loss)
        second.epoch_end(loss)
    assert second.state_dict() == first.state_dict()
    assert second.lr(23) == first.lr(23)


def test_a_fixed_course_has_no_state() -> None:
    course = start(Setting(schedule="cosine", initial_lr=0.1), total_steps=10, steps_per_epoch=5)
    course.epoch_end(1.0)
    course.load_state_dict(course.state_dict())
    assert course.lr(5) == pytest.approx(0.05)


def test_steps_beyond_the_horizon_keep_the_last_lr() -> None:
    course = start(Setting(schedule="one_cycle", initial_lr=0.1), total_steps=10, steps_per_epoch=5)
    assert course.lr(10) == course.lr(1000) == course.lr(9)
    with pytest.raises(ValueError, match="negative"):
        course.lr(-1)


def test_sequence_drops_between_epochs() -> None:
    setting = Setting(schedule="plateau", initial_lr=1.0, params={"patience": 0.0, "factor": 0.5})
    lrs = lr_sequence(setting, total_steps=7, steps_per_epoch=2, metrics=[1.0, 1.0, 1.0])
    assert lrs.tolist() == [1.0, 1.0, 1.0, 1.0, 0.5, 0.5, 0.25]
    assert lr_sequence(setting, total_steps=7, steps_per_epoch=2).tolist() == [1.0] * 7
