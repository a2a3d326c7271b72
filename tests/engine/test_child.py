"""The child as a worker meets it: a process, a socket, the examples."""

import math
from pathlib import Path

import pytest

from examples import EXAMPLES, Example
from lrtune.wire import OptimizerSpec, TrialState
from tests.engine.trainer import ROOT, Failed, Trainer, lane

LRS = [10 ** (-6 + 7 * i / 60) for i in range(61)]


def copied(example: Example, folder: Path) -> Path:
    """A folder with the example's file alone, as a worker lays it out."""
    (folder / example.file).write_bytes((ROOT / "examples" / example.file).read_bytes())
    return folder


@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_an_example_is_loaded_swept_and_trained(name: str, tmp_path: Path) -> None:
    example = EXAMPLES[name]
    with Trainer() as trainer:
        loaded = trainer.load(copied(example, tmp_path), example.entry)
        assert loaded.mode == "fused", loaded.reason
        assert loaded.reason is None
        assert loaded.steps_per_epoch == loaded.train_size // loaded.batch_size
        assert loaded.timings["plain:1"] > 0
        assert loaded.timings[f"fused:{loaded.lanes}"] > 0
        assert loaded.default_lr == 1e-3
        assert set(loaded.versions) >= {"python", "torch"}

        curves = trainer.sweep(LRS, [3, 4])
        assert sorted(curves) == [3, 4]
        assert all(len(losses) == len(LRS) for losses in curves.values())
        assert curves[3] != curves[4]
        for losses in curves.values():
            first = losses[0]
            assert first is not None
            assert min(loss for loss in losses if loss is not None) < 0.9 * first

        told = trainer.train([lane(0, 3e-3), lane(1, 1e-2, schedule="cosine", seed=7), lane(2, 1e4)])
        assert [told.ends[n].state for n in (0, 1)] == [TrialState.COMPLETE] * 2
        for number in (0, 1):
            curve = told.curves[number]
            assert len(curve) == 2
            assert set(curve[-1]) == {"train_loss", "loss", *loaded.metrics}
            assert told.ends[number].value == curve[-1]["loss"]
            assert all(value is not None and math.isfinite(value) for value in curve[-1].values())
        assert trainer.leave() == 0


def test_a_training_learns_what_the_example_is_about(tmp_path: Path) -> None:
    example = EXAMPLES["digits-mlp"]
    with Trainer() as trainer:
        trainer.load(copied(example, tmp_path), example.entry)
        told = trainer.train([lane(0, 3e-3, schedule="cosine", epochs=15)], metric="accuracy")
    value = told.ends[0].value
    assert value is not None
    assert value > 0.95


DIVERGING = """
import torch, lrtune

def task():
    x = torch.linspace(-1, 1, 64).unsqueeze(1)
    return lrtune.Task(model=lambda: torch.nn.Linear(1, 1), train=(x, 3 * x), valid=(x, 3 * x),
                       loss=torch.nn.functional.mse_loss, batch_size=8)
"""


def test_a_diverging_lane_is_a_result_and_leaves_the_others_alone(tmp_path: Path) -> None:
    (tmp_path / "steep.py").write_text(DIVERGING)
    with Trainer() as trainer:
        trainer.load(tmp_path, "steep:task", optimizer=OptimizerSpec(name="sgd"))
        alone = trainer.train([lane(0, 0.1, epochs=30)])
        both = trainer.train([lane(5, 1e4, epochs=30), lane(0, 0.1, epochs=30)])
        assert both.ends[5].state is TrialState.DIVERGED
        assert both.ends[5].value is None
        for ours, theirs in zip(both.curves[0], alone.curves[0], strict=True):
            assert ours == pytest.approx(theirs, rel=1e-4, abs=1e-6)
        curves = trainer.sweep([1e-3] * 5 + [1e4] * 40, [0])
    assert curves[0][0] is not None
    assert curves[0][-1] is None


def test_a_lane_is_pruned_by_the_worker_and_its_place_refilled(tmp_path: Path) -> None:
    (tmp_path / "steep.py").write_text(DIVERGING)
    lanes = [lane(n, 0.01, seed=n, epochs=4) for n in range(150)]
    with Trainer() as trainer:
        loaded = trainer.load(tmp_path, "steep:task")
        told = trainer.train(
            lanes, judge=lambda reports: [r.number for r in reports.rows if r.number % 3 == 0]
        )
        alone = trainer.train([lanes[100]])
    assert loaded.lanes < len(lanes)
    assert len(told.rounds[1]) == loaded.lanes
    assert {n for n, end in told.ends.items() if end.state is TrialState.PRUNED} == set(range(0, 150, 3))
    assert {n: len(curve) for n, curve in told.curves.items()} == {
        n: 1 if n % 3 == 0 else 4 for n in range(150)
    }
    for ours, theirs in zip(told.curves[100], alone.curves[100], strict=True):
        assert ours == pytest.approx(theirs, rel=1e-4, abs=1e-6)


def test_an_order_out_of_turn_is_an_error_and_the_child_goes_on(tmp_path: Path) -> None:
    (tmp_path / "steep.py").write_text(DIVERGING)
    with Trainer() as trainer:
        with pytest.raises(Failed) as caught:
            trainer.train([lane(0)])
        assert caught.value.error.code == "internal_error"
        assert trainer.load(tmp_path, "steep:task").parameters == 2


def test_a_child_whose_worker_has_gone_leaves(tmp_path: Path) -> None:
    with Trainer() as trainer:
        pass
    assert trainer.process.returncode == 0


LINE = """
import torch, lrtune

def task():
    x = torch.linspace(-1, 1, 64).unsqueeze(1)
    return lrtune.Task(model=lambda: torch.nn.Linear(1, 1), train=(x, 3 * x), valid=(x + 5, 3 * x),
                       loss=torch.nn.functional.mse_loss, batch_size=8)
"""


def test_a_sweep_at_another_batch_size_or_of_the_validation_loss(tmp_path: Path) -> None:
    (tmp_path / "line.py").write_text(LINE)
    lrs = [10 ** (-6 + i / 20) for i in range(60)]
    with Trainer() as trainer:
        trainer.load(tmp_path, "line:task", optimizer=OptimizerSpec(name="sgd"))
        usual = trainer.sweep(lrs, [1, 2])
        whole = trainer.sweep(lrs, [1, 2], batch_size=64)
        parts = trainer.sweep(lrs, [1, 2], batch_size=64, accumulate=8)
        told = trainer.sweep(lrs, [1, 2], loss="validation")
        again = trainer.sweep(lrs, [1, 2])
    assert whole[1] != usual[1]
    # A batch of all examples has no noise, and eight accumulated batches are the same step.
    assert whole[1][0] == pytest.approx(whole[1][1], rel=1e-3)
    for seed in (1, 2):
        assert parts[seed] == pytest.approx(whole[seed], rel=1e-4)
    first, usually = told[1][0], usual[1][0]
    assert first is not None
    assert usually is not None
    assert abs(first - usually) > 0.1
    assert told[1][0] == pytest.approx(told[1][1], rel=1e-3)
    assert again == usual
