"""The emitted plain Python has our LR at every step."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as budget
from hypothesis import strategies as st

from lrtune.schedules import lr_sequence, plain_code
from lrtune.wire import OptimizerSpec, Setting
from tests.unit.schedules import cases


def define(setting: Setting, steps_per_epoch: int, epochs: int) -> dict[str, Any]:
    space: dict[str, Any] = {}
    code = plain_code(
        setting,
        optimizer=OptimizerSpec(),
        total_steps=epochs * steps_per_epoch,
        steps_per_epoch=steps_per_epoch,
        epochs=epochs,
    )
    exec(code, space)
    return space


def compare(setting: Setting, steps_per_epoch: int, epochs: int) -> None:
    total = epochs * steps_per_epoch
    lr = define(setting, steps_per_epoch, epochs)["lr"]
    expected = lr_sequence(setting, total_steps=total, steps_per_epoch=steps_per_epoch)
    found = [lr(step) for step in range(total)]
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-15 * setting.initial_lr)


@pytest.mark.parametrize("family", cases.FIXED)
def test_grid(family: str) -> None:
    for setting in cases.grid(family):
        compare(setting, steps_per_epoch=7, epochs=9)


@pytest.mark.parametrize("family", cases.FIXED)
def test_any_setting_and_horizon(family: str) -> None:
    @budget(max_examples=40, deadline=None)
    @given(cases.settings(family, wide=True), st.integers(1, 9), st.integers(1, 12))
    def check(setting: Setting, steps_per_epoch: int, epochs: int) -> None:
        compare(setting, steps_per_epoch, epochs)

    check()


@budget(max_examples=100, deadline=None)
@given(st.data(), cases.settings("plateau", wide=True), st.integers(1, 5), st.integers(1, 30))
def test_plateau_on_any_losses(
    data: st.DataObject, setting: Setting, steps_per_epoch: int, epochs: int
) -> None:
    metrics = data.draw(st.lists(cases.LOSSES, min_size=epochs, max_size=epochs))
    schedule = define(setting, steps_per_epoch, epochs)["schedule"]
    found = []
    for epoch in range(epochs):
        found += [schedule.lr(epoch * steps_per_epoch + batch) for batch in range(steps_per_epoch)]
        schedule.epoch_end(metrics[epoch])
    expected = lr_sequence(
        setting, total_steps=epochs * steps_per_epoch, steps_per_epoch=steps_per_epoch, metrics=metrics
    )
    np.testing.assert_array_equal(found, expected)
