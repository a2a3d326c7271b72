from __future__ import annotations

import random

import pytest

from lrtune.search.stopping import settled
from lrtune.wire import MetricSpec, SearchSpec, Trial
from tests.unit.search.families import FAMILIES, PRIOR
from tests.unit.search.test_study import NAMES, run

LOSS = MetricSpec()


def spec(trials: int = 80, *, stop_early: bool = True) -> SearchSpec:
    return SearchSpec(trials=trials, schedules=NAMES, stop_early=stop_early)


@pytest.fixture(scope="module")
def long() -> list[Trial]:
    return run("gp", 8)


def test_a_valley_that_is_found_settles_the_search(long: list[Trial]) -> None:
    assert settled(spec(), PRIOR, long, LOSS, families=FAMILIES)


def test_not_before_four_generations_nor_when_told_not_to(long: list[Trial]) -> None:
    assert not settled(spec(), PRIOR, long[:24], LOSS, families=FAMILIES)
    assert not settled(spec(stop_early=False), PRIOR, long, LOSS, families=FAMILIES)


def test_row_order_does_not_matter(long: list[Trial]) -> None:
    words = set()
    for seed in range(3):
        shuffled = long[:40]
        random.Random(seed).shuffle(shuffled)
        words.add(settled(spec(), PRIOR, shuffled, LOSS, families=FAMILIES))
    assert len(words) == 1


def test_a_search_that_still_improves_goes_on(long: list[Trial]) -> None:
    """Each trial is better than all before it: nobody knows where the floor is."""
    still = [t.model_copy(update={"value": None if t.value is None else 10.0 * 0.9**t.number}) for t in long]
    assert not settled(spec(), PRIOR, still[:32], LOSS, families=FAMILIES)
