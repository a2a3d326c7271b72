"""How trainings are shared out in units."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from workers.planning.apply import shares


@given(
    st.lists(st.integers(), min_size=1, max_size=100, unique=True),
    st.integers(1, 32),
    st.none() | st.integers(1, 40),
)
def test_every_training_is_in_one_unit_in_order_and_none_is_needlessly_small(
    items: list[int], size: int, at_once: int | None
) -> None:
    parts = shares(items, at_once, size=size)
    assert [item for part in parts for item in part] == items
    assert max(map(len, parts)) <= size
    assert max(map(len, parts)) - min(map(len, parts)) <= 1
    assert len(parts) == max(-(-len(items) // size), min(at_once or 1, len(items)))
