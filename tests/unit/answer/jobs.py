"""Confirm trials whose values are written down, for tests of the answer and its picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lrtune import schedules
from lrtune.answer import conclude
from lrtune.wire import (
    Answer,
    JobRequest,
    Phase,
    Provenance,
    RangeTest,
    Report,
    Setting,
    Trial,
    TrialState,
)

REQUEST = JobRequest(task="digits-mlp")

PROVENANCE = Provenance(
    task="digits-mlp",
    task_version=1,
    task_digest="0" * 64,
    params={},
    optimizer={"name": "adamw"},
    batch_size=32,
    epochs=20,
    steps_per_epoch=10,
    precision="float32",
    device="cpu",
    versions={"torch": "2.13.0"},
)

SETTINGS = {
    "trial 3": Setting(schedule="cosine", initial_lr=0.01),
    "trial 7": Setting(schedule="one_cycle", initial_lr=0.02),
    "default": Setting(schedule="constant", initial_lr=0.001),
    "cosine": Setting(schedule="cosine", initial_lr=0.005),
    "one_cycle": Setting(schedule="one_cycle", initial_lr=0.005),
}


def confirm(
    values: Mapping[str, Sequence[float | None]],
    settings: Mapping[str, Setting] = SETTINGS,
    *,
    first: int = 0,
    curves: bool = False,
) -> list[Trial]:
    """One final confirm trial for each label and seed; None diverged."""
    made: list[Trial] = []
    for label, row in values.items():
        setting = settings[label]
        for seed, value in enumerate(row):
            made.append(
                Trial(
                    number=first + len(made),
                    phase=Phase.CONFIRM,
                    state=TrialState.DIVERGED if value is None else TrialState.COMPLETE,
                    schedule=setting.schedule,
                    initial_lr=setting.initial_lr,
                    params=setting.params,
                    seed=100 + seed,
                    epochs=20,
                    label=label,
                    value=value,
                    curve=curve(setting, value) if curves else [],
                )
            )
    return made


def curve(setting: Setting, value: float | None, epochs: int = 20) -> list[Report]:
    """Reports with the setting's true learning rates and a loss that ends at ``value``."""
    course = schedules.start(setting, total_steps=epochs * 10, steps_per_epoch=10)
    reports = []
    for epoch in range(1, epochs + 1 if value is not None else 4):
        loss = (value or 2.0) * (1 + 4 / epoch)
        lr = course.lr(epoch * 10 - 1)
        reports.append(Report(epoch=epoch, step=epoch * 10, lr=lr, values={"loss": loss}))
        course.epoch_end(loss)
    return reports


def search(points: Mapping[float, float], schedule: str = "cosine") -> list[Trial]:
    """Completed search trials of one family: value by LR."""
    return [
        Trial(
            number=number,
            phase=Phase.SEARCH,
            state=TrialState.COMPLETE,
            schedule=schedule,
            initial_lr=lr,
            seed=1,
            epochs=20,
            value=value,
        )
        for number, (lr, value) in enumerate(points.items())
    ]


def answer(
    trials: Sequence[Trial], request: JobRequest = REQUEST, range_test: RangeTest | None = None
) -> Answer:
    """The conclusion from these trials."""
    return conclude(
        request=request,
        range_test=range_test,
        trials=trials,
        simplicity=schedules.simplicity,
        cost_full_runs=70.5,
        provenance=PROVENANCE,
    )
