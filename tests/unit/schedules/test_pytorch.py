"""The emitted PyTorch code, run with the real classes, has our LR at every step."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import settings as budget
from hypothesis import strategies as st

from lrtune.optimizers import OptimizerError
from lrtune.schedules import FAMILIES, lr_sequence, pytorch_code
from lrtune.wire import OptimizerSpec, Setting
from tests.unit.schedules import cases, torch_runs

pytestmark = pytest.mark.filterwarnings("error")


def compare(setting: Setting, steps_per_epoch: int, epochs: int, metrics: list[float] | None = None) -> None:
    total = epochs * steps_per_epoch
    code = pytorch_code(
        setting,
        optimizer=OptimizerSpec(),
        total_steps=total,
        steps_per_epoch=steps_per_epoch,
        epochs=epochs,
    )
    expected = lr_sequence(setting, total_steps=total, steps_per_epoch=steps_per_epoch, metrics=metrics)
    found = torch_runs.run(code, steps_per_epoch=steps_per_epoch, metrics=metrics or ())
    # Many schedulers compute each LR from the one before; the absolute term is for an LR of exactly 0.
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-14 * setting.initial_lr)


@pytest.mark.parametrize("family", FAMILIES)
def test_grid(family: str) -> None:
    for setting in cases.grid(family):
        compare(setting, steps_per_epoch=7, epochs=9, metrics=[1.0] * 9)


@pytest.mark.parametrize("family", cases.FIXED)
def test_any_setting_and_horizon(family: str) -> None:
    @budget(max_examples=40, deadline=None)
    @given(cases.settings(family, wide=True), st.integers(1, 9), st.integers(1, 12))
    def check(setting: Setting, steps_per_epoch: int, epochs: int) -> None:
        compare(setting, steps_per_epoch, epochs)

    check()


@budget(max_examples=150, deadline=None)
@given(st.data(), cases.settings("plateau", wide=True), st.integers(1, 5), st.integers(1, 30))
def test_plateau_on_any_losses(
    data: st.DataObject, setting: Setting, steps_per_epoch: int, epochs: int
) -> None:
    metrics = data.draw(st.lists(cases.LOSSES, min_size=epochs, max_size=epochs))
    compare(setting, steps_per_epoch, epochs, metrics)


def test_long_run() -> None:
    """Rounding does not pile up in torch's recursions, nor at the far end of a cosine."""
    setting = Setting(schedule="cosine", initial_lr=0.1, params={"warmup": 0.01})
    total = 10_000
    code = pytorch_code(
        setting, optimizer=OptimizerSpec(), total_steps=total, steps_per_epoch=total, epochs=1
    )
    expected = lr_sequence(setting, total_steps=total, steps_per_epoch=total)
    found = torch_runs.run(code, steps_per_epoch=total)
    np.testing.assert_allclose(found, expected, rtol=1e-7)


@pytest.mark.parametrize(
    ("spec", "options"),
    [
        (
            {"name": "sgd", "momentum": 0.9, "nesterov": True, "weight_decay": 1e-4},
            {"momentum": 0.9, "nesterov": True, "weight_decay": 1e-4},
        ),
        ({"name": "adam", "betas": [0.8, 0.99]}, {"betas": (0.8, 0.99), "weight_decay": 0}),
        ({"name": "adamw"}, {"weight_decay": 0.01}),
        ({"name": "rmsprop", "alpha": 0.9, "centered": True}, {"alpha": 0.9, "centered": True}),
        ({"name": "lbfgs", "line_search_fn": "strong_wolfe"}, {"line_search_fn": "strong_wolfe"}),
    ],
)
def test_optimizer_is_made_with_its_options(spec: dict[str, object], options: dict[str, object]) -> None:
    code = pytorch_code(
        Setting(schedule="linear", initial_lr=0.01),
        optimizer=OptimizerSpec.model_validate(spec),
        total_steps=12,
        steps_per_epoch=4,
        epochs=3,
    )
    space = {"model": torch.nn.Linear(2, 1)}
    exec(code, space)
    optimizer = space["optimizer"]
    assert type(optimizer).__name__.lower() == spec["name"]
    assert {name: optimizer.param_groups[0][name] for name in options} == options
    # The loop of the comment runs, that of L-BFGS with its closure as well.
    assert len(torch_runs.run(code, steps_per_epoch=4)) == 12


def test_unknown_option_is_refused() -> None:
    with pytest.raises(OptimizerError, match="momentom"):
        pytorch_code(
            Setting(schedule="linear", initial_lr=0.01),
            optimizer=OptimizerSpec.model_validate({"name": "sgd", "momentom": 0.9}),
            total_steps=12,
            steps_per_epoch=4,
            epochs=3,
        )


def test_first_loss_nan_does_not_stick() -> None:
    setting = Setting(schedule="plateau", initial_lr=0.1, params={"patience": 0.1, "factor": 0.5})
    compare(setting, 1, 10, [math.nan, 1.0, 0.9, 0.9, 0.9, math.inf, 0.9, 0.8, 0.8, 0.8])
