"""A lane is alone in the world: who shares its population, how many, in what order, changes nothing.

Plain lanes agree to the bit. Kernels for stacks of lanes may round by the stack's size, so fused lanes agree
as far as double precision does.
"""

from __future__ import annotations

import gc
import math
import weakref
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lrtune.wire import TrialState
from tests.engine.kinds import workload
from tests.engine.trainer import lane
from tests.engine.training import Curve, curves
from workers.protocol import Lane
from workers.trainer.data import Batch
from workers.trainer.lanes import Lanes
from workers.trainer.plain import PlainLanes
from workers.trainer.population import FusedLanes
from workers.trainer.room import Room


def same(curve: Curve, expected: Curve) -> None:
    """The curves agree as double precision allows."""
    assert len(curve) == len(expected)
    for ours, theirs in zip(curve, expected, strict=True):
        assert ours == pytest.approx(theirs, rel=1e-9, abs=1e-12)


OPTIMIZERS = ["adamw", "sgd", "rmsprop", "asgd"]
"""One for each updater: stacked Adam and SGD, cohorts, one optimizer a lane."""


@pytest.mark.parametrize("population", [FusedLanes, PlainLanes])
@pytest.mark.parametrize("kind", ["linear", "batchnorm2d", "dropout", "transformer encoder", "gru"])
def test_neighbours_change_nothing(kind: str, population: type[FusedLanes | PlainLanes]) -> None:
    load = workload(kind, clip_grad_norm=1.0)
    asked = lane(0, 5e-3, schedule="cosine", seed=4, epochs=3)
    alone, _ = curves(load, population(load), [asked])
    for others in (1, 4):
        crowd = [lane(n + 1, 1e-3 * (n + 1), seed=n, epochs=2 + n % 2) for n in range(others)]
        for order in ([asked, *crowd], [*crowd, asked]):
            told, _ = curves(load, population(load), order)
            if population is PlainLanes:
                assert told[0] == alone[0]
            same(told[0], alone[0])


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("kind", ["linear", "batchnorm2d"])
def test_a_diverging_lane_leaves_the_others_bit_equal(kind: str, optimizer: str) -> None:
    load = workload(kind, optimizer)
    well = [lane(0, 1e-3, seed=1, epochs=4), lane(1, 2e-3, schedule="linear", seed=2, epochs=4)]
    ill = lane(9, 1e4, seed=3, epochs=4)
    expected, _ = curves(load, FusedLanes(load), well)
    told, ends = curves(load, _Poisoned(FusedLanes(load), at=1), [well[0], ill, well[1]])
    assert ends[9].state is TrialState.DIVERGED
    assert told[9] == []
    assert {n: told[n] for n in (0, 1)} == expected


class _Poisoned:
    """Lanes of which one takes a step to infinity, whatever the optimizer."""

    def __init__(self, lanes: FusedLanes, at: int) -> None:
        self._lanes = lanes
        self._at = at
        self._steps = 0

    @property
    def count(self) -> int:
        return self._lanes.count

    def add(self, seeds: list[int]) -> None:
        self._lanes.add(seeds)

    def keep(self, index: list[int]) -> None:
        self._lanes.keep(index)

    def step(self, batch: Batch, lr: list[float]) -> torch.Tensor:
        self._steps += 1
        if self._steps == 3:
            self._lanes._rows[self._at] = math.inf
        return self._lanes.step(batch, lr)

    def losses(self, batch: Batch) -> torch.Tensor:
        return self._lanes.losses(batch)

    def evaluate(self, batches: int | None = None) -> list[dict[str, float]]:
        return self._lanes.evaluate(batches)

    def state(self) -> dict[str, Any]:
        return self._lanes.state()

    def load_state(self, state: dict[str, Any]) -> None:
        self._lanes.load_state(state)


LANES = 7
LENGTHS = [1, 3, 2, 1, 2, 3, 1]


def _expected(optimizer: str) -> dict[int, Curve]:
    load = workload("batchnorm1d", optimizer)
    asked = [_asked(n) for n in range(LANES)]
    return {a.number: curves(load, FusedLanes(load), [a])[0][a.number] for a in asked}


def _asked(number: int) -> Lane:
    return lane(number, 1e-3 * (number + 1), schedule="plateau", seed=number % 3, epochs=LENGTHS[number])


_ALONE: dict[str, dict[int, Curve]] = {}


@given(
    optimizer=st.sampled_from(OPTIMIZERS),
    order=st.permutations(range(LANES)),
    capacity=st.integers(1, LANES),
    stops=st.dictionaries(st.integers(0, LANES - 1), st.integers(1, 3), max_size=4),
)
@settings(max_examples=12, deadline=None, derandomize=True)
def test_compaction_and_refill_in_any_order_change_nothing(
    optimizer: str, order: list[int], capacity: int, stops: dict[int, int]
) -> None:
    if optimizer not in _ALONE:
        _ALONE[optimizer] = _expected(optimizer)
    alone = _ALONE[optimizer]
    load = workload("batchnorm1d", optimizer)
    told, ends = curves(
        load,
        FusedLanes(load),
        [_asked(n) for n in order],
        capacity=capacity,
        stop=lambda number, epoch: stops.get(number) == epoch,
    )
    for number in range(LANES):
        length = min(LENGTHS[number], stops.get(number, 99))
        same(told[number], alone[number][:length])
        pruned = length < LENGTHS[number]
        assert ends[number].state is (TrialState.PRUNED if pruned else TrialState.COMPLETE)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_running_out_of_memory_halves_the_lanes_at_a_time(
    optimizer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    load = workload("batchnorm2d", optimizer)
    asked = [lane(n, 1e-3 * (n + 1), seed=n, epochs=2) for n in range(6)]
    expected, _ = curves(load, FusedLanes(load), asked)
    small = FusedLanes(load)
    whole = small._forward.losses
    sizes: list[int] = []

    def tight(rows: torch.Tensor, *rest: object) -> object:
        sizes.append(len(rows))
        if len(rows) > 2:
            raise torch.OutOfMemoryError
        return whole(rows, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(small._forward, "losses", tight)
    told, _ = curves(load, small, asked)
    for number, curve in expected.items():
        same(told[number], curve)
    assert sizes[:3] == [6, 3, 1]
    assert max(sizes[2:]) <= 2


def test_a_lane_that_does_not_fit_alone_is_an_error() -> None:
    def work(lanes: slice) -> None:
        raise torch.OutOfMemoryError

    with pytest.raises(torch.OutOfMemoryError):
        Room().run(8, work)


def test_lanes_that_cannot_be_added_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    load = workload("linear")
    asked = [lane(n, 1e-3 * (n + 1), seed=n, epochs=2) for n in range(5)]
    expected, _ = curves(load, FusedLanes(load), asked)
    small: Lanes = FusedLanes(load)
    add = small.add

    def tight(seeds: list[int]) -> None:
        if small.count + len(seeds) > 2:
            raise torch.OutOfMemoryError
        add(seeds)

    monkeypatch.setattr(small, "add", tight)
    told, _ = curves(load, small, asked)
    for number, curve in expected.items():
        same(told[number], curve)


def test_dropout_drops_its_share_and_no_two_lanes_or_steps_alike() -> None:
    class Mask(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = torch.nn.Parameter(torch.ones(()))

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            masks.append(torch.nn.functional.dropout(torch.ones(40, 50), 0.3, self.training))
            return (x * self.weight)[:, :3]

    masks: list[torch.Tensor] = []
    load = workload(Mask)
    lanes = PlainLanes(load)
    lanes.add([1, 2, 1])
    batch = load.train.epoch([(0, 0)] * 3, load.batch_size).batch(0)
    masks.clear()
    lanes.step(batch, [0.1] * 3)
    lanes.step(batch, [0.1] * 3)
    first, other, twin, second = masks[:4]
    assert torch.equal(first, twin)
    kept = [(mask != 0).double().mean().item() for mask in masks]
    # 2,000 draws: the share kept has a standard deviation of 0.0102; five of them.
    assert all(abs(share - 0.7) < 0.051 for share in kept)
    assert torch.allclose(first[first != 0], torch.tensor(1 / 0.7))
    for one, two in ((first, other), (first, second)):
        together = ((one != 0) & (two != 0)).double().mean().item()
        assert abs(together - 0.49) < 0.056


@pytest.mark.parametrize("population", [FusedLanes, PlainLanes])
def test_memory_is_free_after_a_unit(population: type[FusedLanes | PlainLanes]) -> None:
    # Other tests of this process may hold tensors of their own.
    before = {id(x) for x in gc.get_objects() if isinstance(x, torch.Tensor)}
    load = workload("batchnorm1d")
    lanes = population(load)
    curves(load, lanes, [lane(n, seed=n) for n in range(3)])
    width = sum(p.numel() for p in load.fresh_model(0).parameters())
    gone = weakref.ref(lanes)
    del lanes
    gc.collect()
    assert gone() is None
    new = [x for x in gc.get_objects() if isinstance(x, torch.Tensor) and id(x) not in before]
    held = [x for x in new if x.numel() >= 3 * width]
    assert all(len(x) == 48 for x in held), "only the data set is left"
