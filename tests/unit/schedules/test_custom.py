"""A task's own families: laid, checked, searched and sent as JSON like ours."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from lrtune.schedules import (
    FAMILIES,
    Custom,
    FamilyRow,
    ScheduleError,
    check,
    choice,
    custom_family,
    number,
    start,
    whole_number,
    with_custom,
)
from lrtune.search.space import space
from lrtune.wire import Setting


def sawtooth(step: int, steps: int, *, teeth: int, depth: float, end: str) -> float:
    within = step * teeth % steps / steps
    return 1.0 - depth * within if end == "deep" else 1.0 - depth * within / 2


SAWTOOTH = Custom(
    sawtooth,
    params=(
        whole_number("teeth", 1, 8, default=2),
        number("depth", 0.1, 0.9, default=0.5, doc="How far each tooth falls."),
        choice("end", "deep", "shallow", default="deep"),
    ),
    summary="Down and up at once, again and again.",
)


def setting(**params: Any) -> Setting:
    return Setting(schedule="custom:sawtooth", initial_lr=0.2, params=params)


def lrs(chosen: Setting, customs: dict[str, Custom], total: int = 20) -> list[float]:
    course = start(chosen, total_steps=total, steps_per_epoch=5, families=with_custom(customs))
    return [course.lr(step) for step in range(total)]


def test_laid_over_the_steps_after_the_warmup() -> None:
    found = lrs(setting(teeth=4, warmup=0.2), {"sawtooth": SAWTOOTH})
    assert found[:4] == pytest.approx([0.04, 0.08, 0.12, 0.16])
    assert found[4:] == pytest.approx(
        [0.2 * sawtooth(s, 16, teeth=4, depth=0.5, end="deep") for s in range(16)]
    )


def test_ours_are_still_there() -> None:
    families = with_custom({"sawtooth": SAWTOOTH})
    assert set(families) == {*FAMILIES, "custom:sawtooth"}
    assert "custom:sawtooth" not in FAMILIES


def test_checked_like_ours() -> None:
    families = with_custom({"sawtooth": SAWTOOTH})
    assert check("custom:sawtooth", {}, families=families) == {
        "teeth": 2,
        "depth": 0.5,
        "end": "deep",
        "warmup": 0.0,
    }
    with pytest.raises(ScheduleError, match="whole number from 1 to 8"):
        check("custom:sawtooth", {"teeth": 9}, families=families)
    with pytest.raises(ScheduleError, match="did you mean 'custom:sawtooth'"):
        check("custom:sawtoth", {}, families=families)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -0.1, 1e9, None, "x", [1.0]])
def test_a_function_must_return_a_ratio(bad: Any) -> None:
    broken = Custom(lambda step, steps: bad if step == 7 else 1.0)
    chosen = Setting(schedule="custom:broken", initial_lr=0.1)
    with pytest.raises(ScheduleError, match="at step 7 of 20") as caught:
        lrs(chosen, {"broken": broken})
    assert caught.value.field == "schedules.broken"


def test_what_the_function_raises_goes_through() -> None:
    def fails(step: int, steps: int) -> float:
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        lrs(Setting(schedule="custom:fails", initial_lr=0.1), {"fails": Custom(fails)})


@pytest.mark.parametrize(
    ("name", "custom", "says"),
    [
        ("a b", SAWTOOTH, "not a name"),
        ("mine", sawtooth, "not a Custom"),
        ("mine", Custom(3), "not a Custom"),  # type: ignore[arg-type]
        ("mine", Custom(sawtooth, (number("step", 0, 1, default=0),)), "not a free name"),
        ("mine", Custom(sawtooth, (number("warmup", 0, 1, default=0),)), "not a free name"),
        ("mine", Custom(sawtooth, (number("a", 0, 1, default=0),) * 2), "not a free name"),
        ("mine", Custom(sawtooth, (number("a", 0, 1, default=2),)), "not from 0 to 1"),
        ("mine", Custom(sawtooth, (number("a", 0, math.inf, default=2),)), "finite bounds"),
        ("mine", Custom(sawtooth, (number("a", 0, 1, default=1, log=True),)), "logarithm"),
        ("mine", Custom(sawtooth, (choice("a", "b", default="c"),)), "not a choice"),
    ],
)
def test_refused(name: str, custom: Any, says: str) -> None:
    with pytest.raises(ScheduleError, match=says):
        custom_family(name, custom)


def test_goes_to_the_worker_as_json_and_is_searched_there() -> None:
    ours = custom_family("sawtooth", SAWTOOTH)
    sent = FamilyRow.of(ours).model_dump_json()
    theirs = FamilyRow.model_validate_json(sent).family()
    assert (theirs.name, theirs.params, theirs.simplicity) == (ours.name, ours.params, ours.simplicity)

    families = {**FAMILIES, theirs.name: theirs}
    searched = space([theirs.name], SimpleNamespace(center=1e-2, low=1e-4, high=1.0), families)
    rng = np.random.default_rng(0)
    for _ in range(20):
        point = searched.default(theirs.name)
        found = searched.setting(type(point)(theirs.name, tuple(rng.random(len(point.u)))))
        assert all(lr >= 0 for lr in lrs(found, {"sawtooth": SAWTOOTH}))
    with pytest.raises(ScheduleError, match="in the task"):
        start(setting(), total_steps=10, steps_per_epoch=5, families=families).lr(0)


@pytest.mark.parametrize(
    "row",
    [
        {"name": "cosine"},
        {"name": "custom:a b"},
        {"params": [{"name": "x", "kind": "float", "default": 1.0}]},
        {"params": [{"name": "x", "kind": "float", "default": 3.0, "low": 0, "high": 1}]},
        {"params": [{"name": "x", "kind": "float", "default": 0.0, "low": 0, "high": 1, "log": True}]},
        {"params": [{"name": "x", "kind": "categorical", "default": "a", "choices": ["b"]}]},
        {"params": [{"name": "x", "kind": "list", "default": 1.0, "low": 0, "high": 1}]},
        {"params": [{"name": "x", "kind": "float", "default": math.inf, "low": 0, "high": math.inf}]},
    ],
)
def test_a_hostile_row_is_refused(row: dict[str, Any]) -> None:
    sound = {"name": "custom:mine", "title": "Mine", "summary": "", "params": []}
    FamilyRow.model_validate(sound)
    with pytest.raises(ValidationError):
        FamilyRow.model_validate({**sound, **row})
