"""A data set that doesn't fit is read batch by batch, and nobody can tell by the numbers."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from tests.engine.kinds import BATCH, EXAMPLES, workload
from tests.engine.trainer import lane
from tests.engine.training import curves
from workers.trainer.budget import data_budget
from workers.trainer.errors import UserError
from workers.trainer.plain import PlainLanes
from workers.trainer.population import FusedLanes
from workers.trainer.streaming import SAMPLE, Streamed

GENERATOR = torch.Generator().manual_seed(5)
INPUTS = torch.randn(EXAMPLES, 6, generator=GENERATOR, dtype=torch.float64)
TARGETS = torch.randint(0, 3, (EXAMPLES,), generator=GENERATOR)
BYTES = 6 * 8 + 8


class Read:
    """Map-style examples; remembers what was read."""

    def __init__(self, broken: int | None = None) -> None:
        self.broken = broken
        self.read: list[int] = []

    def __len__(self) -> int:
        return EXAMPLES

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        if index == self.broken:
            raise OSError("bad sector")
        self.read.append(index)
        return INPUTS[index], TARGETS[index]


@pytest.mark.parametrize("population", [FusedLanes, PlainLanes])
@pytest.mark.parametrize("threads", [1, 2])
def test_streamed_trainings_are_bit_equal_to_resident_ones(population: Any, threads: int) -> None:
    def trained(budget: int) -> Any:
        torch.set_num_threads(threads)  # threads beside the first read ahead
        try:
            load = workload("batchnorm1d", train=Read(), valid=Read(), budget=budget)
        finally:
            torch.set_num_threads(1)
        assert isinstance(load.train, Streamed) is (budget < BYTES * EXAMPLES)
        asked = [lane(n, 1e-3 * (n + 1), seed=n // 2, epochs=2) for n in range(4)]
        return curves(load, population(load), asked, stop=lambda number, epoch: (number, epoch) == (1, 1))

    assert trained(BYTES * EXAMPLES - 1) == trained(BYTES * EXAMPLES)


def test_lanes_of_one_order_share_what_is_read_and_nothing_is_held() -> None:
    train, valid = Read(), Read()
    load = workload("linear", train=train, valid=valid, budget=100)
    assert len(train.read) <= SAMPLE + BATCH + 2
    train.read.clear()
    feed = load.train.epoch([(0, 0), (0, 0), (7, 0)], BATCH)
    feed.batch(0)
    assert len(train.read) == 2 * BATCH
    feed.keep([0, 1])
    train.read.clear()
    assert feed.batch(1).shared
    assert len(train.read) == BATCH


def test_reading_draws_nothing_from_the_generator_of_models() -> None:
    load = workload("linear", train=Read(), budget=100)
    before = torch.get_rng_state()
    load.train.epoch([(0, 0)], BATCH).batch(0)
    assert torch.equal(torch.get_rng_state(), before)


def test_an_example_that_cannot_be_read_is_the_users_error() -> None:
    load = workload("linear", train=Read(), budget=100)
    load.train._examples.broken = 17  # type: ignore[attr-defined]
    with pytest.raises(UserError, match="train: bad sector"):
        curves(load, PlainLanes(load), [lane(0)])


def test_a_data_set_may_take_a_share_of_what_is_free() -> None:
    assert data_budget(torch.device("cpu"), 4000) == 1000
    assert data_budget(torch.device("cpu"), None) > 0
