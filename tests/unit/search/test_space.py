from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lrtune.search import FamilyError, Point, Space, space
from lrtune.wire import Setting
from tests.unit.search.families import FAMILIES, PRIOR, Param, Prior

SPACE = space(FAMILIES, PRIOR, FAMILIES)
UNIT = st.floats(0, 1)


@st.composite
def points(draw: st.DrawFn) -> Point:
    family = draw(st.sampled_from(SPACE.families))
    return Point(family, tuple(draw(UNIT) for _ in range(SPACE.dimensions(family))))


@given(points())
def test_every_point_is_a_setting_inside_the_bounds(point: Point) -> None:
    setting = SPACE.setting(point)
    assert PRIOR.low <= setting.initial_lr <= PRIOR.high
    for param in FAMILIES[point.family].params:
        value = setting.params[param.name]
        if param.kind == "list":
            assert isinstance(value, list)
            assert value == sorted(value)
            assert all(param.low <= drop <= param.high for drop in value)
        elif param.kind == "categorical":
            assert value in param.choices
        else:
            assert isinstance(value, int if param.kind == "int" else float)
            assert param.low <= value <= param.high


@given(points())
def test_a_setting_comes_back_from_its_point(point: Point) -> None:
    setting = SPACE.setting(point)
    back = SPACE.point(setting)
    assert back is not None
    again = SPACE.setting(back)
    assert again.initial_lr == pytest.approx(setting.initial_lr, rel=1e-9)
    for name, value in setting.params.items():
        expected = value if isinstance(value, str) else pytest.approx(value, rel=1e-9)
        assert again.params[name] == expected


def test_a_setting_outside_is_clipped_and_a_missing_parameter_takes_its_default() -> None:
    point = SPACE.point(Setting(schedule="cosine", initial_lr=50.0, params={"min_ratio": 0.9}))
    assert point is not None
    setting = SPACE.setting(point)
    assert setting.initial_lr == PRIOR.high
    assert setting.params == {"min_ratio": 0.1, "warmup": 0.0}


def test_a_family_outside_the_space_has_no_point() -> None:
    assert SPACE.point(Setting(schedule="one_cycle", initial_lr=0.1)) is None


def test_an_unknown_family_is_named() -> None:
    with pytest.raises(FamilyError, match="cosin") as caught:
        space(["cosin"], PRIOR, FAMILIES)
    assert caught.value.field == "search.schedules"


@pytest.mark.parametrize("prior", [Prior(1, 0, 2), Prior(3, 1, 2), Prior(1, 1, float("inf"))])
def test_a_senseless_prior_is_refused(prior: Prior) -> None:
    with pytest.raises(ValueError, match="prior"):
        space(["cosine"], prior, FAMILIES)


def test_a_space_without_families_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        Space({}, PRIOR)


def test_a_fixed_space_knows_it() -> None:
    assert Space({"constant": ()}, Prior(0.1, 0.1, 0.1)).fixed
    assert not Space({"constant": ()}, PRIOR).fixed
    assert Space({"a": (Param("p", "int", 3, 3, default=3),)}, Prior(0.1, 0.1, 0.1)).fixed
