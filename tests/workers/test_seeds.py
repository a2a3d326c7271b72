"""Seeds of trainings."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lrtune.wire import Phase
from workers.planning.seeds import seeds


@given(st.integers(0, 2**31 - 1), st.integers(1, 64))
def test_phases_share_no_seed_and_none_comes_twice(seed: int, n: int) -> None:
    drawn = {phase: seeds(seed, phase, n) for phase in Phase}
    flat = [value for values in drawn.values() for value in values]
    assert all(len(values) == n for values in drawn.values())
    assert all(0 <= value < 2**31 for value in flat)
    assert all(len(set(values)) == n for values in drawn.values())


def test_more_seeds_begin_with_the_same_ones() -> None:
    assert seeds(7, Phase.CONFIRM, 8)[:3] == seeds(7, Phase.CONFIRM, 3)
    assert seeds(7, Phase.CONFIRM, 3) != seeds(8, Phase.CONFIRM, 3)
    assert seeds(7, Phase.CONFIRM, 3) != seeds(7, Phase.PROBES, 3)
