"""How far situations lie apart."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lrtune.nearness import Situation, differences, distance
from lrtune.wire import OptimizerSpec
from service import samples

MEASURED = Situation.of(samples.ANSWER.provenance, {"width": 64, "depth": 2, "norm": "batch"})


def measured(**optimizer: Any) -> Situation:
    provenance = samples.ANSWER.provenance.model_copy(update={"optimizer": optimizer})
    return Situation.of(provenance)


def far(**asked: Any) -> float:
    return distance(differences(Situation(**asked), MEASURED))


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({}, 0.0),
        ({"batch_size": 64, "epochs": 20, "task_version": 1, "precision": "float32"}, 0.0),
        ({"batch_size": 256}, 1.0),
        ({"batch_size": 16}, 1.0),
        ({"epochs": 40}, 0.32),
        ({"epochs": 10}, 0.32),
        ({"task_version": 2}, 1.0),
        ({"precision": "bfloat16"}, 0.5),
        ({"params": {"width": 128}}, 0.0),
        ({"params": {"width": 256}}, 1.0),
        ({"params": {"width": 1_000_000}}, 3.0),
        ({"params": {"depth": 2}}, 0.0),
        ({"params": {"depth": True}}, 1.0),
        ({"params": {"norm": "layer"}}, 1.0),
        ({"batch_size": 256, "epochs": 40, "task_version": 2}, 2.32),
    ],
)
def test_each_difference_has_its_share(asked: dict[str, Any], expected: float) -> None:
    assert far(**asked) == pytest.approx(expected)


def test_the_batch_counts_whole_for_sgd_and_half_for_others() -> None:
    asked = Situation(batch_size=128)
    assert distance(differences(asked, measured(name="sgd"))) == 1.0
    assert distance(differences(asked, measured(name="adam"))) == 0.5


@pytest.mark.parametrize(
    ("asked", "had", "expected"),
    [
        ({"momentum": 0.9}, {"momentum": 0.9}, 0.0),
        ({"momentum": 0.0}, {}, 0.0),
        ({"momentum": 0.5}, {}, 1.0),
        ({"momentum": 0.95}, {"momentum": 0.9}, 1.0),
        ({"nesterov": True}, {}, 0.5),
        ({"nesterov": False, "weight_decay": 0.1}, {}, 0.5),
    ],
)
def test_options_are_compared_with_torchs_defaults(
    asked: dict[str, Any], had: dict[str, Any], expected: float
) -> None:
    spec = OptimizerSpec.model_validate({"name": "sgd", **asked})
    found = differences(Situation(optimizer=spec), measured(name="sgd", **had))
    assert distance(found) == pytest.approx(expected)


def test_a_list_is_a_tuple() -> None:
    spec = OptimizerSpec.model_validate({"name": "adam", "betas": [0.9, 0.999]})
    assert differences(Situation(optimizer=spec), measured(name="adam")) == []


@given(st.integers(1, 10**6), st.integers(1, 10**4))
def test_distances_are_finite_and_zero_only_without_differences(batch_size: int, epochs: int) -> None:
    found = differences(Situation(batch_size=batch_size, epochs=epochs), MEASURED)
    assert math.isfinite(distance(found))
    assert (found == []) == ((batch_size, epochs) == (64, 20))
    assert all(each.warning.endswith(".") for each in found)
    assert [each.distance for each in found] == sorted((each.distance for each in found), reverse=True)


def test_warnings_say_which_way_the_lr_moves() -> None:
    found = differences(Situation(batch_size=256, epochs=200), MEASURED)
    assert [each.what for each in found] == ["epochs", "batch_size"]
    assert "a lower LR, here by a factor of about 0.48" in found[0].warning
    assert "by a factor of 2" in found[1].warning
