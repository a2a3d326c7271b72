"""The compiled step does what the uncompiled one does; what can't be compiled says so."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from tests.engine.kinds import Vector, workload
from tests.engine.test_equality import lanes, starting_lr
from tests.engine.training import curves
from workers.protocol import Length
from workers.trainer.census import Census
from workers.trainer.compiled import CompiledStep
from workers.trainer.plain import PlainLanes
from workers.trainer.population import FusedLanes
from workers.trainer.probe import compiling_pays, probe, take_census
from workers.trainer.tolerance import close
from workers.trainer.tracing import NotCompiled

SCHEDULES = ("constant", "cosine", "plateau", "linear", "step")


@pytest.mark.parametrize(
    ("kind", "optimizer", "fields", "chunk"),
    [
        ("batchnorm1d", "adamw", {"clip_grad_norm": 0.05, "lr_multipliers": {"0.*": 0.1}}, 3),
        ("dropout", "sgd", {"accumulate": 2}, 1),
        ("frozen", "rmsprop", {}, 2),
    ],
)
def test_compiled_chunks_equal_plain_lanes(
    kind: str, optimizer: str, fields: dict[str, Any], chunk: int
) -> None:
    load = workload(kind, optimizer, **fields)
    asked = [
        a.model_copy(update={"epochs": 3 + a.number % 2 * 3}) for a in lanes(starting_lr(load), *SCHEDULES)
    ]
    compiled, ends = curves(load, FusedLanes(load, CompiledStep(load, chunk)), asked, capacity=4)
    plain, plain_ends = curves(load, PlainLanes(load), asked)
    for number, curve in plain.items():
        assert len(compiled[number]) == len(curve)
        for ours, theirs in zip(compiled[number], curve, strict=True):
            assert ours["lr"] == theirs["lr"]
            assert ours == pytest.approx(theirs, rel=1e-9, abs=1e-12)
        assert ends[number].state == plain_ends[number].state


class Counting(Vector):
    """Its output hangs on how often it was called."""

    def __init__(self) -> None:
        super().__init__()
        self.calls = 0

    def forward(self, x: Tensor) -> Tensor:
        self.calls += 1
        return super().forward(x) / self.calls


def test_a_model_that_a_trace_would_freeze_is_not_compiled() -> None:
    with pytest.raises(NotCompiled, match="attributes of its own"):
        CompiledStep(workload(Counting), 1)


NO_COMPILER = {"cpp.cxx": ("/nowhere/g++",)}


def test_without_a_compiler_nothing_is_compiled() -> None:
    with torch._inductor.config.patch(NO_COMPILER), pytest.raises(NotCompiled, match="no C\\+\\+ compiler"):
        CompiledStep(workload(lambda: nn.Linear(6, 3)), 1)


def test_what_compiling_saves_and_costs_decides() -> None:
    load = workload("linear")
    census = take_census(load)
    enough = next(epochs for epochs in range(10**6) if compiling_pays(load, census, Length(epochs=epochs)))
    saved_s = enough * load.steps_per_epoch * census.operations * 7e-6
    assert saved_s == pytest.approx(2 * (3 + census.operations / 4), rel=0.05)
    assert not compiling_pays(load, Census(operations=5000, written=10**6), Length(epochs=10**9))


def test_a_long_job_is_compiled_and_its_other_children_follow() -> None:
    load = workload("linear")
    clock = iter(range(1000)).__next__
    long = Length(epochs=10**6, unit_lanes=2)
    plan = probe(load, clock=clock, length=long)
    assert (plan.mode, plan.lanes, plan.reason) == ("fused", 2, None)
    assert plan.compiled is not None
    assert set(plan.timings) == {"plain:1", "compiled:2"}
    assert probe(load, clock=clock, length=Length(epochs=1), choice=plan.choice).choice == plan.choice

    with torch._inductor.config.patch(NO_COMPILER):
        alone = probe(load, clock=clock, length=long, choice=plan.choice)
        assert alone.compiled is None
        assert "no C++ compiler" in str(alone.reason)
        assert "no C++ compiler" in str(probe(load, clock=clock, length=long).reason)


def test_masks_may_hold_infinities() -> None:
    mask = torch.tensor([0.0, -torch.inf])
    assert close(mask, mask.clone(), 1e-3)
    assert not close(mask, torch.tensor([-torch.inf, 0.0]), 1e-3)
