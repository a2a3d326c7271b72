"""The Keras optimizers of the emitted code move weights as torch's do, or the code says what differs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from lrtune.optimizers import OPTIMIZERS, check
from lrtune.schedules import keras_code
from lrtune.wire import OptimizerSpec, Setting
from tests.unit.schedules import keras_runs
from tests.unit.schedules.keras_runs import keras

# Keras 3.15 turns torch tensors into arrays in a way that NumPy 2 announces the end of.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

GRADIENTS = np.random.default_rng(0).normal(size=(12, 4, 3)).astype(np.float32)
WEIGHTS = np.random.default_rng(1).normal(size=(4, 3)).astype(np.float32)
LR = 0.02


def code(spec: dict[str, Any]) -> str:
    return keras_code(
        Setting(schedule="constant", initial_lr=LR),
        optimizer=OptimizerSpec.model_validate(spec),
        total_steps=12,
        steps_per_epoch=4,
        epochs=3,
    )


def by_torch(spec: dict[str, Any]) -> NDArray[np.float32]:
    weights = torch.nn.Parameter(torch.tensor(WEIGHTS))
    row = OPTIMIZERS[spec["name"]]
    options = check(OptimizerSpec.model_validate(spec))
    optimizer = getattr(torch.optim, row.torch_class)([weights], lr=LR, **options)
    for gradient in GRADIENTS:
        weights.grad = torch.tensor(gradient)
        optimizer.step()
    return weights.detach().numpy()


def by_keras(spec: dict[str, Any]) -> NDArray[np.float32]:
    optimizer = keras_runs.define(code(spec))["optimizer"]
    weights = keras.Variable(WEIGHTS)
    optimizer.build([weights])
    for gradient in GRADIENTS:
        optimizer.apply([keras.ops.convert_to_tensor(gradient)])
    return keras.ops.convert_to_numpy(weights)


EQUAL = [
    {"name": "sgd"},
    {"name": "sgd", "weight_decay": 0.1},
    {"name": "sgd", "momentum": 0.9},
    {"name": "sgd", "momentum": 0.9, "nesterov": True},
    {"name": "adam", "betas": [0.8, 0.95]},
    {"name": "adam", "amsgrad": True},
    {"name": "adam", "weight_decay": 0.1, "decoupled_weight_decay": True},
    {"name": "adamw"},
    {"name": "adamw", "weight_decay": 0.3, "amsgrad": True},
    {"name": "adamax"},
    {"name": "nadam", "momentum_decay": 1.0},
    {"name": "nadam", "momentum_decay": 1.0, "weight_decay": 0.1, "decoupled_weight_decay": True},
    {"name": "rmsprop"},
    {"name": "rmsprop", "momentum": 0.5, "centered": True},
    {"name": "adagrad", "initial_accumulator_value": 0.1},
    {"name": "adadelta"},
    {"name": "adafactor"},
    {"name": "muon", "adjust_lr_fn": "match_rms_adamw"},
]


@pytest.mark.parametrize("spec", EQUAL, ids=str)
def test_equal_steps(spec: dict[str, Any]) -> None:
    moved = by_torch(spec) - WEIGHTS
    # Muon rounds its matrices to bfloat16 in torch.
    tolerance = 0.05 if spec["name"] == "muon" else 1e-3
    np.testing.assert_allclose(by_keras(spec) - WEIGHTS, moved, atol=tolerance * np.abs(moved).max())


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ({"name": "sgd", "momentum": 0.9, "weight_decay": 0.1}, "regularizers.L2(0.05)"),
        ({"name": "sgd", "momentum": 0.9, "dampening": 0.1}, "no dampening"),
        ({"name": "adam", "weight_decay": 0.1}, "regularizers.L2(0.05)"),
        ({"name": "nadam"}, "momentum decay of 1"),
        ({"name": "adagrad", "lr_decay": 0.1}, "no lr_decay"),
        ({"name": "muon"}, "no matrices"),
    ],
    ids=str,
)
def test_what_differs_is_said(spec: dict[str, Any], said: str) -> None:
    assert said in code(spec)
    by_keras(spec)


@pytest.mark.parametrize("name", ["radam", "asgd", "rprop", "lbfgs"])
def test_no_equal_optimizer(name: str) -> None:
    source = code({"name": name})
    assert f"# Keras has no {OPTIMIZERS[name].torch_class}" in source
    space = keras_runs.define(source)
    assert "optimizer" not in space
    assert space["learning_rate"] == LR


def test_every_optimizer_has_code() -> None:
    for name in OPTIMIZERS:
        assert "learning_rate" in code({"name": name})
