"""Fused lanes do what plain ones do, and plain ones what torch does."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from lrtune.schedules import FAMILIES
from tests.engine.kinds import BATCH, KINDS, VARIANTS, workload
from tests.engine.trainer import lane
from tests.engine.training import Curve, curves
from workers.protocol import Lane
from workers.trainer.data import order
from workers.trainer.plain import PlainLanes
from workers.trainer.population import FusedLanes
from workers.trainer.workload import Workload

EPOCHS = 34
"""Of six steps each: 204."""

SCHEDULES = sorted(FAMILIES)


def lanes(lr: float, *schedules: str, epochs: int = EPOCHS) -> list[Lane]:
    """Lanes of two seeds at LRs around ``lr``, one a schedule."""
    return [
        lane(n, lr * (0.5 + 0.25 * n), schedule=name, seed=n % 2, epochs=epochs)
        for n, name in enumerate(schedules)
    ]


def agree(load: Workload, asked: list[Lane], relative: float = 1e-9) -> dict[int, Curve]:
    """Train fused and plain; every value of every epoch agrees, the LR exactly."""
    fused, fused_ends = curves(load, FusedLanes(load), asked)
    plain, plain_ends = curves(load, PlainLanes(load), asked)
    for number, expected in plain.items():
        assert len(fused[number]) == len(expected)
        for ours, theirs in zip(fused[number], expected, strict=True):
            assert ours["lr"] == theirs["lr"]
            assert ours == pytest.approx(theirs, rel=relative, abs=1e-12)
        assert fused_ends[number].state == plain_ends[number].state
    return fused


def starting_lr(load: Workload) -> float:
    """An LR at which the task learns: large for the optimizers that move by the gradient itself."""
    return {"sgd": 0.05, "asgd": 0.05, "adadelta": 1.0}.get(load.optimizer, 2e-3)


@pytest.mark.parametrize(
    ("name", "options"), VARIANTS, ids=lambda v: v if isinstance(v, str) else ",".join(v)
)
def test_every_optimizer(name: str, options: dict[str, Any]) -> None:
    load = workload("linear", name, options=options, clip_grad_norm=1.0)
    told = agree(load, lanes(starting_lr(load), "constant", "cosine", "plateau"))
    assert told[0][-1]["train_loss"] < told[0][0]["train_loss"]


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_kind_of_layer(kind: str) -> None:
    load = workload(kind)
    agree(load, lanes(starting_lr(load), "one_cycle", "plateau"))


@pytest.mark.parametrize("kind", ["batchnorm2d", "embedding, tied", "frozen"])
@pytest.mark.parametrize("optimizer", ["sgd", "rmsprop", "adafactor"])
def test_layers_that_hold_more_than_trained_weights_with_every_updater(kind: str, optimizer: str) -> None:
    load = workload(kind, optimizer, lr_multipliers={"head.*": 0.5})
    agree(load, lanes(starting_lr(load), "cosine", "plateau", epochs=6))


def test_every_schedule() -> None:
    load = workload("linear")
    told = agree(load, lanes(5e-3, *SCHEDULES))
    assert len({tuple(epoch["lr"] for epoch in curve) for curve in told.values()}) == len(SCHEDULES)


@pytest.mark.parametrize(
    "fields",
    [
        {"clip_grad_norm": 0.05},
        {"accumulate": 4},
        {"lr_multipliers": {"0.*": 0.1, "*.bias": 3.0}},
        {"lr_multipliers": {"0.*": 0.1}, "clip_grad_norm": 0.05, "accumulate": 2},
    ],
    ids=lambda fields: ", ".join(fields),
)
@pytest.mark.parametrize("optimizer", ["adamw", "sgd", "rmsprop", "asgd"])
def test_what_a_task_may_ask(optimizer: str, fields: dict[str, Any]) -> None:
    load = workload("linear", optimizer, **fields)
    agree(load, lanes(starting_lr(load), "constant", "linear", epochs=9))


@pytest.mark.parametrize("kind", ["linear", "batchnorm2d", "attention"])
def test_float32_drifts_no_further_than_plain_lanes_do(kind: str) -> None:
    asked = [
        lane(n, 3e-4 * 2 ** (n % 5), schedule=("constant", "cosine")[n % 2], seed=n, epochs=3)
        for n in range(24)
    ]
    exact = workload(kind)
    load = workload(kind, dtype=torch.float32, model=_rounded(kind))
    reference, _ = curves(exact, PlainLanes(exact), asked)
    fused, _ = curves(load, FusedLanes(load), asked)
    plain, _ = curves(load, PlainLanes(load), asked)
    means = [np.mean([_drift(told[n], curve) for n, curve in reference.items()]) for told in (fused, plain)]
    # Rounding errors of last bits, each about as likely larger as smaller: of 40 lanes the logarithm of the
    # ratio of drifts had a standard error of 0.1 for every kind of layer tried.
    assert means[0] <= 1.5 * means[1]
    assert means[1] < 1e-6, "the reference trains on the same data"


def _rounded(kind: str) -> Any:
    """The same initial weights as in double precision, rounded."""
    return lambda: KINDS[kind]().double().float()


def _drift(curve: Curve, reference: Curve) -> float:
    return max(abs(a["loss"] - b["loss"]) / b["loss"] for a, b in zip(curve, reference, strict=True))


def test_plain_lanes_are_the_loop_a_user_would_write() -> None:
    load = workload("linear", "adamw", clip_grad_norm=0.5, lr_multipliers={"0.*": 0.1})
    told, _ = curves(load, PlainLanes(load), [lane(0, 1e-2, seed=3, epochs=4)])

    torch.manual_seed(3)
    model = load.task.model()
    optimizer = torch.optim.AdamW(
        [{"params": model[0].parameters(), "lr": 1e-3}, {"params": model[2].parameters()}], lr=1e-2
    )
    inputs, targets = load.task.train
    for epoch in range(4):
        total = 0.0
        for rows in order((3, epoch), len(targets)).split(BATCH):
            loss = nn.functional.cross_entropy(model(inputs[rows]), targets[rows])
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 0.5)
            optimizer.step()
            total += loss.item()
        assert told[0][epoch]["train_loss"] == pytest.approx(total / 6, rel=1e-12)
    valid, answers = load.task.valid
    means = [
        nn.functional.cross_entropy(model(valid[at : at + BATCH]), answers[at : at + BATCH]).item()
        * len(answers[at : at + BATCH])
        for at in range(0, len(answers), BATCH)
    ]
    assert told[0][3]["loss"] == pytest.approx(sum(means) / len(answers), rel=1e-12)
