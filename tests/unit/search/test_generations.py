from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lrtune.search import generation_sizes


@given(st.integers(1, 10_000), st.integers(1, 64), st.integers(1, 64))
def test_sizes_sum_to_the_trials_exactly(trials: int, first: int, size: int) -> None:
    sizes = generation_sizes(trials, first=first, size=size)
    assert sum(sizes) == trials
    assert min(sizes) >= 1
    assert sizes[0] == min(first, trials)
    assert all(got == size for got in sizes[1:-1])


def test_no_small_remainder() -> None:
    assert generation_sizes(11, first=4, size=4) == [4, 4, 3]
    assert generation_sizes(13, first=4, size=4) == [4, 4, 5]


@pytest.mark.parametrize("bad", [{"trials": 0}, {"trials": 5, "first": 0}, {"trials": 5, "size": 0}])
def test_nothing_below_one(bad: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        generation_sizes(**bad)
