"""How trainings are shared out among workers."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from workers.planning.apply import shares


@given(st.lists(st.integers(), min_size=1, max_size=100, unique=True), st.integers(1, 32))
def test_every_training_goes_to_one_worker_in_order_and_evenly(items: list[int], workers: int) -> None:
    parts = shares(items, workers)
    assert [item for part in parts for item in part] == items
    assert len(parts) == min(workers, len(items))
    assert max(map(len, parts)) - min(map(len, parts)) <= 1
