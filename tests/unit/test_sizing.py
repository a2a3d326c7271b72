"""How large a fleet is, by what the queue holds."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from workers.fleet.order import Sizing


def test_it_grows_at_once_and_shrinks_after_a_while() -> None:
    sizing = Sizing(0, 4, idle_s=60)
    assert sizing.wanted(0, size=0, units=3) == 3
    assert sizing.wanted(1, size=3, units=9) == 4
    assert sizing.wanted(10, size=4, units=1) == 4
    assert sizing.wanted(50, size=4, units=4) == 4  # there was work again: the while begins anew
    assert sizing.wanted(60, size=4, units=1) == 4
    assert sizing.wanted(119, size=4, units=1) == 4
    assert sizing.wanted(120, size=4, units=1) == 1
    assert sizing.wanted(200, size=1, units=0) == 1
    assert sizing.wanted(260, size=1, units=0) == 0


def test_a_smaller_order_is_followed_at_once() -> None:
    assert Sizing(0, 2, idle_s=60).wanted(0, size=5, units=9) == 2
    assert Sizing(3, 3, idle_s=60).wanted(0, size=5, units=0) == 3


@given(st.integers(0, 5), st.integers(0, 5), st.integers(0, 20), st.integers(0, 20))
def test_it_stays_within_its_bounds(least: int, more: int, size: int, units: int) -> None:
    sizing = Sizing(least, least + more, idle_s=0)
    assert least <= sizing.wanted(0, size=size, units=units) <= least + more
