"""The emitted Keras code, run with the real classes, has our LR at every step."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as budget
from hypothesis import strategies as st

from lrtune.schedules import keras_code, lr_sequence
from lrtune.wire import OptimizerSpec, Setting
from tests.unit.schedules import cases, keras_runs
from tests.unit.schedules.keras_runs import keras

# Keras 3.15 turns torch tensors into arrays in a way that NumPy 2 announces the end of.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


def write(setting: Setting, steps_per_epoch: int, epochs: int) -> str:
    return keras_code(
        setting,
        optimizer=OptimizerSpec(),
        total_steps=epochs * steps_per_epoch,
        steps_per_epoch=steps_per_epoch,
        epochs=epochs,
    )


def compare(setting: Setting, steps_per_epoch: int, epochs: int) -> None:
    total = epochs * steps_per_epoch
    expected = lr_sequence(setting, total_steps=total, steps_per_epoch=steps_per_epoch)
    found = keras_runs.rates(write(setting, steps_per_epoch, epochs), total)
    # Keras computes schedules in float32 (eps 1.2e-7). Where an LR nears 0 it is a difference of numbers
    # near 1, so the error is a part of the initial LR. CosineDecayRestarts keeps the restarts passed, up to
    # 20 here, in the float whose fraction is the place in a cosine: that costs their number times eps.
    cycles = 20 if setting.schedule == "warm_restarts" else 1
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=3e-7 * cycles * setting.initial_lr)


@pytest.mark.parametrize("family", cases.FIXED)
def test_grid(family: str) -> None:
    for setting in cases.grid(family):
        compare(setting, steps_per_epoch=7, epochs=6)


@pytest.mark.parametrize("family", cases.FIXED)
def test_any_setting_and_horizon(family: str) -> None:
    @budget(max_examples=25, deadline=None)
    @given(cases.settings(family), st.integers(1, 6), st.integers(1, 9))
    def check(setting: Setting, steps_per_epoch: int, epochs: int) -> None:
        compare(setting, steps_per_epoch, epochs)

    check()


@budget(max_examples=120, deadline=None)
@given(st.data(), cases.settings("plateau"), st.integers(1, 4), st.integers(1, 30))
def test_plateau_on_any_losses(
    data: st.DataObject, setting: Setting, steps_per_epoch: int, epochs: int
) -> None:
    metrics = data.draw(st.lists(cases.LOSSES, min_size=epochs, max_size=epochs))
    code = write(setting, steps_per_epoch, epochs)
    if "ReduceLROnPlateau(" in code and not math.isfinite(metrics[0]):
        metrics[0] = 1.0  # the one difference that the code's comment tells
    expected = lr_sequence(
        setting, total_steps=epochs * steps_per_epoch, steps_per_epoch=steps_per_epoch, metrics=metrics
    )
    found = keras_runs.run(code, epochs=epochs, steps_per_epoch=steps_per_epoch, metrics=metrics)
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_keras_own_callback_where_it_is_equal() -> None:
    params = {"threshold_mode": "abs", "patience": 0.1, "cooldown": 0.1, "min_delta": 1e-3}
    code = write(Setting(schedule="plateau", initial_lr=0.1, params=params), 2, 20)
    (callback,) = keras_runs.define(code)["callbacks"]
    assert type(callback) is keras.callbacks.ReduceLROnPlateau
    assert (callback.patience, callback.cooldown) == (3, 3)


def trained(code: str, epochs: int) -> list[float]:
    """LRs of a real ``fit`` over four batches an epoch, on a loss that never gets better."""
    space = keras_runs.define(code)
    lrs: list[float] = []

    class Record(keras.callbacks.Callback):
        def on_train_batch_begin(self, batch: int, logs: object = None) -> None:
            lrs.append(float(keras.ops.convert_to_numpy(self.model.optimizer.learning_rate)))

    inputs = keras.Input((1,))
    model = keras.Model(inputs, keras.layers.Dense(1)(inputs))
    model.compile(optimizer=space["optimizer"], loss=lambda _, outputs: 1.0 + 0.0 * keras.ops.mean(outputs))
    x, y = np.zeros((8, 1)), np.ones((8, 1))
    callbacks = [*space.get("callbacks", []), Record()]
    model.fit(x, y, batch_size=2, epochs=epochs, validation_data=(x, y), callbacks=callbacks, verbose=0)
    return lrs


@pytest.mark.parametrize("family", ["plateau", "one_cycle", "cosine"])
@pytest.mark.parametrize("warmup", [0.0, 0.2])
def test_real_fit(family: str, warmup: float) -> None:
    setting = Setting(schedule=family, initial_lr=0.1, params={"warmup": warmup})
    expected = lr_sequence(setting, total_steps=24, steps_per_epoch=4, metrics=[1.0] * 6)
    np.testing.assert_allclose(trained(write(setting, 4, 6), 6), expected, rtol=1e-6, atol=3e-8)


def test_schedule_is_saved_with_its_model(tmp_path: Path) -> None:
    code = write(Setting(schedule="wsd", initial_lr=0.1, params={"warmup": 0.1}), 5, 8)
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile(optimizer=keras_runs.define(code)["optimizer"], loss="mse")
    model.optimizer.build(model.trainable_variables)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    loaded.optimizer._iterations.assign(2)
    assert float(loaded.optimizer.learning_rate) == pytest.approx(0.1 * 3 / 5)
