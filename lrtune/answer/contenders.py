"""The confirmation: every contender on the same fresh seeds, compared in pairs."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from lrtune.answer.baselines import DEFAULT, baseline
from lrtune.answer.estimate import Mean, mean
from lrtune.wire import Contender, Phase, Setting, Trial, TrialState


class NoAnswer(Exception):  # noqa: N818 (it is a result of a job, not a fault of a program)
    """No contender finished on every seed: ``detail`` says what happened, ``remedy`` what to try."""

    def __init__(self, detail: str, remedy: str) -> None:
        super().__init__(f"{detail} {remedy}")
        self.detail = detail
        self.remedy = remedy


@dataclass(frozen=True)
class Entry:
    """One contender: its label, its setting, and its value on each confirm seed (None: it diverged)."""

    label: str
    setting: Setting
    values: dict[int, float | None]

    @property
    def baseline(self) -> bool:
        return baseline(self.label)

    @property
    def diverged(self) -> int:
        return sum(value is None for value in self.values.values())

    def mean(self) -> Mean:
        return mean([value for value in self.values.values() if value is not None])


def entries(trials: Sequence[Trial]) -> list[Entry]:
    """The contenders of a job, in the order of their first trial.

    Args:
        trials: Trials of any phase; the final ones of the confirm phase count, grouped by their label.
    """
    found: dict[str, Entry] = {}
    for trial in sorted(trials, key=lambda t: t.number):
        if trial.phase is not Phase.CONFIRM or not trial.state.final:
            continue
        label = trial.label or f"trial {trial.number}"
        entry = found.setdefault(label, Entry(label, trial.setting, {}))
        good = trial.state is TrialState.COMPLETE and trial.value is not None and math.isfinite(trial.value)
        entry.values[trial.seed] = trial.value if good else None
    return list(found.values())


def paired(better: Entry, worse: Entry, sign: float) -> Mean | None:
    """By how much ``better`` is ahead on the seeds that both finished; None if a seed of either diverged.

    Args:
        sign: 1 when a small value is good, -1 when a large one is.
    """
    if better.diverged or worse.diverged:
        return None
    seeds = sorted(set(better.values) & set(worse.values))
    pairs = [(better.values[seed], worse.values[seed]) for seed in seeds]
    differences = [sign * (b - a) for a, b in pairs if a is not None and b is not None]
    return mean(differences) if differences else None


def winner(found: Sequence[Entry], sign: float, simplicity: Callable[[str], int]) -> Entry:
    """The one-standard-error rule (Breiman et al. 1984) on paired differences.

    Of the contenders that finished on every seed, the best mean is the mark; among those whose paired
    difference to it is at most one standard error of that difference, the simplest schedule wins; at equal
    simplicity the optimizer's default (nothing to set), then the better mean.

    Raises:
        NoAnswer: Every contender diverged on some seed.
    """
    whole = [entry for entry in found if entry.values and not entry.diverged]
    if not whole:
        raise NoAnswer(
            "Every contender diverged on at least one of the fresh seeds.",
            "Clip gradients, warm up, or search smaller learning rates.",
        )
    best = min(whole, key=lambda entry: sign * entry.mean().mean)
    near = [entry for entry in whole if entry is best or _within_one_error(best, entry, sign)]
    return min(
        near,
        key=lambda entry: (
            simplicity(entry.setting.schedule),
            entry.label != DEFAULT,
            sign * entry.mean().mean,
        ),
    )


def _within_one_error(best: Entry, other: Entry, sign: float) -> bool:
    behind = paired(best, other, sign)
    return behind is not None and behind.mean <= behind.error


def contender(entry: Entry, chosen: Entry, sign: float) -> Contender:
    """An entry as the answer shows it."""
    if entry.diverged or not entry.values:
        return Contender(
            name=entry.label, setting=entry.setting, mean=None, low=None, high=None, diverged=entry.diverged
        )
    own = entry.mean()
    gain = paired(chosen, entry, sign)
    return Contender(
        name=entry.label,
        setting=entry.setting,
        mean=own.mean,
        low=own.low,
        high=own.high,
        gain=gain.mean if gain else None,
        gain_low=gain.low if gain else None,
        gain_high=gain.high if gain else None,
    )
