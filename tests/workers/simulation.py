"""A task that costs nothing: its losses are formulas of the learning rate."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np

from lrtune.schedules import FamilyRow
from lrtune.wire import Curve, Job, JobRequest, JobState, Report, Setting, Trial, TrialState
from workers.facts import Facts
from workers.planning import View
from workers.planning.step import Step

FACTS = Facts(
    steps_per_epoch=10,
    batch_size=32,
    train_size=320,
    valid_size=100,
    metrics=["accuracy"],
    parameters=1000,
    default_lr=1e-3,
    mode="fused",
    lanes=8,
    reason=None,
    timings={},
    device="cpu",
    precision="float32",
    versions={"torch": "2.13.0"},
)

BEST_LR = 1e-2


def sweep_loss(lr: float, seed: int) -> float | None:
    """Falls from 1e-4 on, is lowest at 3e-2, diverges from 0.5 on."""
    if lr > 0.5:
        return None
    x = math.log10(lr)
    fall = 1 / (1 + math.exp(-3 * (x + 2.8)))
    wiggle = 0.01 * math.sin(7 * x + seed)
    return 2.3 - 1.8 * fall + 2.0 * max(0.0, x + 1.5) ** 2 + wiggle


def final_loss(setting: Setting, seed: int) -> float | None:
    """A parabola in log10(lr) around ``BEST_LR``, constant schedules a little worse and a
    task's own a little better; diverges from 0.5 on."""
    if setting.initial_lr > 0.5:
        return None
    away = math.log10(setting.initial_lr / BEST_LR)
    noise = 0.005 * float(np.random.default_rng(seed).normal())
    worse = {"constant": 0.05, "custom:saw": -0.05}.get(setting.schedule, 0.0)
    return 0.1 + 0.05 * away**2 + worse + noise


def view(request: JobRequest, *, own: FamilyRow | None = None) -> View:
    """A job that was just claimed; ``own`` is a schedule that its task brings."""
    facts = FACTS if own is None else FACTS.model_copy(update={"schedules": [own]})
    job = Job(
        id="j",
        task=request.task,
        task_version=1,
        task_digest="d",
        state=JobState.RUNNING,
        phase=None,
        progress={"done": 0, "total": 0},  # type: ignore[arg-type]
        request=request,
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
    )
    return View(job=job, facts=facts, sweep=-1, curves=[], swept_steps=0, range_test=None, trials=[])


def follow(
    before: View,
    step: Step,
    *,
    loss: Callable[[float, int], float | None] = sweep_loss,
    sized: Callable[[float, int, int], float | None] = lambda lr, seed, size: sweep_loss(
        lr * 32 / size, seed
    ),
    final: Callable[[Setting, int], float | None] = final_loss,
) -> View:
    """The view once a step's work is done."""
    after = before
    if step.range_test is not None:
        after = replace(after, range_test=step.range_test)
    for sweep in step.sweeps:
        lrs, size = sweep.lrs, sweep.batch_size
        if size is not None:
            told = [Curve(seed=s, lr=lrs, loss=[sized(lr, s, size) for lr in lrs]) for s in sweep.seeds]
            after = replace(after, sized={**after.sized, sweep.number: told})
            continue
        curves = [Curve(seed=s, lr=lrs, loss=[loss(lr, s) for lr in lrs]) for s in sweep.seeds]
        swept = before.swept_steps + len(lrs) * len(curves)
        after = replace(after, sweep=sweep.number, curves=curves, swept_steps=swept)
    trials = list(before.trials)
    for new in step.trials:
        value = final(new.setting, new.seed)
        reports = [
            Report(epoch=e, step=e * 10, lr=new.setting.initial_lr, values={"loss": value})
            for e in range(1, (new.epochs if value is not None else 0) + 1)
        ]
        trials.append(
            Trial(
                number=len(trials),
                phase=new.phase,
                generation=new.generation,
                state=TrialState.DIVERGED if value is None else TrialState.COMPLETE,
                schedule=new.setting.schedule,
                initial_lr=new.setting.initial_lr,
                params=new.setting.params,
                seed=new.seed,
                epochs=new.epochs,
                label=new.label,
                value=value,
                curve=reports,
            )
        )
    return replace(after, trials=trials)
