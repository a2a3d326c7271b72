"""Simulated confirmations whose true means are known: how often do the answer's intervals hold them?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lrtune import schedules
from lrtune.answer import BASELINES, conclude
from lrtune.wire import JobRequest, Phase, Provenance, Trial, TrialState

REQUEST = JobRequest(task="simulated")
PROVENANCE = Provenance(
    task="simulated",
    task_version=1,
    task_digest="",
    params={},
    optimizer={},
    batch_size=1,
    epochs=1,
    steps_per_epoch=1,
    precision="",
    device="",
    versions={},
)


@dataclass(frozen=True)
class Held:
    """Shares of the intervals that hold the truth, and the winner's mean flattery in standard errors."""

    mean: float
    gain: float
    flattery: float


def coverage(jobs: int, seeds: int, finalists: int, gap: float, rng: np.random.Generator) -> Held:
    """The answer of many simulated confirmations.

    Seeds move all contenders alike by 1, each contender's own noise is 0.5; finalists' true means differ by
    0.1 (sd), the baselines are worse by ``gap``.
    """
    means, gains, flattery = [], [], []
    for _ in range(jobs):
        labels = [f"trial {i}" for i in range(finalists)] + list(BASELINES)
        truth = {
            label: 0.1 * rng.standard_normal() + (gap if label in BASELINES else 0.0) for label in labels
        }
        shared = rng.standard_normal(seeds)
        trials: list[Trial] = []
        for label in labels:
            for seed in range(seeds):
                value = truth[label] + shared[seed] + 0.5 * rng.standard_normal()
                trials.append(_trial(len(trials), label, seed, float(value)))
        answer = conclude(
            request=REQUEST,
            range_test=None,
            trials=trials,
            simplicity=schedules.simplicity,
            cost_full_runs=0.0,
            provenance=PROVENANCE,
        )
        chosen = next(c for c in (*answer.finalists, *answer.baselines) if c.gain == 0.0)
        default = next(c for c in answer.baselines if c.name == "default")
        means.append(answer.metric.low <= truth[chosen.name] <= answer.metric.high)
        flattery.append((truth[chosen.name] - answer.metric.mean) / ((1 + 0.25) / seeds) ** 0.5)
        if default.name != chosen.name and default.gain_low is not None and default.gain_high is not None:
            gains.append(default.gain_low <= truth["default"] - truth[chosen.name] <= default.gain_high)
    return Held(float(np.mean(means)), float(np.mean(gains)), float(np.mean(flattery)))


def _trial(number: int, label: str, seed: int, value: float) -> Trial:
    return Trial(
        number=number,
        phase=Phase.CONFIRM,
        state=TrialState.COMPLETE,
        schedule="cosine",
        initial_lr=0.01 * (1 + number),
        seed=seed,
        epochs=1,
        label=label,
        value=value,
    )
