"""Answers in a training script."""

from __future__ import annotations

import json
from typing import Any

import pytest
import torch

from lrtune import MeasuredOtherwise, NothingMeasured, Setting, best
from lrtune.memory import Best
from lrtune.scheduler import MeasuredLR
from lrtune.schedules import FAMILIES, ScheduleError, lr_sequence
from lrtune.wire import Page
from service import samples
from tests.unit.client.fake import FakeServer, model

STEPS, EPOCHS = 7, 5
LOSSES = [1.0, 0.9, 0.95, 0.97, 0.99]


def sgd(*rates: float) -> torch.optim.SGD:
    groups = [{"params": [torch.nn.Parameter(torch.zeros(1))], "lr": rate} for rate in rates]
    return torch.optim.SGD(groups)


def trained(optimizer: torch.optim.SGD, scheduler: MeasuredLR, first: int = 0) -> list[float]:
    """The LR of each step of a training that begins with step ``first``."""
    lrs = []
    for step in range(first, STEPS * EPOCHS):
        lrs.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
        if (step + 1) % STEPS == 0:
            scheduler.epoch_end(LOSSES[step // STEPS])
    return lrs


@pytest.mark.parametrize("warmup", [0.0, 0.2])
@pytest.mark.parametrize("family", FAMILIES)
def test_a_training_runs_the_measured_lrs(family: str, warmup: float) -> None:
    params: dict[str, Any] = {"warmup": warmup} if family != "one_cycle" else {}
    setting = Setting(schedule=family, initial_lr=0.3, params=params)
    optimizer = sgd(0.3)
    scheduler = MeasuredLR(optimizer, setting, total_steps=STEPS * EPOCHS, steps_per_epoch=STEPS)
    wanted = lr_sequence(setting, total_steps=STEPS * EPOCHS, steps_per_epoch=STEPS, metrics=LOSSES)
    assert trained(optimizer, scheduler) == pytest.approx(list(wanted), rel=1e-12)


def test_a_schedule_of_the_tasks_own_is_told_where_it_is() -> None:
    setting = Setting(schedule="custom:saw", initial_lr=0.3, params={"depth": 0.5, "end": "deep"})
    with pytest.raises(ScheduleError, match="lrtune code JOB writes code that imports it"):
        MeasuredLR(sgd(0.3), setting, total_steps=STEPS * EPOCHS, steps_per_epoch=STEPS)


@pytest.mark.parametrize("family", ["cosine", "plateau"])
def test_a_training_goes_on_from_a_checkpoint(family: str) -> None:
    setting = Setting(
        schedule=family, initial_lr=0.3, params={"patience": 0.2} if family == "plateau" else {}
    )
    lengths = {"total_steps": STEPS * EPOCHS, "steps_per_epoch": STEPS}
    optimizer = sgd(0.3)
    whole = trained(optimizer, MeasuredLR(optimizer, setting, **lengths))
    first = sgd(0.3)
    scheduler = MeasuredLR(first, setting, **lengths)
    for step in range(3 * STEPS):
        first.step()
        scheduler.step()
        if (step + 1) % STEPS == 0:
            scheduler.epoch_end(LOSSES[step // STEPS])
    saved = json.loads(json.dumps(scheduler.state_dict()))
    second = sgd(0.3)
    resumed = MeasuredLR(second, setting, **lengths)
    second.load_state_dict(first.state_dict())
    resumed.load_state_dict(saved)
    assert trained(second, resumed, first=3 * STEPS) == pytest.approx(whole[3 * STEPS :], rel=1e-12)


def test_groups_keep_their_ratio() -> None:
    optimizer = sgd(0.3, 0.03)
    scheduler = MeasuredLR(
        optimizer, Setting(schedule="cosine", initial_lr=0.3), total_steps=10, steps_per_epoch=5
    )
    for _ in range(5):
        optimizer.step()
        scheduler.step()
    head, backbone = scheduler.get_last_lr()
    assert head < 0.3
    assert backbone == pytest.approx(head / 10)


def test_another_lr_is_refused_not_overwritten() -> None:
    optimizer = sgd(0.1)
    with pytest.raises(ValueError, match=r"lr=0\.3"):
        MeasuredLR(optimizer, Setting(schedule="constant", initial_lr=0.3), total_steps=9, steps_per_epoch=3)
    assert optimizer.param_groups[0]["lr"] == 0.1


def test_the_best_answer_makes_a_scheduler() -> None:
    server = FakeServer().on("GET /v1/best", model(samples.page(samples.BEST)))
    found = best("digits-mlp", "adamw", client=server.client())
    assert found == Best(samples.BEST.job, samples.ANSWER)
    assert dict(server.requests[0].url.params)["optimizer"] == "adamw"
    optimizer = sgd(found.initial_lr)
    scheduler = found.scheduler(optimizer)
    assert scheduler.get_last_lr()[0] < found.initial_lr  # the sample's cosine warms up
    measured = samples.ANSWER.provenance
    for _ in range(measured.epochs * measured.steps_per_epoch - 1):
        optimizer.step()
        scheduler.step()
    assert scheduler.get_last_lr()[0] < 0.02 * found.initial_lr


def test_what_differs_is_shown_and_the_horizon_is_what_was_asked() -> None:
    server = FakeServer().on("GET /v1/best", model(samples.page(samples.NEAR)))
    adamw = {"name": "adamw", "weight_decay": 0.1}
    asked: dict[str, Any] = {"params": {"width": 128}, "batch_size": 128, "epochs": 5}
    with pytest.warns(MeasuredOtherwise, match="digits-mlp: Measured at batch size 64, not 128"):
        found = best("digits-mlp", adamw, client=server.client(), **asked)
    sent = server.requests[0].url.params
    assert (sent["option"], sent["param"], sent["batch_size"]) == ("weight_decay=0.1", "width=128", "128")
    assert found.distance == 0.5
    assert found.warnings == samples.NEAR.warnings
    optimizer = sgd(found.initial_lr)
    with pytest.raises(ValueError, match=r"steps_per_epoch=len\(train_loader\)"):
        found.scheduler(optimizer)
    scheduler = found.scheduler(optimizer, steps_per_epoch=STEPS)
    for _ in range(5 * STEPS - 1):
        optimizer.step()
        scheduler.step()
    assert scheduler.get_last_lr()[0] < 0.02 * found.initial_lr


def test_nothing_measured_says_how_to_measure() -> None:
    server = FakeServer().on("GET /v1/best", model(Page[Any](items=[])))
    with pytest.raises(NothingMeasured, match=r"digits-mlp with sgd yet.*lrtune submit digits-mlp --wait"):
        best("digits-mlp", "sgd", client=server.client())
