"""Code for a task's own schedule imports its function, and has our LR at every step."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from lrtune.schedules import (
    EXPORTS,
    Custom,
    keras_code,
    number,
    plain_code,
    pytorch_code,
    source,
    start,
    with_custom,
)
from lrtune.wire import OptimizerSpec, Setting
from tests.unit.schedules import keras_runs, torch_runs

STEPS, EPOCHS = 7, 9


def bumps(step: int, steps: int, *, depth: float, end: str = "deep") -> float:
    """Begins at half the initial LR: a warmup leads there, and not to the initial LR."""
    return 0.5 + depth * (step % 5) / steps if end == "deep" else 0.5


BUMPS = Custom(bumps, (number("depth", 0.1, 0.9, default=0.5),))


def run(warmup: float) -> dict[str, Any]:
    return {
        "setting": Setting(schedule="custom:bumps", initial_lr=3e-3, params={"depth": 0.3, "warmup": warmup}),
        "optimizer": OptimizerSpec(),
        "total_steps": STEPS * EPOCHS,
        "steps_per_epoch": STEPS,
        "epochs": EPOCHS,
        "function": source(bumps),
    }


def ours(warmup: float) -> NDArray[np.float64]:
    setting, families = run(warmup)["setting"], with_custom({"bumps": BUMPS})
    course = start(setting, total_steps=STEPS * EPOCHS, steps_per_epoch=STEPS, families=families)
    return np.array([course.lr(step) for step in range(STEPS * EPOCHS)])


@pytest.mark.parametrize("warmup", [0.0, 0.1])
def test_plain(warmup: float) -> None:
    space: dict[str, Any] = {}
    exec(plain_code(**run(warmup)), space)
    np.testing.assert_allclose(
        [space["lr"](step) for step in range(STEPS * EPOCHS)], ours(warmup), rtol=1e-12
    )


@pytest.mark.parametrize("warmup", [0.0, 0.1])
def test_pytorch(warmup: float) -> None:
    found = torch_runs.run(pytorch_code(**run(warmup)), steps_per_epoch=STEPS)
    np.testing.assert_allclose(found, ours(warmup), rtol=1e-12)


@pytest.mark.parametrize("warmup", [0.0, 0.1])
def test_keras(warmup: float) -> None:
    found = keras_runs.rates(keras_code(**run(warmup)), STEPS * EPOCHS)
    np.testing.assert_allclose(found, ours(warmup), rtol=1e-6)


@pytest.mark.parametrize("framework", EXPORTS)
def test_a_function_without_a_name_has_a_place_to_be_pasted(framework: str) -> None:
    code = EXPORTS[framework](**run(0.1) | {"function": None})
    assert "paste your task's function here" in code
    compile(code, framework, "exec")
    assert source(lambda step, steps: 1.0) is None


@pytest.mark.parametrize("framework", EXPORTS)
def test_a_function_is_imported_from_where_it_is(framework: str) -> None:
    code = EXPORTS[framework](**run(0.1))
    assert f"from {__name__} import bumps" in code
    compile(code, framework, "exec")
