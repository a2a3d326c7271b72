"""Loops that users own, in a real child: the trial's LRs and reports, and what a loop may get wrong."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from lrtune import schedules
from lrtune.wire import OptimizerSpec, TrialState
from tests.engine.trainer import Failed, Trainer, lane

EXAMPLES = Path(__file__).parents[2] / "examples"

LOOP = """
import random
import numpy as np
import torch
import lrtune

calls = []

def task(optimizer: str | None = None, fault: str = "", epochs_only: bool = False) -> lrtune.Loop:
    def train(trial):
        drawn = [random.random(), float(np.random.rand()), float(torch.rand(()))]
        weight = torch.nn.Parameter(torch.tensor([4.0]))
        other = torch.nn.Parameter(torch.tensor([1.0]))
        made = trial.make_optimizer([{"params": [weight]}, {"params": [other], "lr": trial.initial_lr / 2}])
        scheduler = trial.scheduler(made)
        for step in range(trial.total_steps):
            assert made.param_groups[0]["lr"] == trial.lr(step)
            assert made.param_groups[1]["lr"] == trial.lr(step) / 2
            loss = (weight ** 2).sum()
            made.zero_grad()
            loss.backward()
            made.step()
            scheduler.step()
            told = {"train_loss": loss}
            if (step + 1) % trial.steps_per_epoch == 0 and not trial.sweep:
                told["loss"] = float(weight.detach() ** 2)
                told["drawn"] = sum(drawn)
                told["lr_now"] = trial.lr(step)
            if fault == "raises" and step == 3:
                raise ValueError("no such file")
            if fault == "early" and step == 3:
                return
            if fault == "no metric":
                told.pop("loss", None)
            if fault == "wrong epoch" and step == 2:
                told["loss"] = 1.0
            if fault == "text":
                told["train_loss"] = "low"
            if fault == "nan" and step == 5:
                told["train_loss"] = float("nan")
            verdict = trial.report(step, **told)
            if verdict.stop and fault != "deaf":
                return
        while fault == "deaf":
            trial.report(0, train_loss=1.0)
    return lrtune.Loop(train=train, steps_per_epoch=4, batch_size=8, metrics=("drawn",), optimizer=optimizer)

def broken() -> lrtune.Loop:
    return lrtune.Loop(train=3, steps_per_epoch=4, batch_size=8)
"""

SGD = OptimizerSpec(name="sgd")
LRS = [1e-3, 1e-2, 1e-1, 0.4]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("loop")
    (path / "loop.py").write_text(LOOP)
    return path


@pytest.fixture(scope="module")
def child() -> Iterator[Trainer]:
    with Trainer() as trainer:
        yield trainer


def test_what_is_told_of_it(child: Trainer, folder: Path) -> None:
    told = child.load(folder, "loop:task", optimizer=SGD)
    assert (told.mode, told.lanes, told.steps_per_epoch, told.batch_size) == ("owned", 1, 4, 8)
    assert told.metrics == ["drawn"]
    assert told.default_lr == 1e-3
    assert told.reason is not None


def test_a_sweep_tells_what_each_lr_did(child: Trainer, folder: Path) -> None:
    child.load(folder, "loop:task", optimizer=SGD)
    weight, expected = 4.0, []
    for lr in LRS:
        weight -= lr * 2 * weight
        expected.append(weight**2)
    curves = child.sweep(LRS, [1, 2])
    assert curves == {1: pytest.approx(expected, rel=1e-5), 2: pytest.approx(expected, rel=1e-5)}


@pytest.mark.parametrize("schedule", ["constant", "cosine", "plateau"])
def test_a_training_runs_with_the_schedules_lrs(child: Trainer, folder: Path, schedule: str) -> None:
    child.load(folder, "loop:task", optimizer=SGD)
    asked = lane(3, 0.6, schedule=schedule, epochs=6, **({"patience": 0.0} if schedule == "plateau" else {}))
    told = child.train([asked])
    losses = [values["loss"] or 0.0 for values in told.curves[3]]
    rates = schedules.lr_sequence(asked.setting, total_steps=24, steps_per_epoch=4, metrics=losses)
    assert told.rates[3] == rates[3::4].tolist()
    assert [values["lr_now"] for values in told.curves[3]] == told.rates[3]
    assert told.ends[3].state is TrialState.COMPLETE
    assert told.ends[3].value == losses[-1]


def test_nothing_is_left_from_the_trial_before(child: Trainer, folder: Path) -> None:
    child.load(folder, "loop:task", optimizer=SGD)
    first = child.train([lane(0, 0.1, seed=5), lane(1, 0.1, seed=6), lane(2, 0.1, seed=5)])
    assert first.curves[0] == first.curves[2]
    assert first.curves[0] != first.curves[1]


def test_pruned_and_diverged(child: Trainer, folder: Path) -> None:
    child.load(folder, "loop:task", optimizer=SGD)
    told = child.train([lane(0, 0.1, epochs=5), lane(1, 1e3, epochs=50)], judge=lambda r: [0])
    assert (told.ends[0].state, len(told.curves[0])) == (TrialState.PRUNED, 1)
    assert (told.ends[1].state, told.ends[1].value) == (TrialState.DIVERGED, None)
    child.load(folder, "loop:task", optimizer=SGD, params={"fault": "nan"})
    assert child.train([lane(0)]).ends[0].state is TrialState.DIVERGED
    assert child.sweep([*LRS, 0.5, 0.6], [0])[0][4:] == [None, None]


@pytest.mark.parametrize(
    ("fault", "code", "words"),
    [
        ("raises", "user_error", "no such file"),
        ("early", "task_invalid", "returned after reports of 0 of 2 epochs"),
        ("no metric", "user_error", "without loss"),
        ("wrong epoch", "user_error", "an epoch has 4 steps"),
        ("text", "user_error", "no number"),
        ("deaf", "user_error", "goes on although it was told to stop"),
    ],
)
def test_broken_loops(child: Trainer, folder: Path, fault: str, code: str, words: str) -> None:
    child.load(folder, "loop:task", optimizer=SGD, params={"fault": fault})
    with pytest.raises(Failed) as caught:
        child.train([lane(0)], judge=lambda r: [0])
    assert words in caught.value.error.detail
    if code == "user_error":
        assert (caught.value.error.code, caught.value.error.file) == (code, "loop.py")


def test_a_job_must_fit_the_loop(child: Trainer, folder: Path) -> None:
    with pytest.raises(Failed, match="asks for adamw"):
        child.load(folder, "loop:task", params={"optimizer": "sgd"})
    with pytest.raises(Failed, match="asks for 16"):
        child.load(folder, "loop:task", batch_size=16)
    with pytest.raises(Failed, match="can't be called"):
        child.load(folder, "loop:broken")


def test_a_loop_has_no_validation_loss_along_a_sweep(child: Trainer, folder: Path) -> None:
    child.load(folder, "loop:task")
    with pytest.raises(Failed, match="trains itself"):
        child.sweep(LRS, [1], loss="validation")


def test_the_example(child: Trainer) -> None:
    child.load(EXAMPLES, "plain_loop:plain_loop", params={"width": 32})
    told = child.train([lane(0, 1e-2, schedule="cosine", epochs=4)])
    assert told.ends[0].value is not None
    assert told.ends[0].value < 1.0
    assert (told.curves[0][-1]["accuracy"] or 0.0) > 0.8
    assert len(child.sweep([1e-4, 1e-3, 1e-2], [0])[0]) == 3
