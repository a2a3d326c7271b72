"""The table of families, and what every family keeps."""

from __future__ import annotations

import math
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as budget
from hypothesis import strategies as st

from lrtune.schedules import FAMILIES, check, concrete, lr_sequence, simplicity
from lrtune.search.space import space
from lrtune.wire import DEFAULT_SCHEDULES, Setting
from tests.unit.schedules import cases

OWN_START = {"one_cycle", "cyclic"}
"""Families that begin below the initial LR."""


def test_names() -> None:
    assert set(DEFAULT_SCHEDULES) <= set(FAMILIES)
    assert all(family.name == name for name, family in FAMILIES.items())
    assert all("warmup" in {param.name for param in family.params} for family in FAMILIES.values())


@pytest.mark.parametrize("family", FAMILIES)
def test_defaults_and_ends_are_allowed(family: str) -> None:
    defaults = check(family, {})
    assert check(family, defaults) == defaults
    for param in FAMILIES[family].params:
        if param.kind == "categorical":
            assert param.default in param.choices
            assert set(param.choices) <= set(param.allowed or param.choices)
            continue
        least, most = param.bounds
        assert param.low is not None
        assert param.high is not None
        assert least <= param.low <= param.high <= most
        defaults = param.default if param.kind == "list" else [param.default]
        assert all(param.low <= value <= param.high for value in defaults)
        if param.log:
            assert param.low > 0


@pytest.mark.parametrize("family", FAMILIES)
def test_search_space_holds_only_settings_that_pass(family: str) -> None:
    searched = space([family], SimpleNamespace(center=1e-2, low=1e-4, high=1.0), FAMILIES)
    rng = np.random.default_rng(0)
    for _ in range(50):
        point = searched.default(family)
        setting = searched.setting(type(point)(family, tuple(rng.random(len(point.u)))))
        checked = check(family, setting.params)
        assert checked == {**checked, **setting.params}


@pytest.mark.parametrize("family", FAMILIES)
def test_lrs_stay_between_zero_and_the_initial_one(family: str) -> None:
    @budget(max_examples=60, deadline=None)
    @given(cases.settings(family), st.integers(1, 9), st.integers(1, 12))
    def holds(setting: Setting, steps_per_epoch: int, epochs: int) -> None:
        lrs = lr_sequence(setting, total_steps=steps_per_epoch * epochs, steps_per_epoch=steps_per_epoch)
        assert np.isfinite(lrs).all()
        assert (lrs >= 0).all()
        assert lrs[0] > 0
        assert lrs.max() <= setting.initial_lr * (1 + 1e-12)

    holds()


@pytest.mark.parametrize("family", FAMILIES)
def test_warmup_leads_to_the_first_lr(family: str) -> None:
    without = lr_sequence(Setting(schedule=family, initial_lr=0.1), total_steps=90, steps_per_epoch=9)
    warm = Setting(schedule=family, initial_lr=0.1, params={"warmup": 0.1})
    lrs = lr_sequence(warm, total_steps=100, steps_per_epoch=10)
    assert lrs[:10] == pytest.approx(without[0] * np.arange(1, 11) / 11)
    # After it, the family is laid over the steps that are left.
    assert lrs[10:] == pytest.approx(without)
    assert (without[0] == pytest.approx(0.1)) == (family not in OWN_START)


def test_a_warmup_of_all_steps_leaves_one() -> None:
    setting = Setting(schedule="cosine", initial_lr=0.1, params={"warmup": 0.99})
    assert lr_sequence(setting, total_steps=4, steps_per_epoch=2)[-1] == 0.1


@pytest.mark.parametrize(
    ("family", "params", "step", "ratio"),
    [
        ("linear", {"end_ratio": 0.1}, 50, 0.55),
        ("step", {"gamma": 0.1, "drops": 3}, 50, 0.01),
        ("step", {"gamma": 0.1, "drops": 3}, 99, 0.001),
        ("multistep", {"gamma": 0.5, "drops": [0.75, 0.5]}, 49, 1.0),
        ("multistep", {"gamma": 0.5, "drops": [0.75, 0.5]}, 75, 0.25),
        ("piecewise", {"drop_1": 0.3, "drop_2": 0.6, "factor_1": 0.5, "factor_2": 0.1}, 59, 0.5),
        ("piecewise", {"drop_1": 0.3, "drop_2": 0.6, "factor_1": 0.5, "factor_2": 0.1}, 60, 0.05),
        ("exponential", {"final_ratio": 0.01}, 50, 0.1),
        ("inverse_time", {"decay": 4.0}, 50, 1 / 3),
        ("polynomial", {"power": 2.0, "decay_fraction": 0.8, "end_ratio": 0.01}, 40, 0.01 + 0.99 / 4),
        ("polynomial", {"power": 2.0, "decay_fraction": 0.8, "end_ratio": 0.01}, 90, 0.01),
        ("cosine", {"min_ratio": 0.1}, 50, 0.55),
        ("warm_restarts", {"period": 0.1, "mult": 2}, 10, 1.0),
        ("warm_restarts", {"period": 0.1, "mult": 2}, 20, 0.5),
        ("warm_restarts", {"period": 0.1, "mult": 2}, 30, 1.0),
        ("cyclic", {"period": 0.2, "base_ratio": 0.2, "mode": "triangular2"}, 10, 1.0),
        ("cyclic", {"period": 0.2, "base_ratio": 0.2, "mode": "triangular2"}, 30, 0.6),
        ("cyclic", {"period": 0.2, "base_ratio": 0.2, "mode": "exp_range", "final_ratio": 0.01}, 50, 0.28),
        ("one_cycle", {"pct_start": 0.3, "div": 10.0}, 0, 0.1),
        ("one_cycle", {"pct_start": 0.3, "div": 10.0}, 29, 1.0),
        ("one_cycle", {"pct_start": 0.3, "div": 10.0, "final_div": 100.0}, 99, 1e-3),
        ("inverse_sqrt", {"timescale": 0.1}, 30, 0.5),
        ("wsd", {"decay_fraction": 0.4, "shape": "linear"}, 60, 1.0),
        ("wsd", {"decay_fraction": 0.4, "shape": "1-sqrt"}, 70, 0.5),
        ("wsd", {"decay_fraction": 0.4, "shape": "cosine"}, 80, 0.5),
    ],
)
def test_known_values(family: str, params: dict[str, object], step: int, ratio: float) -> None:
    setting = Setting.model_validate({"schedule": family, "initial_lr": 0.2, "params": params})
    lrs = lr_sequence(setting, total_steps=100, steps_per_epoch=10)
    assert lrs[step] == pytest.approx(0.2 * ratio)


def test_concrete_numbers() -> None:
    params = {"patience": 0.12, "cooldown": 0.06, "min_ratio": 0.01, "warmup": 0.1}
    numbers = concrete(Setting(schedule="plateau", initial_lr=0.5, params=params), 200, 10)
    assert (numbers["warmup_steps"], numbers["patience"], numbers["cooldown"]) == (20, 2, 1)
    assert numbers["min_lr"] == pytest.approx(0.005)
    assert numbers["first_epoch"] == 2
    numbers = concrete(Setting(schedule="step", initial_lr=0.5), 200, 10)
    assert numbers["step_size"] == math.ceil(200 / 3)


def test_simplicity() -> None:
    assert simplicity("constant") == 0
    assert simplicity("constant") < simplicity("cosine") < simplicity("plateau")
    assert all(simplicity(name) > 0 for name in FAMILIES if name != "constant")
