"""Half precision: gradients too small for it are not lost, and steps that overflow are left out."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from tests.engine.kinds import workload
from tests.engine.trainer import Failed, Trainer
from workers.protocol import Length
from workers.trainer.plain import PlainLane, PlainLanes
from workers.trainer.probe import probe


class Faint(nn.Module):
    """Its weight's gradient, 1e-8 for each example, is zero in half precision."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(6, 3, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        result: Tensor = self.layer(x * 1e-2)
        return result


def faint_loss(outputs: Tensor, targets: Tensor) -> Tensor:
    return outputs.float().sum() * 1e-9


def weights(precision: str, steps: int = 1) -> Tensor:
    load = workload(
        Faint, "sgd", dtype=torch.float32, precision=precision, loss=faint_loss, clip_grad_norm=1.0
    )
    lane = PlainLane(load, 0)
    before = lane.model.layer.weight.detach().clone()  # type: ignore[union-attr, operator]
    batch = load.train.epoch([(0, 0)], load.batch_size).batch(0)
    for _ in range(steps):
        lane.step(*batch.lane(0), 1e6)
    moved: Tensor = before - lane.model.layer.weight.detach()  # type: ignore[union-attr, operator]
    return moved


def test_small_gradients_are_kept() -> None:
    moved, exact = weights("fp16"), weights("float32")
    assert exact.abs().max() > 0
    assert torch.allclose(moved, exact, rtol=0.05, atol=0.05 * float(exact.abs().max()))


def test_a_step_that_overflows_is_left_out_and_the_next_ones_are_not() -> None:
    def loud(outputs: Tensor, targets: Tensor) -> Tensor:
        # Scaled by 65,536 the gradient of a half-precision output is beyond 65,504.
        return outputs.float().sum() * 20.0

    load = workload(Faint, "sgd", dtype=torch.float32, precision="fp16", loss=loud)
    lane = PlainLane(load, 0)
    inputs, targets = load.train.epoch([(0, 0)], load.batch_size).batch(0).lane(0)
    layer = lane.model.layer
    assert isinstance(layer, nn.Linear)
    moves = []
    for _ in range(8):
        before = layer.weight.detach().clone()
        loss = lane.step(inputs, targets, 1e-3)
        assert torch.isfinite(loss)
        moves.append(not torch.equal(before, layer.weight))
    assert moves[0] is False
    assert moves[-1] is True


TASK = """
import lrtune, torch

def task() -> lrtune.Task:
    x = torch.randn(32, 6, generator=torch.Generator().manual_seed(0))
    return lrtune.Task(
        model=lambda: torch.nn.Linear(6, 1), train=(x, x[:, :1]), valid=(x, x[:, :1]),
        loss=torch.nn.functional.mse_loss, batch_size=8,
    )

def loop() -> lrtune.Loop:
    return lrtune.Loop(train=lambda trial: None, steps_per_epoch=4, batch_size=8)
"""


def test_a_job_asks_for_another_precision_and_accumulation(tmp_path: Path) -> None:
    (tmp_path / "task.py").write_text(TASK)
    with Trainer() as child:
        own = child.load(tmp_path, "task:task")
        assert (own.precision, own.accumulate) == ("float32", 1)
        asked = child.load(tmp_path, "task:task", precision="bf16", accumulate=4)
        assert (asked.precision, asked.accumulate) == ("bf16", 4)
        with pytest.raises(Failed) as caught:
            child.load(tmp_path, "task:task", accumulate=3)
        assert "make batch_size a multiple of accumulate" in (caught.value.error.remedy or "")
        for field, value in (("precision", "bf16"), ("accumulate", 2)):
            with pytest.raises(Failed) as caught:
                child.load(tmp_path, "task:loop", **{field: value})
            assert field in caught.value.error.detail


def test_lanes_in_fp16_run_one_at_a_time_and_say_why() -> None:
    load = workload("linear", dtype=torch.float32, precision="fp16")
    plan = probe(load, clock=lambda: 0.0, length=Length(epochs=100_000))
    assert plan.mode == "sequential"
    assert plan.compiled is None
    assert "fp16" in (plan.reason or "")
    assert isinstance(plan.build(load), PlainLanes)
