"""The schedulers that the Lightning and Transformers code makes, stepped after every optimizer step.

``python -m benchmarks.exports`` runs the same code in the real packages, which are not installed here.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from lrtune.schedules import FAMILIES, lightning_code, lr_sequence, transformers_code
from lrtune.wire import OptimizerSpec, Setting
from tests.unit.schedules import cases

STEPS_PER_EPOCH, EPOCHS = 7, 6
RUN = {"total_steps": 42, "steps_per_epoch": STEPS_PER_EPOCH, "epochs": EPOCHS}
SPEC = OptimizerSpec.model_validate({"name": "sgd", "momentum": 0.9})


def lightning(setting: Setting) -> Any:
    """What ``configure_optimizers`` gives."""
    space: dict[str, Any] = {}
    exec(lightning_code(setting, optimizer=SPEC, **RUN), space)
    module = type("Module", (space["Tuned"], torch.nn.Linear), {})(1, 1)
    return module.configure_optimizers()


def lrs(optimizer: torch.optim.Optimizer, scheduler: torch.optim.lr_scheduler.LRScheduler) -> list[float]:
    found = []
    for _ in range(RUN["total_steps"]):
        found.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return found


@pytest.mark.parametrize("family", cases.FIXED)
@pytest.mark.parametrize("warmup", [0.0, 0.1])
def test_fixed_families(family: str, warmup: float) -> None:
    setting = Setting(schedule=family, initial_lr=0.01, params={"warmup": warmup})
    expected = lr_sequence(setting, total_steps=42, steps_per_epoch=STEPS_PER_EPOCH)
    made = lightning(setting)
    assert made["lr_scheduler"]["interval"] == "step"
    found = lrs(made["optimizer"], made["lr_scheduler"]["scheduler"])
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-16)

    space: dict[str, Any] = {"model": torch.nn.Linear(1, 1)}
    exec(transformers_code(setting, optimizer=SPEC, **RUN), space)
    assert space["callbacks"] == []
    np.testing.assert_allclose(lrs(space["optimizer"], space["scheduler"]), expected, rtol=1e-9, atol=1e-16)


def test_lightning_plateau_waits_for_the_warmup() -> None:
    setting = Setting(schedule="plateau", initial_lr=0.01, params={"warmup": 0.4, "patience": 0.0})
    [optimizer], [after_step, after_epoch] = lightning(setting)
    assert (after_step["interval"], after_epoch["interval"]) == ("step", "epoch")
    assert after_epoch["monitor"] == "val_loss"
    metrics = [1.0] * EPOCHS
    found = []
    for epoch in range(EPOCHS):
        for _ in range(STEPS_PER_EPOCH):
            found.append(optimizer.param_groups[0]["lr"])
            optimizer.step()
            after_step["scheduler"].step()
        after_epoch["scheduler"].step(metrics[epoch])
    expected = lr_sequence(setting, total_steps=42, steps_per_epoch=STEPS_PER_EPOCH, metrics=metrics)
    np.testing.assert_allclose(found, expected, rtol=1e-9)


@pytest.mark.parametrize("family", FAMILIES)
def test_the_optimizer_has_its_options(family: str) -> None:
    made = lightning(Setting(schedule=family, initial_lr=0.01))
    assert made["optimizer"].param_groups[0]["momentum"] == 0.9
